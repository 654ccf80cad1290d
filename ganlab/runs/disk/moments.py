"""Saved moments of a run: the samples of its fixed latents and its weights around the clamp, one small file each."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ganlab import tensorfile
from ganlab.config import TrainConfig
from ganlab.gan import building
from ganlab.gan.histograms import WeightHistogram
from ganlab.runs.disk import histograms
from ganlab.runs.disk.contents import are_samples, config_of
from ganlab.runs.disk.damage import check_file, files_in, refusing
from ganlab.tensorfile import Kinds

MANY = 150  # about how many moments a run saves if it reaches its last step
_NAME = re.compile(r"([0-9]{8})\.safetensors")
_SAMPLE_BYTES = 200_000  # of one moment: fewer samples are saved if they are large
_LIMIT_BYTES = 16 * 2**20


@dataclass(frozen=True)
class Moment:
    """A run at the end of one step."""

    step: int
    critic_step: int
    samples: np.ndarray  # of the first fixed latents: uint8 [100 or fewer, h, w, c], or float32 [512, 2]
    weights: tuple[WeightHistogram, ...]  # of each critic parameter, around the step's last clamp

    @property
    def clip_range(self) -> tuple[float, float] | None:
        """The range of the clamp that the histograms are taken around; None if there was none."""
        return self.weights[0].clip_range


def schedule(steps: int) -> frozenset[int]:
    """The steps of a run that are saved: 1, 2, 3, 5, 7, 10, 15, 20, 30 ..., and evenly once that is too sparse."""
    powers = [10**power for power in range(8)]
    every = next(spacing for power in powers for n in (1, 2, 3, 5) if (spacing := n * power) * MANY >= steps)
    rising = [1, 2, 3, 5, 7, *(n * power for power in powers for n in (10, 15, 20, 30, 50, 70))]
    early = [step for before, step in zip([0, *rising], rising, strict=False) if step - before < every]
    return frozenset(step for step in (*early, *range(every, steps, every)) if step < steps) | {steps}


def path_of(path: Path, step: int) -> Path:
    return path / "moments" / f"{step:08}.safetensors"


def steps(path: Path) -> list[int]:
    """The steps of a run that have a saved moment, in order; other files are ignored."""
    return sorted(int(match[1]) for file in files_in(path / "moments") if (match := _NAME.fullmatch(file.name)))


def stamp(path: Path, step: int) -> int:
    """Changes when the moment of a step is written again, as after a resume; 0 if there is none."""
    try:
        return path_of(path, step).lstat().st_mtime_ns
    except OSError:
        return 0


def write(path: Path, moment: Moment) -> None:
    """Write a moment into a run's folder, whole or not at all; of large images, only the first few samples."""
    many = len(moment.samples) if moment.samples.ndim == 2 else max(16, _SAMPLE_BYTES // moment.samples[0].nbytes)
    about, arrays = histograms.packed(moment.weights)
    about, arrays = {"critic_step": moment.critic_step} | about, {"samples": moment.samples[:many]} | arrays
    tensors = {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in arrays.items()}
    file = path_of(path, moment.step)
    file.parent.mkdir(exist_ok=True)
    tensorfile.write(file, tensorfile.packed(tensors, {"moment": json.dumps(about)}))


def read(path: Path, step: int) -> Moment:
    """The moment of a run's step. Raises Damaged if it is missing or can't be read, or if it is not of this run."""
    config, file = config_of(path), path_of(path, step)

    def check(_: dict[str, str], kinds: Kinds) -> None:
        _check(config, kinds)

    with refusing(f"{file.name} can't be shown"):
        if file.parent.is_symlink():
            raise ValueError("it is in a linked folder")
        check_file(file, _LIMIT_BYTES)
        metadata, tensors = tensorfile.read(file, check)
        arrays = {name: tensor.numpy() for name, tensor in tensors.items()}
        return _moment(step, config, tensorfile.parsed(metadata.get("moment", "")), arrays)


def _check(config: TrainConfig, kinds: Kinds) -> None:
    if not are_samples(config, *kinds.get("samples", (torch.bool, ()))):
        raise ValueError("its samples are not of this run's kind and size")
    histograms.check(building.critic_layers(config), {name: kind for name, kind in kinds.items() if name != "samples"})


def _moment(step: int, config: TrainConfig, about: Any, arrays: dict[str, np.ndarray]) -> Moment:
    weights = histograms.unpacked(building.critic_layers(config), about, arrays)
    critic_step = about.get("critic_step")
    if type(critic_step) is not int or not 0 <= critic_step < 2**53:
        raise ValueError("its number of critic updates is invalid")
    if not np.isfinite(arrays["samples"]).all():
        raise ValueError("its samples are not all finite")
    return Moment(step, critic_step, arrays["samples"], weights)
