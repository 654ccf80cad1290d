"""Histograms of the critic's parameters around one clamp, as tensors and a few words about them."""

import math
from typing import Any

import numpy as np
import torch

from ganlab.config import checked_clip_range
from ganlab.gan.histograms import Counts, WeightHistogram
from ganlab.gan.watched import Layers
from ganlab.tensorfile import Kinds

ARRAYS = ("edges", "before", "after", "counts")
_MOST_BINS = 1000  # of a histogram: `histograms.bin_edges` makes about 240
_DTYPES = dict(zip(ARRAYS, (torch.float64, torch.int32, torch.int32, torch.int64), strict=True))


def packed(weights: tuple[WeightHistogram, ...]) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """What is to be said of them as JSON, and the ARRAYS."""
    clipped = next((h for h in weights if h.clip_range), weights[0])
    about = {
        "clip_range": clipped.clip_range,
        "layers": [(h.name, h.shape) for h in weights],
        "scales": [h.scale if h.clip_range else None for h in weights],
        "largest": [h.largest if math.isfinite(h.largest) else None for h in weights],
    }
    edges = np.stack([h.edges for h in weights])
    return about, {
        "edges": edges[0] if (edges == edges[0]).all() else edges,
        "before": np.stack([h.before for h in weights]).astype(np.int32),
        "after": np.stack([h.after for h in weights]).astype(np.int32),
        "counts": np.array([(h.before_counts, h.after_counts) for h in weights], np.int64),
    }


def check(layers: Layers, kinds: Kinds) -> None:
    """Raises ValueError if tensors of these kinds are not the ARRAYS of these layers."""
    if {name: dtype for name, (dtype, _) in kinds.items()} != _DTYPES:
        raise ValueError("its histograms are not those of a run")
    shapes = {name: shape for name, (_, shape) in kinds.items()}
    n, bins = len(layers), (*shapes["before"], 0, 0)[1]
    edges = shapes.pop("edges")
    expected = {"before": (n, bins), "after": (n, bins), "counts": (n, 2, 5)}
    if shapes != expected or edges not in [(bins + 1,), (n, bins + 1)] or bins > _MOST_BINS:
        raise ValueError("its histograms are not of this run's layers")


def unpacked(layers: Layers, about: Any, arrays: dict[str, np.ndarray]) -> tuple[WeightHistogram, ...]:
    """The histograms, from what `packed` gave and `check` has accepted. Raises ValueError for what no run counts.

    The edges may be those of all layers, or of each. Files from before version 0.2 have no scales: all were 1. The
    largest weights may be missing.
    """
    try:
        clip_range = about["clip_range"]
        if clip_range is not None:
            clip_range = checked_clip_range(clip_range)
        named = tuple((name, tuple(shape)) for name, shape in about["layers"])
        scales = about.get("scales", [1.0] * len(layers))
        if not all(scale is None or (type(scale) is float and 0 < scale < math.inf and clip_range) for scale in scales):
            raise ValueError
        largest = about.get("largest", [None] * len(layers))
        if not all(weight is None or (type(weight) is float and 0 <= weight < math.inf) for weight in largest):
            raise ValueError
    except (KeyError, TypeError, ValueError):
        raise ValueError("its metadata is invalid") from None
    arrays = arrays | {"edges": np.broadcast_to(arrays["edges"], (len(layers), arrays["edges"].shape[-1]))}
    sizes = [math.prod(shape) for _, shape in layers]
    if named != layers or not len(scales) == len(largest) == len(sizes) or not _agree(arrays, sizes):
        raise ValueError("its histograms are not of this run's layers")
    free = [i for i, scale in enumerate(scales) if scale is None]
    if arrays["counts"][free][..., [0, 1, 3, 4]].any() or (arrays["before"][free] != arrays["after"][free]).any():
        raise ValueError("it counts what was clamped in a layer that was not")
    return tuple(
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
            largest=math.nan if weight is None else weight,
        )
        for i, ((name, shape), scale, weight) in enumerate(zip(layers, scales, largest, strict=True))
    )


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
