"""What holds the critic and what it maximises, against loops written out by hand in float64."""

import copy
import dataclasses
import math
from collections.abc import Callable, Iterator

import pytest
import torch
from stubs import TINY, TINY_IMAGES
from torch import Tensor, nn
from torch.nn import functional

from ganlab.config import TrainConfig
from ganlab.data.dataset import Dataset, endless
from ganlab.gan.constraints import GradientPenalty
from ganlab.gan.training import Trainer

STEPS = 20
SMALL = dataclasses.replace(TINY, n_critic=1, steps=STEPS, clip_range=(-0.2, 0.1), critic_lr=1e-3, generator_lr=1e-3)
IMAGES = dataclasses.replace(
    TINY_IMAGES, n_critic=1, clip_range=(-0.05, 0.04), critic_lr=1e-3, generator_lr=1e-3, batch_size=4, width=2
)


@pytest.fixture(autouse=True)
def _float64() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def noise(config: TrainConfig) -> Dataset:
    return endless(lambda n, rng: torch.randn(n, *config.shape, generator=rng))


class Hand:
    """Algorithm 1 written out with plain tensors: no optimiser, constraint or parametrisation of the project."""

    def __init__(self, trainer: Trainer) -> None:
        self.config, self.data = trainer.config, trainer.dataset
        self.rng = torch.Generator()
        self.rng.set_state(trainer.rng.get_state())
        self.generator = copy.deepcopy(trainer.generator)
        self.critic = copy.deepcopy(trainer.critic)
        self.means: dict[nn.Parameter, list[Tensor]] = {}
        self.made = 0

    def draw(self) -> tuple[Tensor, Tensor]:
        real = self.data.sample(self.config.batch_size, self.rng)
        return real, self.latents()

    def latents(self) -> Tensor:
        return torch.randn(self.config.batch_size, self.config.latent_dim, generator=self.rng)

    def critic_loss(self, real: Tensor, fake: Tensor) -> Tensor:
        a, b = self.critic(real), self.critic(fake)
        if self.config.objective == "hinge":
            loss = (1 - a).clamp(min=0).mean() + (1 + b).clamp(min=0).mean()
        elif self.config.objective == "non-saturating":
            loss = -functional.logsigmoid(a).mean() - functional.logsigmoid(-b).mean()
        else:
            loss = b.mean() - a.mean()
        return loss

    def penalty(self, real: Tensor, fake: Tensor) -> Tensor | float:
        if self.config.constraint != "gradient-penalty":
            return 0.0
        t = torch.rand(len(real), *[1] * (real.dim() - 1), generator=self.rng)
        total = 0.0
        for i in range(len(real)):  # one sample at a time
            point = ((1 - t[i]) * real[i] + t[i] * fake[i]).unsqueeze(0).requires_grad_()
            (slope,) = torch.autograd.grad(self.critic(point).squeeze(), point, create_graph=True)
            total = total + (slope.pow(2).sum().sqrt() - 1) ** 2
        return self.config.penalty * total / len(real)

    def generator_loss(self, fake: Tensor) -> Tensor:
        scores = self.critic(fake)
        if self.config.objective == "non-saturating":
            return -functional.logsigmoid(scores).mean()
        return -scores.mean()

    def clamp(self) -> None:
        low, high = self.config.clip_range
        layers = dict(self.critic.named_modules())
        for name, parameter in self.critic.named_parameters():
            layer, kind = layers[name.rsplit(".", 1)[0]], name.rsplit(".", 1)[1]
            of_norm = "norm" in name
            if (self.config.clip_scope, kind) == ("weights", "bias") or (
                self.config.clip_scope == "no-norm" and of_norm
            ):
                continue
            inputs = 1 if of_norm else math.prod(layer.weight.shape[1:])
            factor = 1.0
            if not of_norm:
                factor = {"same": 1.0, "fan-in": inputs**-0.5, "gain": (2 / inputs) ** 0.5}[self.config.clip_scale]
            with torch.no_grad():
                parameter.copy_(
                    torch.minimum(torch.maximum(parameter, torch.tensor(low * factor)), torch.tensor(high * factor))
                )

    def down(self, network: nn.Module, loss: Tensor, rate: float) -> None:
        parameters = list(network.parameters())
        for p, g in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
            state = self.means.setdefault(p, [torch.zeros_like(g), torch.zeros_like(g), 0])
            state[2] += 1
            with torch.no_grad():
                if self.config.optimizer == "adam":
                    b1, b2 = self.config.beta1, self.config.beta2
                    state[0] = b1 * state[0] + (1 - b1) * g
                    state[1] = b2 * state[1] + (1 - b2) * g * g
                    m, v = state[0] / (1 - b1 ** state[2]), state[1] / (1 - b2 ** state[2])
                    p -= rate * m / (v.sqrt() + 1e-8)
                else:
                    state[0] = 0.99 * state[0] + 0.01 * g * g
                    p -= rate * g / (state[0].sqrt() + 1e-8)

    def step(self) -> None:
        clips = self.config.constraint == "clip"
        if clips and self.config.clip_order == "before":
            self.clamp()
        real, latents = self.draw()
        fake = self.generator(latents).detach()
        loss = self.critic_loss(real, fake)
        self.down(self.critic, loss + self.penalty(real, fake), self.config.critic_lr)
        if clips and self.config.clip_order == "after":
            self.clamp()
        self.down(self.generator, self.generator_loss(self.generator(self.latents())), self.config.generator_lr)


class HandNormed(Hand):
    """With spectral norm by hand: u and v are this class's own, and the weights it trains are plain tensors."""

    def __init__(self, trainer: Trainer) -> None:
        super().__init__(trainer)
        self.layers = [layer for layer in self.critic.children() if isinstance(layer, nn.Linear)]
        self.weights = [layer.parametrizations.weight.original for layer in self.layers]
        self.vectors = [[v.clone() for v in layer.buffers()] for layer in self.layers]
        plain = trainer.config
        self.critic = HandCritic(self)
        assert plain.has_spectral_norm


class HandCritic(nn.Module):
    def __init__(self, hand: HandNormed) -> None:
        super().__init__()
        self.hand = [hand]
        self.biases = nn.ParameterList([layer.bias for layer in hand.layers])
        self.weights = nn.ParameterList(hand.weights)

    def forward(self, x: Tensor) -> Tensor:
        (hand,) = self.hand
        for i, (weight, bias) in enumerate(zip(self.weights, self.biases, strict=True)):
            u, v = hand.vectors[i]
            with torch.no_grad():
                u = weight @ v / (weight @ v).norm()
                v = weight.T @ u / (weight.T @ u).norm()
            hand.vectors[i] = [u, v]
            x = x @ (weight / (u @ weight @ v)).T + bias
            x = x.clamp(min=0) if i + 1 < len(self.weights) else x
        return x


def assert_alike(config: TrainConfig, hand: Callable[[Trainer], Hand] = Hand) -> Trainer:
    """Train by the project and by hand, and compare all weights."""
    trainer = Trainer(config, noise(config))
    mine = hand(trainer)
    first = [p.clone() for p in trainer.critic.parameters()]
    for _ in range(STEPS):
        trainer.step()
        mine.step()
    assert not any(torch.equal(a, b) for a, b in zip(first, trainer.critic.parameters(), strict=True) if a.dim() > 1)
    for ours, theirs in ((trainer.generator, mine.generator), (trainer.critic, mine.critic)):
        by_size = [sorted((tuple(p.shape), p.sum().item(), p) for p in net.parameters()) for net in (ours, theirs)]
        for (_, _, a), (_, _, b) in zip(*by_size, strict=True):
            assert (a - b).abs().max() < 1e-10
    return trainer


@pytest.mark.parametrize("order", ["after", "before"])
@pytest.mark.parametrize("scope", ["all", "weights", "no-norm"])
@pytest.mark.parametrize("scale", ["same", "fan-in", "gain"])
def test_every_clamp_against_a_loop_by_hand(order: str, scope: str, scale: str) -> None:
    wide = {"same": 1, "fan-in": 5, "gain": 3}[scale]
    clip_range = tuple(wide * bound for bound in IMAGES.clip_range)
    config = dataclasses.replace(
        IMAGES, clip_order=order, clip_scope=scope, clip_scale=scale, clip_range=clip_range, critic_norm="layer"
    )
    trainer = assert_alike(config)
    assert 0 < trainer.newest_clip.clamped_share < 1


@pytest.mark.parametrize("objective", ["wasserstein", "non-saturating", "hinge"])
@pytest.mark.parametrize("constraint", ["clip", "gradient-penalty", "spectral-norm", "none"])
def test_every_constraint_and_objective_against_a_loop_by_hand(constraint: str, objective: str) -> None:
    config = dataclasses.replace(SMALL, depth=2, constraint=constraint, objective=objective, penalty=3.0)
    assert_alike(config, HandNormed if constraint == "spectral-norm" else Hand)


@pytest.mark.parametrize("critic_norm", ["layer", "none"])
def test_the_penalty_of_images_against_a_loop_by_hand(critic_norm: str) -> None:
    adam = {"optimizer": "adam", "beta1": 0.1, "beta2": 0.9}
    assert_alike(dataclasses.replace(IMAGES, constraint="gradient-penalty", critic_norm=critic_norm, **adam))


def test_the_penalty_of_a_linear_critic_is_known() -> None:
    """Its slope is |w| everywhere: penalty * (|w| - 1)^2, with the gradient 2 penalty (|w| - 1) w / |w|."""
    critic = nn.Sequential(nn.Flatten(), nn.Linear(12, 1))
    real, fake = torch.randn(2, 5, 3, 2, 2)
    term = GradientPenalty(dataclasses.replace(SMALL, penalty=7.0)).term(critic, real, fake, torch.Generator())
    w = critic[1].weight.detach()
    assert term.item() == pytest.approx(7 * (w.norm().item() - 1) ** 2, abs=1e-12)
    term.backward()
    assert torch.allclose(critic[1].weight.grad, 14 * (w.norm() - 1) * w / w.norm(), atol=1e-12)


def top(weight: Tensor) -> tuple[Tensor, Tensor]:
    """The largest singular value's vectors, by a power iteration on W'W that starts elsewhere."""
    v = torch.ones(weight.shape[1])
    for _ in range(1000):
        v = weight.T @ (weight @ v)
        v = v / v.norm()
    u = weight @ v
    return u / u.norm(), v


@pytest.mark.parametrize("config", [SMALL, IMAGES], ids=["points", "images"])
def test_spectral_norm_divides_by_the_largest_singular_value(config: TrainConfig) -> None:
    config = dataclasses.replace(config, constraint="spectral-norm", critic_norm="none")
    trainer = Trainer(config, noise(config))
    for _ in range(3):
        trainer.step()
    for _ in range(500):  # weights that stay: the iteration of every forward pass reaches the largest
        trainer.critic(trainer.dataset.held_out[:1])
    weights = dict(trainer.critic_weights())
    for name, layer in trainer.critic.named_children():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            original = layer.parametrizations.weight.original.detach().flatten(1)
            u, v = top(original)
            expected = original / (u @ original @ v)
            assert torch.allclose(weights[f"{name}.weight"].flatten(1), expected, atol=1e-6)
            assert torch.linalg.matrix_norm(expected, ord=2).item() == pytest.approx(1, abs=1e-6)


def test_spectral_norm_begins_from_the_runs_own_random_numbers() -> None:
    config = dataclasses.replace(SMALL, constraint="spectral-norm")
    torch.manual_seed(1)
    first = Trainer(config).critic.state_dict()
    torch.manual_seed(2)
    again = Trainer(config).critic.state_dict()
    other = Trainer(dataclasses.replace(config, seed=1)).critic.state_dict()
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["linear1.parametrizations.weight.0._u"], other["linear1.parametrizations.weight.0._u"])


def test_looking_at_the_weights_does_not_iterate_spectral_norm() -> None:
    trainer = Trainer(dataclasses.replace(SMALL, constraint="spectral-norm"))
    trainer.step()
    before = copy.deepcopy(trainer.critic.state_dict())
    named = trainer.critic_weights()
    assert [name for name, _ in named] == ["linear1.weight", "linear1.bias", "linear2.weight", "linear2.bias"]
    assert all(torch.equal(before[name], tensor) for name, tensor in trainer.critic.state_dict().items())
    assert trainer.critic.training
