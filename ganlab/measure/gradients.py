"""How the critic's gradients change on their way back through its layers, and whether they move its weights."""

import copy
import math
from collections.abc import Callable
from functools import partial
from itertools import accumulate, pairwise
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from ganlab.gan import constraints, sampling
from ganlab.gan.networks import NORMS
from ganlab.gan.objectives import OBJECTIVES, WASSERSTEIN, Objective
from ganlab.measure.subject import Columns, Subject

STREAM = 1
Term = Callable[[nn.Module, Tensor, Tensor], Tensor | float]
RMSPROP_EPS = 1e-8
"""torch's RMSprop and Adam divide by the root mean square gradient plus this: gradients of this size move weights at
half the learning rate, far smaller ones hardly at all."""


class Gradients(NamedTuple):
    """The gradients of the critic's loss at every layer, in the order of depth."""

    layers: tuple[str, ...]  # `input`, then each layer with a matrix or kernel; the last one gives the scores
    # Norm of d(critic loss) / d(activation) over the whole batch, after a layer's batch norm and ReLU: [layers].
    norms: np.ndarray
    gains: np.ndarray  # norms[i] / norms[i + 1] as the gain law expects it; NaN across a norm: [layers - 1]
    weights: tuple[str, ...]  # the matrices and kernels, named as in torch; the loss does not depend on the last bias
    weight_rms: np.ndarray  # root mean square of d(critic loss) / d(weight): [weights]

    @property
    def per_layer(self) -> float:
        """The factor by which the gradient grows per hidden layer on its way back, fitted; NaN below two of them.

        0 if the gradient is exactly 0 at one of them.
        """
        norms = self.norms[1:-1]
        if len(norms) < 2 or not np.isfinite(norms).all():
            return math.nan
        if not norms.all():
            return 0.0
        return float(np.exp(-np.polyfit(np.arange(len(norms)), np.log(norms), 1)[0]))

    @property
    def law_per_layer(self) -> float:
        """The same by the gain law; NaN across a norm or a layer of zeros, and below two hidden layers."""
        between = self.gains[1:-1]  # hidden layers
        return float(np.exp(np.log(between).mean())) if len(between) and between.all() else math.nan


COLUMNS: Columns[Gradients] = {
    "gradient_input": lambda result: result.norms[0],
    "gradient_first": lambda result: result.norms[1] if len(result.norms) > 2 else math.nan,
    "gradient_last": lambda result: result.norms[-2] if len(result.norms) > 2 else math.nan,
    "gradient_per_layer": lambda result: result.per_layer,
    "gain_law_per_layer": lambda result: result.law_per_layer,
    "smallest_weight_gradient": lambda result: result.weight_rms.min(),
}


def measure(subject: Subject) -> Gradients:
    """The gradients of one batch, drawn and generated as in training, with the generator in train mode."""
    n, rng = subject.config.batch_size, subject.rng(STREAM)
    device = next(subject.live_critic.parameters()).device
    real = subject.dataset.sample(n, rng).to(device)
    latents = torch.randn(n, subject.config.latent_dim, generator=rng).to(device)
    with torch.no_grad():
        fake = sampling.in_train_mode(subject.live_generator)(latents)
    term = partial(constraints.of(subject.config).term, rng=rng)
    return loss_gradients(subject.live_critic, real, fake, OBJECTIVES[subject.config.objective], term)


def loss_gradients(
    critic: nn.Sequential, real: Tensor, fake: Tensor, objective: Objective = WASSERSTEIN, term: Term | None = None
) -> Gradients:
    """The gradients of the critic's loss, as training computes them, for batches [n, ...].

    `term(critic, real, fake)` is added to the objective's loss: it counts for the weights, not for the norms at the
    layers, which are those of the scores of the two batches. Works in train mode on a copy: the critic's gradients,
    running statistics and mode stay unchanged. Gulrajani et al. 2017 (arXiv 1704.00028), Fig. 1b, left.
    """
    model = copy.deepcopy(critic).train().requires_grad_(True)
    for layer in model.modules():
        if isinstance(layer, nn.ReLU | nn.LeakyReLU):
            layer.inplace = False  # in place, it would overwrite an activation whose gradient is wanted
    blocks = _blocks(model)
    stages = [nn.Sequential(*block.layers) for block in blocks]
    batches = [batch.detach().clone().requires_grad_() for batch in (real, fake)]
    # Of both batches: the batch itself, then the output of each block.
    passes = [list(accumulate(stages, lambda x, stage: stage(x), initial=batch)) for batch in batches]
    critic_loss = objective.critic_loss(passes[0][-1], passes[1][-1])
    if term:
        critic_loss = critic_loss + term(model, real, fake)
    # A spectrally normalised layer has the optimiser's weight under another name.
    weights = {
        f"{name}.weight": weight
        for name, layer in model.named_children()
        for weight in layer.parameters()
        if weight.dim() > 1
    }
    wanted = [*passes[0], *passes[1], *weights.values()]
    # On the CPU, because not every accelerator has float64.
    gradients = [gradient.cpu().double() for gradient in torch.autograd.grad(critic_loss, wanted)]
    n = len(blocks) + 1
    model.eval()  # so that looking at a spectrally normalised weight does not iterate
    at_real, at_fake, of_weights = gradients[:n], gradients[n : 2 * n], gradients[2 * n :]
    return Gradients(
        layers=("input", *(block.name for block in blocks)),
        norms=np.array([math.hypot(a.norm(), b.norm()) for a, b in zip(at_real, at_fake, strict=True)]),
        gains=np.array([_gain(block) for block in blocks]),
        weights=tuple(weights),
        weight_rms=np.array([gradient.square().mean().sqrt().item() for gradient in of_weights]),
    )


class _Block(NamedTuple):
    name: str
    matrix: nn.Linear | nn.Conv2d
    layers: list[nn.Module]  # all from the previous activation to this block's, the matrix among them


def _blocks(model: nn.Sequential) -> list[_Block]:
    """Each layer with a matrix or kernel, with the layers after it; the first also with the layers before it."""
    blocks: list[_Block] = []
    before: list[nn.Module] = []
    for name, layer in model.named_children():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            blocks.append(_Block(name, layer, [*before, layer]))
            before = []
        else:
            (blocks[-1].layers if blocks else before).append(layer)
    return blocks


def _gain(block: _Block) -> float:
    """The gain law: rms(W) * sqrt(fan_in * p), NaN for a block with batch or layer norm.

    p is the mean squared slope of the activation: 1 without one, 1/2 for ReLU, (1 + a^2) / 2 for LeakyReLU of slope a.
    """
    squared_slope = 1.0
    for layer in block.layers:
        if isinstance(layer, NORMS):
            return math.nan
        if isinstance(layer, nn.ReLU):
            squared_slope = 1 / 2
        elif isinstance(layer, nn.LeakyReLU):
            squared_slope = (1 + layer.negative_slope**2) / 2
    weight = block.matrix.weight.detach().cpu().double()
    return math.sqrt(weight.square().mean().item() * weight[0].numel() * squared_slope)


def gain_law_lines(gradients: Gradients) -> list[tuple[list[str], np.ndarray]]:
    """(layers, expected norms) of each run of layers without a norm between them, from its deepest norm back."""
    lines: list[tuple[list[str], np.ndarray]] = []
    ends = [-1, *np.flatnonzero(np.isnan(gradients.gains)), len(gradients.gains)]
    for before, end in pairwise(ends):
        gains = gradients.gains[before + 1 : end]
        if len(gains):
            expected = gradients.norms[end] * np.append(np.cumprod(gains[::-1])[::-1], 1.0)
            lines.append((list(gradients.layers[before + 1 : end + 1]), expected))
    return lines
