"""What holds the critic: a term added to its loss, or an act on its weights beside each of its updates."""

import math
from typing import Literal

import torch
from torch import Tensor, nn

from ganlab.config import TrainConfig
from ganlab.gan.clipping import ClipReport, clip_
from ganlab.gan.networks import NORMS, fan_in

When = Literal["before", "after"]  # the optimiser's step


class Constraint:
    """Nothing holds the critic.

    Spectral norm needs neither verb: Miyato et al. 2018 (arXiv 1802.05957) divide each weight by its largest singular
    value inside the network itself (see `networks.spectrally_normalised`).
    """

    def term(self, critic: nn.Module, real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor | float:
        """What is added to the critic's loss on these samples [n, ...]."""
        return 0.0

    def act(self, critic: nn.Module, when: When) -> ClipReport | None:
        """Change the critic's weights in place, before the loss or after the step; returns what a clamp did."""
        return None


class Clip(Constraint):
    """w <- clip(w, low, high): Arjovsky et al. 2017 (arXiv 1701.07875), Algorithm 1, line 7.

    The algorithm clamps after the optimiser's step. The authors' code clamps before it, so that the generator meets
    weights that are not clamped.
    """

    def __init__(self, config: TrainConfig) -> None:
        self._config = config

    def act(self, critic: nn.Module, when: When) -> ClipReport | None:
        config = self._config
        if when != config.clip_order:
            return None
        scales = scales_of(critic, config.clip_scope, config.clip_scale)
        return clip_(critic.named_parameters(), config.clip_range, scales)


class GradientPenalty(Constraint):
    """penalty * E (|d critic(x) / dx| - 1)^2 at one random point between each real and generated sample.

    Gulrajani et al. 2017 (arXiv 1704.00028), Algorithm 1: two-sided, with its own point for each pair.
    """

    def __init__(self, config: TrainConfig) -> None:
        self._penalty = config.penalty

    def term(self, critic: nn.Module, real: Tensor, fake: Tensor, rng: torch.Generator) -> Tensor:
        where = torch.rand(len(real), *[1] * (real.dim() - 1), generator=rng).to(real)
        between = (real + where * (fake - real)).requires_grad_()
        (slopes,) = torch.autograd.grad(critic(between).sum(), between, create_graph=True)
        return self._penalty * (slopes.flatten(1).norm(dim=1) - 1).square().mean()


def scales_of(critic: nn.Module, scope: str, scale: str) -> dict[str, float] | None:
    """By parameter, what its clip range is multiplied by; None for the paper's clamp, the same of all parameters.

    `scope` leaves parameters out: with `weights` all biases, with `no-norm` all of batch and layer norm. `scale` is
    `same`, `fan-in`, 1 / sqrt(fan_in) (Elsayed et al. 2024, arXiv 2407.01704), or `gain`, sqrt(2 / fan_in), at which
    weights at bounds of ±1, with random signs, keep a gradient's size across a ReLU. A bias has its layer's fan_in. A
    norm has one input per output: its factor is 1.
    """
    if (scope, scale) == ("all", "same"):
        return None
    scales = {}
    for prefix, layer in critic.named_modules():
        is_norm = isinstance(layer, NORMS)
        for name, _ in layer.named_parameters(recurse=False):
            if (scope == "weights" and name == "bias") or (scope == "no-norm" and is_norm):
                continue
            inputs = 1 if is_norm or scale == "same" else fan_in(layer.get_parameter("weight"))
            gain = 2.0 if scale == "gain" and not is_norm else 1.0
            scales[f"{prefix}.{name}"] = math.sqrt(gain / inputs)
    return scales


def of(config: TrainConfig) -> Constraint:
    """The constraint that the settings name."""
    if config.constraint == "clip":
        return Clip(config)
    return GradientPenalty(config) if config.constraint == "gradient-penalty" else Constraint()
