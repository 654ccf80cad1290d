"""How steep a network can be, and how steep it is: operator norms, singular values, gradients at its inputs.

Euclidean norms throughout, and every layer as it acts in eval mode: in train mode batch norm mixes the points of a
batch, and the network is no function of one point.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.grad import conv2d_input

from ganlab.measure.subject import LIPSCHITZ, Subject

KINDS = ("image", "point")
COLUMNS = (
    "lipschitz_product",
    "largest_gradient",
    "largest_gradient_real",
    "largest_gradient_fake",
    "largest_gradient_between",
)

SLOPES_AT = 128  # points of each kind: gradients of images are what costs most
TOLERANCE = 1e-3
"""How far above the true norm that of a convolution may be, relative."""
BLOCK = 16  # vectors that the power iteration follows at once: they end where one would still creep
MOST_ROUNDS = 1000
_STRETCH = {nn.ReLU: 1.0, nn.Tanh: 1.0, nn.Sigmoid: 0.25, nn.Flatten: 1.0, nn.Unflatten: 1.0}


class Steepness(NamedTuple):
    """The largest norm of the critic's gradient at its input, over points of each kind."""

    real: float
    fake: float
    between: float

    @property
    def largest(self) -> float:
        """Over all points."""
        return max(self)


class Lipschitz(NamedTuple):
    """How steep the critic can be, and how steep it is where the data is; in eval mode."""

    factors: dict[str, float]
    """By layer, how many times it can stretch a distance."""
    met: Steepness

    @property
    def product(self) -> float:
        """No two points have scores that differ by more than this times their distance."""
        return math.prod(self.factors.values())


def measure(subject: Subject) -> Lipschitz:
    """The factors of the critic's layers, and its steepest slopes at 128 points of each kind."""
    rng = subject.rng(LIPSCHITZ)
    factors = lipschitz_factors(subject.critic, subject.dataset.shape, rng)
    return Lipschitz(factors, steepness(subject.critic, subject.held_out[:SLOPES_AT], subject.fake[:SLOPES_AT], rng))


def row(result: Lipschitz) -> dict[str, float]:
    """The values of COLUMNS."""
    met = {f"largest_gradient_{kind}": value for kind, value in result.met._asdict().items()}
    return {"lipschitz_product": result.product, "largest_gradient": result.met.largest, **met}


def lipschitz_factors(
    model: nn.Sequential, shape: tuple[int, ...] = (), rng: torch.Generator | None = None
) -> dict[str, float]:
    """By layer, how many times it can stretch a distance at most.

    Their product bounds the slope of the whole: Miyato et al. 2018 (arXiv 1802.05957), section 2.1. A convolution
    needs the `shape` (c, h, w) of the model's input and takes its start from `rng`; its factor is at most TOLERANCE
    above the true one and not below it. TypeError for a layer that it does not know.
    """
    return {name: _factor(layer, size, rng) for name, layer, size in with_sizes(model, shape)}


def with_sizes(model: nn.Sequential, shape: tuple[int, ...]) -> list[tuple[str, nn.Module, tuple[int, ...]]]:
    """Each layer with its name and the shape of one of its inputs."""
    found = []
    for name, layer in model.named_children():
        found.append((name, layer, shape))
        if shape and isinstance(layer, nn.Conv2d | nn.Flatten | nn.Unflatten | nn.Linear):
            with torch.no_grad():
                shape = tuple(layer(next(model.parameters()).new_zeros(1, *shape)).shape[1:])
    return found


@torch.no_grad()
def _factor(layer: nn.Module, shape: tuple[int, ...], rng: torch.Generator | None) -> float:
    if isinstance(layer, nn.Linear):
        return torch.linalg.matrix_norm(layer.weight, ord=2).item()
    if isinstance(layer, nn.Conv2d):
        return operator_norm(layer, shape, rng) * (1 + TOLERANCE)  # the iteration comes from below
    if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
        return (layer.weight.abs() / (layer.running_var + layer.eps).sqrt()).max().item()
    if isinstance(layer, nn.LeakyReLU):
        return max(1.0, abs(layer.negative_slope))
    if type(layer) in _STRETCH:
        return _STRETCH[type(layer)]
    raise TypeError(f"lipschitz_factors does not know how much a {type(layer).__name__} can stretch.")


@torch.no_grad()
def operator_norm(conv: nn.Conv2d, shape: tuple[int, ...], rng: torch.Generator) -> float:
    """The largest singular value of a convolution of inputs (c, h, w), stride and padding included.

    Block power iteration from N(0, 1) of `rng`; at most TOLERANCE below the true value, relative. The norm of the
    reshaped kernel is another number, up to 4 times smaller. ValueError for padding with anything but zeros.
    """
    inputs = (min(BLOCK, math.prod(shape)), *shape)
    vectors = torch.randn(inputs, generator=rng).to(conv.weight)
    norm = 0.0
    for _ in range(MOST_ROUNDS):
        vectors = torch.linalg.qr(vectors.flatten(1).T).Q.T.reshape(inputs)
        images = convolved(conv, vectors)
        flat = images.flatten(1).double()
        before, norm = norm, torch.linalg.eigvalsh(flat @ flat.T)[-1].clamp(min=0).sqrt().item()
        # What is still missing is many times the last gain: at a hundredth of the tolerance it was at most half of it,
        # for the clipped weights of all layers from 16 to 64 pixels; at a tenth, up to twice the tolerance.
        if norm - before <= TOLERANCE / 100 * norm:
            break
        vectors = conv2d_input(inputs, conv.weight, images, conv.stride, conv.padding, conv.dilation, conv.groups)
    return norm


def convolved(conv: nn.Conv2d, images: Tensor) -> Tensor:
    """Without the bias, which stretches nothing."""
    if conv.padding_mode != "zeros":
        raise ValueError(f"The norm of a convolution padded with {conv.padding_mode} is not known here.")
    return functional.conv2d(images, conv.weight, None, conv.stride, conv.padding, conv.dilation, conv.groups)


def steepness(critic: nn.Module, real: Tensor, fake: Tensor, rng: torch.Generator) -> Steepness:
    """The largest gradient norms at real and fake points [n, ...], and at one between each pair of them.

    Where on the line, `rng` draws: Gulrajani et al. 2017 (arXiv 1704.00028), section 4. The critic must be in eval
    mode. Each norm is a lower bound of the critic's Lipschitz constant, and the slope that the data meets.
    """
    where = torch.rand(len(real), *[1] * (real.dim() - 1), generator=rng).to(real)
    between = real + where * (fake - real)
    norms = input_gradients(critic, torch.cat([real, fake, between])).flatten(1).double().norm(dim=1)  # [3 n]
    return Steepness(*(part.max().item() for part in norms.split(len(real))))


def input_gradients(critic: nn.Module, points: Tensor) -> Tensor:
    """d critic(x) / dx at each of the points [n, ...]; the critic must be in eval mode."""
    points = points.detach().clone().requires_grad_()
    return torch.autograd.grad(critic(points).sum(), points)[0]
