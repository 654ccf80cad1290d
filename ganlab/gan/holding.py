"""What holds the critic, by a run's settings, and which of these may change while it trains."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from ganlab import settings
from ganlab.config import TrainConfig
from ganlab.formatting import range_in_words

# The size of the critic's slope and of its estimate depends on these.
HOLDING = ("clip_range", "clip_order", "clip_scope", "clip_scale", "constraint", "penalty")
LIVE_FIELDS = (*HOLDING, "critic_lr", "generator_lr", "n_critic")


def constraint_in_words(config: TrainConfig) -> str:
    """What holds the critic: ±0.01, ±1 / √fan-in, penalty 10, spectral norm, or no constraint."""
    if config.constraint == "clip":
        scale = {"same": "", "fan-in": " / √fan-in", "gain": " · √(2 / fan-in)"}[config.clip_scale]
        return range_in_words(config.clip_range) + scale
    penalty = f"penalty {config.penalty:g}"
    return {"gradient-penalty": penalty, "spectral-norm": "spectral norm", "none": "no constraint"}[config.constraint]


def clamps_as_in_paper(config: TrainConfig) -> bool:
    """Whether all of the critic's weights are clamped into one range after each update, as in Algorithm 1."""
    policies = (config.constraint, config.clip_order, config.clip_scope, config.clip_scale)
    return policies == ("clip", "after", "all", "same")


def holding(config: TrainConfig) -> dict[str, Any]:
    """The settings of what holds the critic, as far as they have an effect."""
    return {name: value for name, value in settings.applying(config).items() if name in HOLDING}


def changed_live(config: TrainConfig, values: Mapping[str, Any]) -> TrainConfig:
    """The settings of a run with some fields replaced while it trains. Raises ValueError, in one sentence."""
    if fixed := set(values) - set(LIVE_FIELDS) | set(values) & config.unknown:
        raise ValueError(f"{', '.join(sorted(fixed))} can't change while a run trains.")
    wanted = dataclasses.replace(config, **values)
    if wanted.has_spectral_norm != config.has_spectral_norm:
        raise ValueError("constraint can't change to that: spectral norm is built into the critic; start another run.")
    return wanted
