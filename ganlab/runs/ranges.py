"""A run's settings under other clip ranges and with a gradient penalty."""

import dataclasses
from pathlib import Path

import numpy as np

from ganlab.config import TrainConfig
from ganlab.presets import PRESETS
from ganlab.runs.disk.root import runs_root
from ganlab.runs.sweep import name_of

FACTORS = (0.1, 10, 1 / 3, 3)  # the ends first
WIDEST = 1.0


def all_ranges(config: TrainConfig) -> dict[str, TrainConfig]:
    """The settings, with other clip ranges, and the gradient penalty's preset for their data, by name.

    In the order of training: the range itself, a tenth, ten times, a third and three times of it, to three digits and
    at most WIDEST, then the penalty if there is a preset. All have one seed and one thread.
    """
    ranges = [config.clip_range, *(_scaled(config.clip_range, factor) for factor in FACTORS)]
    runs = [
        dataclasses.replace(config, clip_range=(low, high), threads=1)
        for low, high in ranges
        if np.float32(low) < np.float32(high)
    ]
    if penalty := PRESETS.get(f"{config.dataset}-gradient-penalty"):
        same = {name: getattr(config, name) for name in ("seed", "looking_seed", "device")}
        runs.append(dataclasses.replace(penalty, threads=1, **same))
    return {name_of(run): run for run in runs}


def _scaled(clip_range: tuple[float, float], factor: float) -> tuple[float, float]:
    low, high = (float(f"{min(max(factor * bound, -WIDEST), WIDEST):.3g}") + 0.0 for bound in clip_range)
    return low, high


def folder(config: TrainConfig) -> Path:
    """Where the sweep of these runs lies: beside the runs, the same for equal settings."""
    return runs_root() / f"{config.dataset}-ranges-{name_of(config)}"
