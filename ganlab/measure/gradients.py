"""How the critic's gradients change on their way back through its layers, and whether they move its weights."""

import copy
import math
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from ganlab.gan import constraints, sampling
from ganlab.gan.networks import NORMS
from ganlab.gan.objectives import OBJECTIVES, WASSERSTEIN, Objective
from ganlab.measure.layers import named_layers
from ganlab.measure.subject import Columns, Subject, Unmeasurable

STREAM = 1
MOST_LAYERS = 33  # with columns: as many as an MLP can have
Term = Callable[[nn.Module, Tensor, Tensor], Tensor | float]
RMSPROP_EPS = 1e-8
"""torch's RMSprop and Adam divide by the root mean square gradient plus this: gradients of this size move weights at
half the learning rate, far smaller ones hardly at all."""


class Gradients(NamedTuple):
    """The gradients of the critic's loss at every layer, in the order of depth.

    With a `refusal` the layers are the modules with weights, in the order of their first call.
    """

    layers: tuple[str, ...]  # `input`, then each layer with a matrix or kernel; the last one gives the scores
    # Norm of d(critic loss) / d(activation) over the whole batch, after a layer's batch norm and ReLU: [layers]. With a
    # `refusal`, at the output of the module: NaN if it was called twice, or if no gradient comes back to it.
    norms: np.ndarray
    gains: np.ndarray  # norms[i] / norms[i + 1] as the gain law expects it; NaN across a norm: [layers - 1]
    # The matrices and kernels, named as in torch, but single numbers under spectral norm; the loss does not depend on
    # the last bias.
    weights: tuple[str, ...]
    weight_rms: np.ndarray  # root mean square of d(critic loss) / d(weight): [weights]
    refusal: str = ""  # why gradients don't pass through one layer after the other, as in a plain Sequential

    @property
    def hidden(self) -> np.ndarray:
        """The norms after the hidden layers; empty with a `refusal`."""
        return self.norms[1:-1] if not self.refusal else np.empty(0)

    @property
    def per_layer(self) -> float:
        """The factor by which the gradient grows per hidden layer on its way back, fitted; NaN below two of them.

        0 if the gradient is exactly 0 at one of them.
        """
        norms = self.hidden
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


def _after(i: int, gradients: Gradients) -> float:
    return gradients.norms[i] if i < len(gradients.norms) else math.nan


COLUMNS: Columns[Gradients] = {
    "gradient_input": lambda result: result.norms[0],
    "gradient_first": lambda result: result.hidden[0] if len(result.hidden) else math.nan,
    "gradient_last": lambda result: result.hidden[-1] if len(result.hidden) else math.nan,
    "gradient_per_layer": lambda result: result.per_layer,
    "gain_law_per_layer": lambda result: result.law_per_layer,
    "smallest_weight_gradient": lambda result: result.weight_rms.min(),
} | {f"gradient_{i}": partial(_after, i) for i in range(1, MOST_LAYERS + 1)}


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
    critic: nn.Module, real: Tensor, fake: Tensor, objective: Objective = WASSERSTEIN, term: Term | None = None
) -> Gradients:
    """The gradients of the critic's loss, as training computes them, for batches [n, ...].

    `term(critic, real, fake)` is added to the objective's loss: it counts for the weights, not for the norms at the
    layers, which are those of the scores of the two batches. Works in train mode on a copy: the critic's gradients,
    running statistics and mode stay unchanged. Gulrajani et al. 2017 (arXiv 1704.00028), Fig. 1b, left. Raises
    Unmeasurable if no gradient reaches any weight.
    """
    model, refusal = copy.deepcopy(critic).train().requires_grad_(True), ""
    for layer in model.modules():
        if "inplace" in vars(layer):
            vars(layer)["inplace"] = False  # in place, it would overwrite an activation whose gradient is wanted
    weights = {name: weight for name, weight in model.named_parameters() if weight.dim() > 1}
    # Spectral norm divides a single number by its size: only its sign is left, so it has no gradient in any critic.
    weights = {name: one for name, one in weights.items() if one.numel() > 1 or not name.endswith(".original")}
    blocks: list[_Block] = []
    try:
        blocks = _blocks(named_layers(model))
        watched = {block.name: block.layers[-1] for block in blocks}
    except Unmeasurable as why:
        refusal, watched = str(why), {owner: model.get_submodule(owner) for owner in map(_owner, weights)}
    outputs: _Outputs = {}
    hooks = [module.register_forward_hook(_watch(name, outputs)) for name, module in watched.items()]
    batches = [batch.detach().clone().requires_grad_() for batch in (real, fake)]
    critic_loss = objective.critic_loss(*map(model, batches))
    for hook in hooks:
        hook.remove()
    if term:
        critic_loss = critic_loss + term(model, real, fake)
    gradients = torch.autograd.grad(critic_loss, [*batches, *weights.values()], allow_unused=True)
    weight_rms = {
        _name(name): gradient.cpu().double().square().mean().sqrt().item()
        for name, gradient in zip(weights, gradients[2:], strict=True)
        if gradient is not None
    }
    if not weight_rms:
        raise Unmeasurable("No gradient reaches any weight of the critic.")
    outputs |= {name: [] for name in watched if name not in outputs}
    at_inputs = [[gradient] if gradient is not None else [] for gradient in gradients[:2]]
    model.eval()  # so that looking at a spectrally normalised weight does not iterate
    return Gradients(
        layers=("input", *outputs),
        norms=np.array([_norm(calls) for calls in (at_inputs, *outputs.values())]),
        gains=np.array([_gain(block) for block in blocks] or [math.nan] * len(outputs)),
        weights=tuple(weight_rms),
        weight_rms=np.array(list(weight_rms.values())),
        refusal=refusal,
    )


_Outputs = dict[str, list[list[Tensor]]]  # by module, in the order of calls: for each call, the gradients of its output


def _watch(name: str, outputs: _Outputs) -> Callable[[nn.Module, object, object], None]:
    """A forward hook; backward then adds the gradient to `outputs`, as it is before anything overwrites the output."""

    def hook(_: nn.Module, __: object, output: object) -> None:
        gradients: list[Tensor] = []
        outputs.setdefault(name, []).append(gradients)
        if isinstance(output, Tensor) and output.requires_grad:
            output.register_hook(gradients.append)

    return hook


def _norm(calls: list[list[Tensor]]) -> float:
    """Of the gradients of both batches together; NaN unless there was one call for each, and a gradient."""
    gradients = [gradient for call in calls for gradient in call]
    if not len(calls) == len(gradients) == 2:
        return math.nan
    return math.hypot(*(gradient.cpu().double().norm() for gradient in gradients))  # not every accelerator has float64


def _owner(parameter: str) -> str:
    """The name of the module whose weight it is, even if a parametrisation such as spectral norm holds it."""
    owner, parametrised, _ = parameter.partition(".parametrizations.")
    return owner if parametrised else parameter.rpartition(".")[0]


def _name(parameter: str) -> str:
    """Its name as in a module without parametrisations."""
    return parameter.replace(".parametrizations.", ".").removesuffix(".original")


class _Block(NamedTuple):
    name: str
    matrix: nn.Linear | nn.Conv2d
    layers: list[nn.Module]  # all from the previous activation to this block's, the matrix among them


def _blocks(layers: list[tuple[str, nn.Module]]) -> list[_Block]:
    """Each layer with a matrix or kernel, with the layers after it; the first also with the layers before it."""
    blocks: list[_Block] = []
    before: list[nn.Module] = []
    for name, layer in layers:
        if isinstance(layer, nn.Linear | nn.Conv2d):
            blocks.append(_Block(name, layer, [*before, layer]))
            before = []
        else:
            (blocks[-1].layers if blocks else before).append(layer)
    return blocks


def _gain(block: _Block) -> float:
    """The gain law: rms(W) * sqrt(fan_in * p), NaN for a block with batch or layer norm, tanh or a sigmoid.

    p is the mean squared slope of the activation: 1 without one, 1/2 for ReLU, (1 + a^2) / 2 for LeakyReLU of slope a.
    """
    squared_slope = 1.0
    for layer in block.layers:
        if isinstance(layer, (*NORMS, nn.Tanh, nn.Sigmoid)):
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
