"""The algorithm: a WGAN, update by update.

Knows no thread, no clock, no screen and no file.
"""

import copy
import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from ganlab.config import WARM_UP_UPDATES, TrainConfig
from ganlab.data import datasets
from ganlab.data.dataset import Dataset
from ganlab.gan import constraints, networks
from ganlab.gan.building import device_of, initial
from ganlab.gan.clipping import ClipReport, unclamped
from ganlab.gan.objectives import OBJECTIVES, estimate
from ganlab.gan.state import below
from ganlab.gan.streams import fixed_latents, looking_rng


def copied(network: networks.Network) -> networks.Network:
    """A detached copy on the CPU, in eval mode."""
    return copy.deepcopy(network).cpu().eval().requires_grad_(False)


class Trainer:
    """A generator, a critic and the methods that train them.

    All random numbers come from two streams: `rng` for training, `looking_rng` for display and measurement, which
    therefore never change a run. `config` may be replaced between updates (see `holding.LIVE_FIELDS`). Making a trainer
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
        self.newest_clip = None  # as large as the critic: not to be kept beside the new one
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


def _optimizer(config: TrainConfig, network: nn.Module) -> torch.optim.Optimizer:
    parameters = [{"params": list(network.parameters())}]  # a fixed generator has none
    if config.optimizer == "adam":
        return torch.optim.Adam(parameters, betas=(config.beta1, config.beta2))
    return torch.optim.RMSprop(parameters)


def _step(optimizer: torch.optim.Optimizer, learning_rate: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = learning_rate  # it may have changed since the last step
    optimizer.step()


def set_up_torch(threads: int) -> None:
    """Set what results and speed of the calling thread depend on."""
    torch.set_num_threads(threads)
    torch.get_num_threads()  # makes it stick: otherwise a number that another thread sets before the first step counts
    torch.set_flush_denormal(True)  # vanishing gradients become denormal numbers, which are slow
