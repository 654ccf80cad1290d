"""How a critic's gradients fare on their way back through its layers, and whether they move its weights."""

import copy
import math
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from ganlab.gan import sampling
from ganlab.measure.subject import GRADIENTS, Subject

KINDS = ("image", "point")
COLUMNS = (
    "gradient_input",
    "gradient_first",
    "gradient_last",
    "gradient_per_layer",
    "gain_law_per_layer",
    "smallest_weight_gradient",
)

RMSPROP_EPS = 1e-8
"""torch's RMSprop, and its Adam, divide by the root mean square gradient plus this: gradients as small as this move
weights at half the learning rate, far smaller ones not at all."""


class Gradients(NamedTuple):
    """What one backward pass of the critic's loss leaves at every layer, in the order of depth."""

    layers: tuple[str, ...]
    """`input`, then each layer that has a matrix or kernel; the last one gives the scores."""
    norms: np.ndarray
    """Norm of d(critic loss) / d(activation), whole batch, after each layer's batch norm and ReLU: [layers]."""
    gains: np.ndarray
    """What the gain law expects norms[i] / norms[i + 1] to be; NaN across batch norm: [layers - 1]."""
    weights: tuple[str, ...]
    """The matrices and kernels, as torch names them. (The loss never changes with the last bias.)"""
    weight_rms: np.ndarray
    """Root mean square of d(critic loss) / d(weight): [weights]."""

    @property
    def per_layer(self) -> float:
        """How many times the gradient grows from one hidden layer back to the next, fitted; NaN below two of them."""
        return fitted_gain(self.norms[1:-1])

    @property
    def law_per_layer(self) -> float:
        """The same by the gain law; NaN across batch norm, a layer of zeros, or below two hidden layers."""
        between = self.gains[1:-1]  # of hidden layers
        return float(np.exp(np.log(between).mean())) if len(between) and between.all() else math.nan


def measure(subject: Subject) -> Gradients:
    """The gradients of one batch, drawn and generated as in training, generator in train mode."""
    n, rng = subject.config.batch_size, subject.rng(GRADIENTS)
    device = next(subject.live_critic.parameters()).device
    real = subject.dataset.sample(n, rng).to(device)
    latents = torch.randn(n, subject.config.latent_dim, generator=rng).to(device)
    with torch.no_grad():
        fake = sampling.in_train_mode(subject.live_generator)(latents)
    return loss_gradients(subject.live_critic, real, fake)


def row(result: Gradients) -> dict[str, float]:
    """The values of COLUMNS."""
    hidden = result.norms[1:-1]
    return {
        "gradient_input": result.norms[0],
        **({"gradient_first": hidden[0], "gradient_last": hidden[-1]} if len(hidden) else {}),
        "gradient_per_layer": result.per_layer,
        "gain_law_per_layer": result.law_per_layer,
        "smallest_weight_gradient": result.weight_rms.min(),
    }


def loss_gradients(critic: nn.Sequential, real: Tensor, fake: Tensor) -> Gradients:
    """The gradients of -(E critic(real) - E critic(fake)), as training computes them, of batches [n, ...].

    In train mode, on a copy: the critic's own gradients, running statistics and mode stay as they are.
    Gulrajani et al. 2017 (arXiv 1704.00028), Fig. 1b, left.
    """
    model = copy.deepcopy(critic).train().requires_grad_(True)
    for layer in model.modules():
        if hasattr(layer, "inplace"):
            layer.inplace = False  # else an activation is gone before its gradient can be taken
    blocks = _blocks(model)
    passes = [_activations(blocks, batch.detach().clone().requires_grad_()) for batch in (real, fake)]
    critic_loss = -(passes[0][-1].mean() - passes[1][-1].mean())
    weights = {name: weight for name, weight in model.named_parameters() if weight.dim() > 1}
    found = torch.autograd.grad(critic_loss, [*passes[0], *passes[1], *weights.values()])
    of_real, of_fake, of_weights = (
        [gradient.cpu().double() for gradient in found[part]]  # not every accelerator has float64
        for part in (slice(len(blocks) + 1), slice(len(blocks) + 1, 2 * len(blocks) + 2), slice(-len(weights), None))
    )
    return Gradients(
        layers=("input", *(block.name for block in blocks)),
        norms=np.array([math.hypot(a.norm(), b.norm()) for a, b in zip(of_real, of_fake, strict=True)]),
        gains=np.array([_gain(block) for block in blocks]),
        weights=tuple(weights),
        weight_rms=np.array([gradient.square().mean().sqrt().item() for gradient in of_weights]),
    )


class _Block(NamedTuple):
    name: str
    matrix: nn.Linear | nn.Conv2d
    layers: list[nn.Module]
    """All that run from the activation before to the one after, the matrix among them."""


def _blocks(model: nn.Sequential) -> list[_Block]:
    """Each layer with a matrix or kernel and what acts on its output; the first with what comes before it, too."""
    blocks: list[_Block] = []
    before: list[nn.Module] = []
    for name, layer in model.named_children():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            blocks.append(_Block(name, layer, [*before, layer]))
            before = []
        else:
            (blocks[-1].layers if blocks else before).append(layer)
    return blocks


def _activations(blocks: list[_Block], batch: Tensor) -> list[Tensor]:
    """The batch, and what comes out of each block."""
    activations = [batch]
    for block in blocks:
        activations.append(nn.Sequential(*block.layers)(activations[-1]))
    return activations


def _gain(block: _Block) -> float:
    """rms(W) * sqrt(fan_in * (1 + a^2) / 2) for a LeakyReLU of slope a after it; without one the half is a whole."""
    kinds = {type(layer): layer for layer in block.layers}
    if kinds.keys() & {nn.BatchNorm1d, nn.BatchNorm2d}:
        return math.nan
    weight = block.matrix.weight.detach().double()
    passed = 1.0
    if nn.ReLU in kinds or nn.LeakyReLU in kinds:
        slope = kinds[nn.LeakyReLU].negative_slope if nn.LeakyReLU in kinds else 0.0
        passed = (1 + slope**2) / 2
    return math.sqrt(weight.square().mean().item() * weight[0].numel() * passed)


def fitted_gain(norms: np.ndarray) -> float:
    """exp of the slope of log(norm) over the way back; `norms` [n] in the order of depth.

    By those above 0 that are numbers; NaN below two.
    """
    depths = np.flatnonzero((norms > 0) & np.isfinite(norms))
    if len(depths) < 2:
        return math.nan
    return float(np.exp(-np.polyfit(depths, np.log(norms[depths]), 1)[0]))


def by_the_law(gradients: Gradients) -> list[tuple[list[str], np.ndarray]]:
    """The gain-law lines: stretches of layers without batch norm between them, each from its deepest norm back."""
    lines: list[tuple[list[str], np.ndarray]] = []
    ends = [-1, *np.flatnonzero(np.isnan(gradients.gains)), len(gradients.gains)]
    for before, end in pairwise(ends):
        gains = gradients.gains[before + 1 : end]
        if len(gains):
            expected = gradients.norms[end] * np.append(np.cumprod(gains[::-1])[::-1], 1.0)
            lines.append((list(gradients.layers[before + 1 : end + 1]), expected))
    return lines


def verdict(gradients: Gradients) -> str:
    """What happens to the gradient on its way back through the hidden layers: `shrinks 6.2-fold per layer`."""
    if dead := [layer for layer, norm in zip(gradients.layers, gradients.norms, strict=True) if norm == 0]:
        return f"is zero at {dead[-1]}"
    gain = gradients.per_layer
    return "passes too few hidden layers for a slope" if math.isnan(gain) else fold(gain)


def fold(gain: float) -> str:
    """`grows 6.2-fold per layer`, `shrinks 6.2-fold per layer` or, within 5 %, `keeps its size`."""
    if 1 / 1.05 <= gain <= 1.05:
        return "keeps its size"
    return f"{'grows' if gain > 1 else 'shrinks'} {max(gain, 1 / gain):.3g}-fold per layer"
