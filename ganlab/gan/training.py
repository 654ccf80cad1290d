"""The algorithm: a WGAN, update by update.

Knows no thread, no clock, no screen and no file.
"""

import copy
import math
from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from ganlab.config import WARM_UP_UPDATES, TrainConfig, WatchedConfig
from ganlab.data import datasets
from ganlab.data.dataset import Dataset
from ganlab.gan import constraints, networks
from ganlab.gan.clipping import ClipReport, Layers, layers_of, unclamped
from ganlab.gan.objectives import OBJECTIVES, estimate

LIMIT_WEIGHTS = 50_000_000
# What an optimiser keeps for each parameter, in the parameter's shape, beside a number `step`.
OPTIMIZER_STATE = {"rmsprop": ("square_avg",), "adam": ("exp_avg", "exp_avg_sq")}
Value = TypeVar("Value")


def copied(network: nn.Sequential) -> nn.Sequential:
    """A detached copy on the CPU, in eval mode."""
    return copy.deepcopy(network).cpu().eval().requires_grad_(False)


class Trainer:
    """A generator, a critic and the methods that train them.

    All random numbers come from two streams: `rng` for training, `looking_rng` for display and measurement, which
    therefore never change a run. `config` may be replaced between updates (see `config.LIVE_FIELDS`). Making a trainer
    also sets the calling thread's number of torch threads: results and speed depend on it.
    """

    def __init__(self, config: TrainConfig, dataset: Dataset | None = None) -> None:
        set_up_torch(config.threads)
        self.config = config
        self.dataset = dataset or datasets.load(config)
        self.device = device_of(config)
        self.rng = torch.Generator().manual_seed(config.seed)
        self.looking_rng = looking_rng(config)
        self.generator, self.critic = initial(config, self.rng)
        for layer in self.generator.children():
            if isinstance(layer, networks.RealPlusNoise):
                layer.real.copy_(self.dataset.sample(len(layer.real), self.rng))
        self.generator_optimizer = _optimizer(config, self.generator.to(self.device))
        self.critic_optimizer = _optimizer(config, self.critic.to(self.device))
        self.fixed_latents = fixed_latents(config, self.looking_rng)
        self.step_count = self.critic_step = 0
        self.newest_clip: ClipReport | None = None

    def critic_update(self) -> tuple[float, float, ClipReport | None]:
        """Algorithm 1 of Arjovsky et al. 2017 (arXiv 1701.07875), lines 3 to 7; or as the settings change it.

        Returns the critic's loss, its estimate E critic(real) - E critic(fake), and what the clamp did, if any.
        """
        config, objective, constraint = self.config, OBJECTIVES[self.config.objective], constraints.of(self.config)
        real = self.dataset.sample(config.batch_size, self.rng).to(self.device)  # line 3: fresh real samples
        latents = self._latents()  # line 4: fresh latents
        with torch.no_grad():
            fake = self.generator(latents)
        self.newest_clip = None  # as large as the critic, twice: not to be kept beside the new one
        clamped_before = constraint.act(self.critic, "before")  # not by default
        # line 5: the critic maximises E critic(real) - E critic(fake), so it minimises the negative
        real_scores, fake_scores = self.critic(real), self.critic(fake)
        critic_loss = objective.critic_loss(real_scores, fake_scores)
        critic_loss = critic_loss + constraint.term(self.critic, real, fake, self.rng)  # by default 0
        self.critic_optimizer.zero_grad()
        critic_loss.backward()
        loss = self._finite("critic", critic_loss)
        _step(self.critic_optimizer, config.critic_lr)  # line 6: RMSprop
        # line 7: w <- clip(w, low, high), every parameter of the critic, batch norm included
        self.newest_clip = constraint.act(self.critic, "after") or clamped_before
        self.critic_step += 1
        return loss, estimate(real_scores.detach(), fake_scores.detach()).item(), self.newest_clip

    def generator_update(self) -> float:
        """Lines 9 to 11: one step down -E critic(fake), with the critic's weights frozen. Returns that loss."""
        self.critic.requires_grad_(False)
        fake_scores = self.critic(self.generator(self._latents()))
        generator_loss = OBJECTIVES[self.config.objective].generator_loss(fake_scores)
        if generator_loss.requires_grad:  # not that of a fixed generator
            self.generator_optimizer.zero_grad()
            generator_loss.backward()
        loss = self._finite("generator", generator_loss)
        _step(self.generator_optimizer, self.config.generator_lr)
        self.critic.requires_grad_(True)
        return loss

    def step(self, before_update: Callable[[], None] = lambda: None) -> tuple[dict[str, float], ClipReport]:
        """Algorithm 1, lines 1 to 12: n_critic critic updates, then one generator update.

        `before_update` is called before every critic update; what it changes in `config` acts from there, n_critic
        from the next step unless it is the step's first. Returns the step's metrics, NaN for those of a clamp if there
        was none, and the report of its last critic update. Raises FloatingPointError, naming the step, if a loss is not
        finite.
        """
        before_update()
        n_critic = WARM_UP_UPDATES if self.step_count < self.config.warm_up else self.config.n_critic
        critic_loss, critic_estimate, _ = self.critic_update()
        for _ in range(n_critic - 1):
            before_update()
            critic_loss, critic_estimate, _ = self.critic_update()
        clip = self.newest_clip or unclamped(self.critic_weights())
        generator_loss = self.generator_update()
        self.step_count += 1
        low, high = clip.clip_range or (math.nan, math.nan)
        row = {
            "step": self.step_count,
            "critic_step": self.critic_step,
            "critic_estimate": critic_estimate,
            "critic_loss": critic_loss,
            "generator_loss": generator_loss,
            "clip_low": low,
            "clip_high": high,
            "clamped_share": clip.clamped_share,
            "at_bound_share": clip.at_bound_share,
        }
        return row, clip

    def critic_weights(self) -> list[tuple[str, Tensor]]:
        """The critic's parameters as it uses them, named as in torch; looking does not iterate spectral norm."""
        self.critic.eval()
        named = networks.named_weights(self.critic)
        self.critic.train()
        return named

    def copies(self) -> tuple[nn.Sequential, nn.Sequential]:
        """Detached copies of generator and critic on the CPU, in eval mode; training never touches them."""
        return copied(self.generator), copied(self.critic)

    def state(self) -> dict[str, Tensor]:
        """Everything needed to resume, copied to the CPU; `state_kinds` says what is in it."""
        tensors = {"rng": self.rng.get_state(), "looking_rng": self.looking_rng.get_state()}
        for name, network, optimizer in self._halves():
            tensors |= {f"{name}.{key}": tensor for key, tensor in network.state_dict().items()}
            for key, parameter in network.named_parameters():
                tensors |= {f"{name}_optimizer.{key}.{k}": v for k, v in optimizer.state[parameter].items()}
        return {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in tensors.items()}

    def load_state(self, tensors: dict[str, Tensor], step_count: int, critic_step: int) -> None:
        """Resume from what `state` gave for these settings: on a CPU bit for bit as if never interrupted."""
        for name, network, optimizer in self._halves():
            network.load_state_dict(below(tensors, name))
            optimizer_state = below(tensors, f"{name}_optimizer")
            for key, parameter in network.named_parameters():
                optimizer.state[parameter] = {
                    # `step` stays on the CPU, as in torch; the others get the memory layout of their parameter.
                    k: v.clone() if v.dim() == 0 else torch.empty_like(parameter, requires_grad=False).copy_(v)
                    for k, v in below(optimizer_state, key).items()
                }
        self.rng.set_state(tensors["rng"])
        self.looking_rng.set_state(tensors["looking_rng"])
        self.step_count, self.critic_step = step_count, critic_step

    def _halves(self) -> tuple[tuple[str, nn.Module, torch.optim.Optimizer], ...]:
        return (("generator", self.generator, self.generator_optimizer), ("critic", self.critic, self.critic_optimizer))

    def _latents(self) -> Tensor:
        return torch.randn(self.config.batch_size, self.config.latent_dim, generator=self.rng).to(self.device)

    def _finite(self, whose: str, loss: Tensor) -> float:
        value, step = loss.item(), self.step_count + 1
        if not math.isfinite(value):
            raise FloatingPointError(f"Stopped at step {step:,}: the {whose}'s loss is not finite ({value}).")
        return value


def state_kinds(config: TrainConfig, shape: tuple[int, ...]) -> dict[str, tuple[torch.dtype, tuple[int, ...]]]:
    """Data type and shape of each tensor of `Trainer.state` after a step, for samples of that shape; uses no memory.

    Raises ValueError for settings that no trainer can have.
    """
    fits = shape == (2,) if config.kind == "point" else shape in [(c, *[config.image_size] * 2) for c in (1, 3)]
    if not fits:
        raise ValueError(f"{config.dataset} has no samples of shape {shape}.")
    states = torch.Generator().get_state()
    kinds = {name: (states.dtype, tuple(states.shape)) for name in ("rng", "looking_rng")}
    for name, network in zip(("generator", "critic"), without_memory(config, shape), strict=True):
        kinds |= {f"{name}.{key}": (t.dtype, tuple(t.shape)) for key, t in network.state_dict().items()}
        for key, parameter in network.named_parameters():
            kinds[f"{name}_optimizer.{key}.step"] = (torch.float32, ())
            for k in OPTIMIZER_STATE[config.optimizer]:
                kinds[f"{name}_optimizer.{key}.{k}"] = (parameter.dtype, tuple(parameter.shape))
    return kinds


def check_finite(tensors: dict[str, Tensor]) -> None:
    """Raises ValueError for a network's tensors if one holds NaN or infinity."""
    if not all(tensor.isfinite().all() for tensor in tensors.values()):
        raise ValueError("its weights are not all finite")


def check_rng(tensors: dict[str, Tensor]) -> None:
    """Raises ValueError for a state of a random generator that torch refuses."""
    try:
        for name in ("rng", "looking_rng"):
            torch.Generator().set_state(tensors[name])
    except RuntimeError:
        raise ValueError("its RNG state is invalid") from None


def network_of(name: str, config: TrainConfig, shape: tuple[int, ...], tensors: dict[str, Tensor]) -> nn.Sequential:
    """The `generator` or the `critic` from what `Trainer.state` gave, on the CPU, in eval mode."""
    network = dict(zip(("generator", "critic"), build(config, shape), strict=True))[name]
    network.load_state_dict(below(tensors, name))
    return network.eval().requires_grad_(False)


def below(tensors: dict[str, Value], name: str) -> dict[str, Value]:
    """The tensors, or their kinds, whose name begins with `name.`, by the rest of their name."""
    return {key.removeprefix(f"{name}."): value for key, value in tensors.items() if key.startswith(f"{name}.")}


def rng_of(*words: int) -> torch.Generator:
    """A generator seeded by NumPy's SeedSequence of these numbers: streams of different words are independent."""
    return torch.Generator().manual_seed(int(np.random.SeedSequence(words).generate_state(1, np.uint64)[0]))


def looking_rng(config: TrainConfig) -> torch.Generator:
    """The random stream for display and measurement, never for training.

    If it started like the training stream, fixed latents and first weights would be the same draws: in MLP runs they
    correlated, r down to -0.39. Runs from before version 0.2 keep theirs, and so their fixed latents.
    """
    if config.looking_seed == "same":
        return torch.Generator().manual_seed(config.seed)
    return rng_of(config.seed, 1)


def fixed_latents(config: TrainConfig, rng: torch.Generator | None = None) -> Tensor:
    """The latents of every sample sheet of a run: float32 [100 or 512, latent_dim], the first draws of `rng`."""
    return torch.randn(fixed_count(config), config.latent_dim, generator=rng or looking_rng(config))


def fixed_count(config: TrainConfig) -> int:
    """How many fixed latents a run has."""
    return 100 if config.kind == "image" else 512


def device_of(config: TrainConfig) -> torch.device:
    """Where the run's networks live. Raises ValueError if the config wants an accelerator and there is none."""
    accelerator = torch.accelerator.current_accelerator(check_available=True)
    if config.device == "accelerator" and accelerator is None:
        raise ValueError("This computer has no accelerator that torch can use; set device to auto or cpu.")
    # 2-D runs are so small that a CPU is faster.
    wanted = config.device == "accelerator" or (config.device == "auto" and config.kind == "image")
    return accelerator if accelerator and wanted else torch.device("cpu")


def initial(config: TrainConfig, rng: torch.Generator | None = None) -> tuple[nn.Sequential, nn.Sequential]:
    """Generator and critic as a run with these settings starts them, drawn from `rng`, by default one of the seed.

    Raises ValueError for networks that are too large.
    """
    rng = rng or torch.Generator().manual_seed(config.seed)
    without_memory(config, config.shape)
    generator, critic = build(config, config.shape)
    return networks.init_(generator, rng), networks.init_(critic, rng)


@lru_cache(maxsize=64)
def critic_layers(config: TrainConfig) -> Layers:
    """The name and shape of each of the critic's parameters. Raises ValueError for networks that are too large."""
    if isinstance(config, WatchedConfig):
        return config.layers
    _, critic = without_memory(config, config.shape)
    return layers_of(networks.named_weights(critic))


def without_memory(config: TrainConfig, shape: tuple[int, ...]) -> tuple[nn.Sequential, nn.Sequential]:
    """As `build`, in eval mode, but only shapes. Raises ValueError for networks that are too large."""
    with torch.device("meta"):
        both = build(config, shape)
    n = sum(p.numel() for network in both for p in network.parameters())
    if n > LIMIT_WEIGHTS:
        raise ValueError(f"These networks have {n:,} weights; at most {LIMIT_WEIGHTS:,} are allowed. Lower width.")
    return both[0].eval(), both[1].eval()


def _optimizer(config: TrainConfig, network: nn.Module) -> torch.optim.Optimizer:
    parameters = [{"params": list(network.parameters())}]  # a fixed generator has none
    if config.optimizer == "adam":
        return torch.optim.Adam(parameters, betas=(config.beta1, config.beta2))
    return torch.optim.RMSprop(parameters)


def _step(optimizer: torch.optim.Optimizer, learning_rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = learning_rate  # it may have changed since the last step
    optimizer.step()


def build(config: TrainConfig, shape: tuple[int, ...]) -> tuple[nn.Sequential, nn.Sequential]:
    """Generator [n, latent_dim] -> [n, *shape] and critic [n, *shape] -> [n, 1], before `init_`."""
    if config.network == "dcgan":
        channels, size, _ = shape
        generator = networks.dcgan_generator(config.latent_dim, channels, size, config.width)
        critic = networks.dcgan_critic(channels, size, config.width, config.critic_norm)
        generator, critic = (
            generator.to(memory_format=torch.channels_last),
            critic.to(memory_format=torch.channels_last),
        )
    else:
        generator = networks.mlp_generator(config.latent_dim, shape, config.width, config.depth)
        critic = networks.mlp_critic(shape, config.width, config.depth)
    if config.generator:
        generator = nn.Sequential(OrderedDict(fixed=networks.RealPlusNoise(config.noise_sd)))
    return generator, networks.spectrally_normalised(critic) if config.has_spectral_norm else critic


def set_up_torch(threads: int) -> None:
    """Set what results and speed of the calling thread depend on."""
    torch.set_num_threads(threads)
    torch.get_num_threads()  # makes it stick: otherwise a number that another thread sets before the first step counts
    torch.set_flush_denormal(True)  # vanishing gradients become denormal numbers, which are slow
