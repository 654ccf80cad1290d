"""Saved moments of a run: the samples of its fixed latents and its weights around the clamp, one small file each."""

import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ganlab import tensorfile
from ganlab.config import TrainConfig, checked_clip_range
from ganlab.gan import building
from ganlab.gan.histograms import Counts, WeightHistogram
from ganlab.runs.disk.contents import are_samples, config_of
from ganlab.runs.disk.damage import check_file, files_in, refusing
from ganlab.tensorfile import Kinds

MANY = 150  # about how many moments a run saves if it reaches its last step
_NAME = re.compile(r"([0-9]{8})\.safetensors")
_MOST_BINS = 1000  # of a histogram: `histograms.bin_edges` makes about 240
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
    clipped = next((h for h in moment.weights if h.clip_range), moment.weights[0])
    about = {
        "critic_step": moment.critic_step,
        "clip_range": clipped.clip_range,
        "layers": [(h.name, h.shape) for h in moment.weights],
        "scales": [h.scale if h.clip_range else None for h in moment.weights],
    }
    edges = np.stack([h.edges for h in moment.weights])
    arrays = {
        "samples": moment.samples[:many],
        "edges": edges[0] if (edges == edges[0]).all() else edges,
        "before": np.stack([h.before for h in moment.weights]).astype(np.int32),
        "after": np.stack([h.after for h in moment.weights]).astype(np.int32),
        "counts": np.array([(h.before_counts, h.after_counts) for h in moment.weights], np.int64),
    }
    tensors = {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in arrays.items()}
    file = path_of(path, moment.step)
    file.parent.mkdir(exist_ok=True)
    tensorfile.write(file, tensorfile.packed(tensors, {"moment": json.dumps(about)}))


def read(path: Path, step: int) -> Moment:
    """The moment of a run's step. Raises Damaged if it is missing or can't be read, or if it is not of this run.

    The edges may be those of all layers, or of each. A moment from before version 0.2 has no scales: all were 1.
    """
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
    dtypes = {name: dtype for name, (dtype, _) in kinds.items()}
    shapes = {name: shape for name, (_, shape) in kinds.items()}
    if not are_samples(config, dtypes.pop("samples", torch.bool), shapes.pop("samples", ())):
        raise ValueError("its samples are not of this run's kind and size")
    if dtypes != {"edges": torch.float64, "before": torch.int32, "after": torch.int32, "counts": torch.int64}:
        raise ValueError("it is not a saved moment")
    layers, bins = len(building.critic_layers(config)), (*shapes["before"], 0, 0)[1]
    expected = {"before": (layers, bins), "after": (layers, bins), "counts": (layers, 2, 5)}
    edges = shapes.pop("edges")
    if shapes != expected or edges not in [(bins + 1,), (layers, bins + 1)] or bins > _MOST_BINS:
        raise ValueError("its histograms are not of this run's layers")


def _moment(step: int, config: TrainConfig, about: Any, arrays: dict[str, np.ndarray]) -> Moment:
    layers = building.critic_layers(config)
    try:
        clip_range, critic_step = about["clip_range"], about["critic_step"]
        if clip_range is not None:
            clip_range = checked_clip_range(clip_range)
        named = tuple((name, tuple(shape)) for name, shape in about["layers"])
        scales = about.get("scales", [1.0] * len(layers))
        if not all(scale is None or (type(scale) is float and 0 < scale < math.inf and clip_range) for scale in scales):
            raise ValueError
    except (KeyError, TypeError, ValueError):
        raise ValueError("its metadata is invalid") from None
    if type(critic_step) is not int or not 0 <= critic_step < 2**53:
        raise ValueError("its number of critic updates is invalid")
    arrays["edges"] = np.broadcast_to(arrays["edges"], (len(layers), arrays["edges"].shape[-1]))
    if named != layers or len(scales) != len(layers) or not _agree(arrays, [math.prod(shape) for _, shape in layers]):
        raise ValueError("its histograms are not of this run's layers")
    free = [i for i, scale in enumerate(scales) if scale is None]
    if arrays["counts"][free][..., [0, 1, 3, 4]].any() or (arrays["before"][free] != arrays["after"][free]).any():
        raise ValueError("it counts what was clamped in a layer that was not")
    if not np.isfinite(arrays["samples"]).all():
        raise ValueError("its samples are not all finite")
    weights = tuple(
        WeightHistogram(
            name=name,
            shape=shape,
            clip_range=None if scale is None else clip_range,
            edges=arrays["edges"][i],
            before=arrays["before"][i].astype(np.int64),
            after=arrays["after"][i].astype(np.int64),
            before_counts=Counts(*arrays["counts"][i, 0].tolist()),
            after_counts=Counts(*arrays["counts"][i, 1].tolist()),
            scale=1.0 if scale is None else scale,
        )
        for i, ((name, shape), scale) in enumerate(zip(layers, scales, strict=True))
    )
    return Moment(step, critic_step, arrays["samples"], weights)


def _agree(arrays: dict[str, np.ndarray], sizes: list[int]) -> bool:
    """Whether the edges rise, and every weight of every layer is counted once."""
    edges, counts = arrays["edges"], arrays["counts"]
    if not np.isfinite(edges).all() or not (np.diff(edges) > 0).all():
        return False
    bins = np.stack((arrays["before"], arrays["after"]), axis=1).astype(np.int64)  # [layers, 2, bins]
    if min(bins.min(), counts.min()) < 0 or counts.max() > 2**40:
        return False
    at_bound = counts[..., 1] + counts[..., 3]
    sized = np.array(sizes)[:, None]
    return bool((counts.sum(-1) == sized).all() and (bins.sum(-1) + at_bound == sized).all())
