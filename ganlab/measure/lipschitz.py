"""How steep a critic can be, by the operator norms of its layers, and how steep it is, by gradients at its inputs.

All norms are Euclidean, and every layer acts as in eval mode: in train mode batch norm mixes the points of a batch,
so the network is not a function of one point.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.grad import conv2d_input

from ganlab.measure.layers import named_layers
from ganlab.measure.subject import Columns, Subject, Unmeasurable

STREAM = 2
SLOPES_AT = 128  # points of each kind; gradients at images are the most expensive part
TOLERANCE = 1e-3  # how far above the true norm the norm of a convolution may be, relative
BLOCK = 16  # vectors in the power iteration; with one it converges far more slowly
MOST_ROUNDS = 1000
_STRETCH = {nn.ReLU: 1.0, nn.Tanh: 1.0, nn.Sigmoid: 0.25, nn.Flatten: 1.0, nn.Unflatten: 1.0}


class Lipschitz(NamedTuple):
    """How steep the critic can be, and the largest norm of its gradient at points of each kind; in eval mode."""

    factors: dict[str, float]  # by layer, the most it can stretch a distance; NaN for layer norm
    real: float
    fake: float
    between: float  # at points between a real and a generated one
    refusal: str = ""  # why there is no product

    @property
    def largest(self) -> float:
        return max(self.real, self.fake, self.between)

    @property
    def product(self) -> float:
        """The scores of two points never differ by more than this times their distance; NaN without such a bound."""
        return math.nan if self.refusal else math.prod(self.factors.values())


COLUMNS: Columns[Lipschitz] = {
    "lipschitz_product": lambda result: result.product,
    "largest_gradient": lambda result: result.largest,
    "largest_gradient_real": lambda result: result.real,
    "largest_gradient_fake": lambda result: result.fake,
    "largest_gradient_between": lambda result: result.between,
}


def measure(subject: Subject) -> Lipschitz:
    """The factors of the critic's layers, and its steepest slopes at 128 points of each kind."""
    rng, factors, refusal = subject.rng(STREAM), dict[str, float](), ""
    try:
        factors = lipschitz_factors(subject.critic, subject.dataset.shape, rng)
    except Unmeasurable as why:
        refusal = f"No bound is known. {why}"
    if any(math.isnan(factor) for factor in factors.values()):
        refusal = "Layer norm has no useful bound."
    slopes = steepness(subject.critic, subject.held_out[:SLOPES_AT], subject.fake[:SLOPES_AT], rng)
    return Lipschitz(factors, *slopes, refusal=refusal)


def lipschitz_factors(
    model: nn.Module, shape: tuple[int, ...] = (), rng: torch.Generator | None = None
) -> dict[str, float]:
    """By layer, the most it can stretch a distance.

    Their product bounds the slope of the model: Miyato et al. 2018 (arXiv 1802.05957), section 2.1. A convolution
    needs the `shape` (c, h, w) of the model's input, and `rng` for the start of its power iteration; its factor is at
    most TOLERANCE above the true norm and not below it. Layer norm divides by the spread of its input: its only bound,
    1 / sqrt(eps), is of no use, so NaN. Raises Unmeasurable unless the model is a plain Sequential of known layers, and
    ValueError for a convolution without `rng`.
    """
    return {name: _factor(layer, size, rng) for name, layer, size in with_sizes(model, shape)}


def with_sizes(model: nn.Module, shape: tuple[int, ...]) -> list[tuple[str, nn.Module, tuple[int, ...]]]:
    """(name, layer, shape of one of its inputs) of each layer; `shape` is that of the model's input.

    Raises Unmeasurable unless the model is a plain Sequential of known layers.
    """
    layers = []
    for name, layer in named_layers(model):
        layers.append((name, layer, shape))
        if shape and isinstance(layer, nn.Conv2d | nn.Flatten | nn.Unflatten | nn.Linear):
            with torch.no_grad():
                shape = tuple(layer(next(model.parameters()).new_zeros(1, *shape)).shape[1:])
    return layers


@torch.no_grad()
def _factor(layer: nn.Module, shape: tuple[int, ...], rng: torch.Generator | None) -> float:
    if isinstance(layer, nn.Linear):
        return torch.linalg.matrix_norm(layer.weight, ord=2).item()
    if isinstance(layer, nn.Conv2d):
        if rng is None:
            raise ValueError("lipschitz_factors needs a random generator for a convolution: pass `rng`.")
        return operator_norm(layer, shape, rng) * (1 + TOLERANCE)  # the iteration approaches from below
    if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d) and layer.running_var is not None:
        return (layer.weight.abs() / (layer.running_var + layer.eps).sqrt()).max().item()
    if isinstance(layer, nn.GroupNorm | nn.LayerNorm):
        return math.nan
    if isinstance(layer, nn.LeakyReLU):
        return max(1.0, abs(layer.negative_slope))
    return _STRETCH[type(layer)]


@torch.no_grad()
def operator_norm(conv: nn.Conv2d, shape: tuple[int, ...], rng: torch.Generator) -> float:
    """The largest singular value of a convolution of inputs `shape` (c, h, w), with its stride and padding.

    Block power iteration, started from N(0, 1) of `rng`; at most TOLERANCE below the true value, relative. (The norm
    of the reshaped kernel is a different number, up to 4 times smaller.) Raises ValueError for padding with anything
    but zeros.
    """
    inputs = (min(BLOCK, math.prod(shape)), *shape)
    vectors = torch.randn(inputs, generator=rng).to(conv.weight)
    norm = 0.0
    for rounds in range(1, MOST_ROUNDS + 1):
        vectors = torch.linalg.qr(vectors.flatten(1).T).Q.T.reshape(inputs)
        images = convolved(conv, vectors)
        flat = images.flatten(1).double()
        before, norm = norm, torch.linalg.eigvalsh(flat @ flat.T)[-1].clamp(min=0).sqrt().item()
        # The remaining error is many times the last gain: the more, the longer the iteration takes, because singular
        # values of large images lie close together. Stopped so, it was at most half the tolerance, for weights of all
        # layers from 16 to 128 pixels; at a hundredth of it in every round, up to the tolerance at 128.
        if norm - before <= TOLERANCE / max(100, 2 * rounds) * norm:
            break
        vectors = conv2d_input(inputs, conv.weight, images, conv.stride, conv.padding, conv.dilation, conv.groups)
    return norm


def convolved(conv: nn.Conv2d, images: Tensor) -> Tensor:
    """The convolution of images [n, c, h, w] without its bias, which stretches nothing."""
    if conv.padding_mode != "zeros":
        raise ValueError(f"The norm of a convolution with {conv.padding_mode} padding is unknown: pad with zeros.")
    return functional.conv2d(images, conv.weight, None, conv.stride, conv.padding, conv.dilation, conv.groups)


def steepness(critic: nn.Module, real: Tensor, fake: Tensor, rng: torch.Generator) -> tuple[float, float, float]:
    """The largest gradient norms at real points, at fake points [n, ...], and at one random point between each pair.

    `rng` draws the points between: Gulrajani et al. 2017 (arXiv 1704.00028), section 4. The critic must be in eval
    mode. Each norm is a lower bound of the critic's Lipschitz constant.
    """
    where = torch.rand(len(real), *[1] * (real.dim() - 1), generator=rng).to(real)
    between = real + where * (fake - real)
    norms = input_gradients(critic, torch.cat([real, fake, between])).flatten(1).double().norm(dim=1)  # [3 n]
    at_real, at_fake, at_between = (part.max().item() for part in norms.split(len(real)))
    return at_real, at_fake, at_between


def input_gradients(critic: nn.Module, points: Tensor) -> Tensor:
    """d critic(x) / dx at each of the points [n, ...]; the critic must be in eval mode."""
    points = points.detach().clone().requires_grad_()
    return torch.autograd.grad(critic(points).sum(), points)[0]
