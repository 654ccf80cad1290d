"""Histograms of weights around a clamp, with exact counts beside them."""

import dataclasses
import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from torch import Tensor

from ganlab.formatting import round_up

BINS = 80  # between the bounds
MOST_BINS = 240  # about as many on the whole axis, and as many where nothing is clamped
Range = tuple[float, float]


class Counts(NamedTuple):
    """How many weights lie where, compared with both bounds in the weights' own dtype."""

    below_low: int
    at_low: int
    inside: int
    at_high: int
    above_high: int

    @property
    def total(self) -> int:
        return sum(self)

    @property
    def outside(self) -> int:
        """The weights that a clamp would move."""
        return self.below_low + self.above_high

    @property
    def at_bound(self) -> int:
        return self.at_low + self.at_high


@dataclass(frozen=True)
class WeightHistogram:
    """The weights of one layer just before and just after one clamp.

    `edges` is float64 [bins + 1]; `before` and `after` are int64 [bins] and hold only the weights that are *not*
    exactly at a bound; the first and last bin also hold what lies beyond them. Weights exactly at a bound are in the
    counts. `clip_range` and `edges` are of the weights divided by `scale`. A layer that is not clamped has no
    `clip_range`: `before` and `after` are the same, and all its weights are counted as inside.
    """

    name: str
    shape: tuple[int, ...]
    clip_range: Range | None
    edges: np.ndarray
    before: np.ndarray
    after: np.ndarray
    before_counts: Counts
    after_counts: Counts
    scale: float = 1.0
    largest: float = math.nan  # |weight|, of weights that are not clamped; NaN if not known
    parts: tuple[tuple[str, float], ...] = ()  # the layers that it holds together, with their scales

    @property
    def limit(self) -> float:
        """Where an axis for it ends, on both sides."""
        return axis_limit(self.clip_range) if self.clip_range else float(self.edges[-1])

    def has_unit_of(self, other: "WeightHistogram") -> bool:
        """Whether both are of weights divided by the same scales, so that one axis can hold them."""
        scales, others = (dict(one.parts or [(one.name, one.scale)]) for one in (self, other))
        return all(scales[name] == others[name] for name in scales.keys() & others.keys())


def pooled(histograms: tuple[WeightHistogram, ...]) -> WeightHistogram:
    """All layers together that were clamped, or all if none was; the histograms must come from the same update.

    Its scale is NaN if they have different ones: then each weight is divided by that of its layer.
    """
    histograms = tuple(h for h in histograms if h.clip_range) or histograms
    scales = {h.scale for h in histograms}
    return dataclasses.replace(
        histograms[0],
        name="All layers",
        shape=(sum(h.before_counts.total for h in histograms),),
        before=np.sum([h.before for h in histograms], axis=0),
        after=np.sum([h.after for h in histograms], axis=0),
        before_counts=Counts(*map(sum, zip(*(h.before_counts for h in histograms), strict=True))),
        after_counts=Counts(*map(sum, zip(*(h.after_counts for h in histograms), strict=True))),
        scale=scales.pop() if len(scales) == 1 else math.nan,
        largest=float(np.max([h.largest for h in histograms])),
        parts=tuple((h.name, h.scale) for h in histograms),
    )


def axis_limit(clip_range: Range) -> float:
    """The first of {1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10} * 10^k at or above 1.2 times the larger |bound|."""
    return round_up(1.2 * max(abs(bound) for bound in clip_range))


def around_clamp(
    name: str, shape: tuple[int, ...], before: Tensor, after: Tensor, clip_range: Range, edges: np.ndarray, scale: float
) -> WeightHistogram:
    true_edges, bounds = scaled(edges, clip_range, scale)
    return WeightHistogram(
        name=name,
        shape=shape,
        clip_range=clip_range,
        edges=edges,
        before=binned(before, true_edges, bounds),
        after=binned(after, true_edges, bounds),
        before_counts=count(before, bounds),
        after_counts=count(after, bounds),
        scale=scale,
    )


def scaled(edges: np.ndarray, clip_range: Range, scale: float) -> tuple[np.ndarray, Range]:
    """The edges and bounds of weights that are not divided by their scale; both bounds are edges, to the last bit."""
    bounds = (clip_range[0] * scale, clip_range[1] * scale)
    if scale == 1:
        return edges, bounds
    true_edges = edges * scale
    for bound, true in zip(clip_range, bounds, strict=True):
        true_edges[np.searchsorted(edges, np.float32(bound))] = np.float32(true)
    return true_edges, bounds


def count(values: Tensor, clip_range: Range = (-math.inf, math.inf)) -> Counts:
    """Exact counts, all inside if nothing bounds them; NaN is counted nowhere.

    torch rounds each bound to the values' dtype before it compares. Values turned into Python numbers first would be
    counted wrongly: float32 0.1 is above the double 0.1, so a weight clamped to 0.1 would count as outside.
    """
    low, high = clip_range
    below, at_low = int((values < low).sum()), int((values == low).sum())
    above, at_high = int((values > high).sum()), int((values == high).sum())
    return Counts(below, at_low, int(((values > low) & (values < high)).sum()), at_high, above)


def bin_edges(clip_range: Range, limit: float | None = None, most: int = MOST_BINS) -> np.ndarray:
    """Edges of about 80 equal bins between the bounds, and of bins as wide outside, to the end of the axis: float64.

    Both bounds are edges, rounded to float32 as the weights are. The axis ends at ±`limit`, by default at
    `axis_limit(clip_range)`. If the range is narrow compared with the axis there are fewer bins inside, so that the
    total hardly exceeds `most`.
    """
    low, high = (float(np.float32(bound)) for bound in clip_range)
    limit = limit or axis_limit(clip_range)
    narrowest = 2 * limit / most
    inside = max(1, min(BINS, int((high - low) / narrowest)))
    width = max((high - low) / inside, narrowest)
    left = low - width * np.arange(max(1, np.ceil((limit + low) / width - 1e-3)), 0, -1)
    right = high + width * np.arange(1, max(1, np.ceil((limit - high) / width - 1e-3)) + 1)
    return np.concatenate([left, np.linspace(low, high, inside + 1), right])


def free_edges(values: Tensor, bins: int = MOST_BINS) -> np.ndarray:
    """Edges of equal bins for weights that nothing bounds, to the first round number at or above 1.2 times the largest.

    float64 [bins + 1].
    """
    largest = values.detach().abs().max().item() if values.numel() else 0.0
    limit = round_up(1.2 * largest) if 0 < largest < math.inf else 1.0
    return np.linspace(-limit, limit, bins + 1)


def binned(values: Tensor, edges: np.ndarray, clip_range: Range = (-math.inf, math.inf)) -> np.ndarray:
    low, high = clip_range
    free = values[(values != low) & (values != high) & ~values.isnan()].double().cpu().numpy()
    which = np.searchsorted(edges, free, side="right") - 1
    return np.bincount(which.clip(0, len(edges) - 2), minlength=len(edges) - 1)
