"""The clamp and what it did: the only place where weights are clamped or counted."""

import dataclasses
import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from ganlab.config import checked_clip_range
from ganlab.formatting import round_up

BINS = 80  # between the bounds
Layers = tuple[tuple[str, tuple[int, ...]], ...]  # (name, shape) of each of the critic's parameters


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
    counts.
    """

    name: str
    shape: tuple[int, ...]
    clip_range: tuple[float, float]
    edges: np.ndarray
    before: np.ndarray
    after: np.ndarray
    before_counts: Counts
    after_counts: Counts


def pooled(histograms: tuple[WeightHistogram, ...]) -> WeightHistogram:
    """All layers together; the histograms must come from the same clamp, so that their edges are equal."""
    return dataclasses.replace(
        histograms[0],
        name="All layers",
        shape=(sum(h.before_counts.total for h in histograms),),
        before=np.sum([h.before for h in histograms], axis=0),
        after=np.sum([h.after for h in histograms], axis=0),
        before_counts=Counts(*map(sum, zip(*(h.before_counts for h in histograms), strict=True))),
        after_counts=Counts(*map(sum, zip(*(h.after_counts for h in histograms), strict=True))),
    )


def axis_limit(clip_range: tuple[float, float]) -> float:
    """The first of {1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10} * 10^k at or above 1.2 times the larger |bound|."""
    return round_up(1.2 * max(abs(bound) for bound in clip_range))


@dataclass(frozen=True)
class ClipReport:
    """What one clamp did: copies of all clamped values just before and just after it, flat and in order.

    The copies take microseconds for a small critic; everything else is computed only when it is read.
    """

    clip_range: tuple[float, float]
    layers: Layers
    before: Tensor
    after: Tensor

    @cached_property
    def layer_counts(self) -> np.ndarray:
        """Values of each layer outside [low, high] before the clamp, and at a bound after it: int64 [layers, 2]."""
        low, high = self.clip_range
        masks = (self.before < low) | (self.before > high), (self.after == low) | (self.after == high)
        counts = [[int(layer.count_nonzero()) for layer in self.per_layer(mask.cpu())] for mask in masks]
        return np.array(counts).T

    @property
    def clamped(self) -> int:
        """How many values were outside [low, high] just before the clamp."""
        return int(self.layer_counts[:, 0].sum())

    @property
    def clamped_share(self) -> float:
        """Values outside [low, high] just before the clamp, divided by all values that the clamp covers."""
        return self.clamped / self.before.numel()

    @property
    def at_bound_share(self) -> float:
        """Values equal to low or high after the clamp, divided by all values that the clamp covers."""
        return int(self.layer_counts[:, 1].sum()) / self.after.numel()

    def per_layer(self, values: Tensor) -> tuple[Tensor, ...]:
        """Values like `before` layer by layer."""
        return values.split([math.prod(shape) for _, shape in self.layers])

    def histograms(self, edges: np.ndarray | None = None) -> tuple[WeightHistogram, ...]:
        """One histogram per clamped parameter, in order; `edges` as `bin_edges` returns them."""
        edges = bin_edges(self.clip_range) if edges is None else edges
        layers = zip(self.layers, self.per_layer(self.before), self.per_layer(self.after), strict=True)
        return tuple(
            WeightHistogram(
                name=name,
                shape=shape,
                clip_range=self.clip_range,
                edges=edges,
                before=binned(before, edges, self.clip_range),
                after=binned(after, edges, self.clip_range),
                before_counts=count(before, self.clip_range),
                after_counts=count(after, self.clip_range),
            )
            for (name, shape), before, after in layers
        )


@dataclass(frozen=True)
class UpdateReport:
    """The last critic update of a step: what its clamp did, and the same values just before its gradient step."""

    start: Tensor
    clip: ClipReport
    critic_step: int  # updates so far, with this one
    number: int  # of this one among those of its step

    def of_layer(self, name: str | None) -> tuple[Tensor, Tensor, Tensor]:
        """One layer's values, or all, before the gradient step, before the clamp and after it: flat."""
        whole = self.start, self.clip.before, self.clip.after
        names = [layer for layer, _ in self.clip.layers]
        if name not in names:
            return whole
        start, before, after = (self.clip.per_layer(values)[names.index(name)] for values in whole)
        return start, before, after


@torch.no_grad()
def clip_(named_parameters: Iterable[tuple[str, nn.Parameter]], clip_range: tuple[float, float]) -> ClipReport:
    """w <- clip(w, low, high) for every parameter, in place. Returns what that did.

    `named_parameters` is what `module.named_parameters()` gives. Arjovsky et al. 2017 (arXiv 1701.07875), Algorithm 1,
    line 7. Raises ValueError, with nothing clamped, for a range or parameters that can't be clamped and counted.
    """
    named = list(named_parameters)
    if not all(isinstance(name, str) for name, _ in named):
        raise ValueError("clip_ needs names with the parameters: call it with module.named_parameters().")
    dtypes = {parameter.dtype for _, parameter in named}
    # The counts need one type, because a bound is rounded to it before it is compared.
    if len(dtypes) > 1 or not all(dtype.is_floating_point for dtype in dtypes):
        names = ", ".join(sorted(str(dtype) for dtype in dtypes))
        raise ValueError(f"clip_ needs parameters of one floating-point type, not {names}: call it once for each.")
    if not any(parameter.numel() for _, parameter in named):
        raise ValueError("There are no weights to clamp: the module has no parameters, or only empty ones.")
    low, high = checked_clip_range(clip_range)
    before = flat(named)
    for _, parameter in named:
        parameter.clamp_(low, high)
    layers = tuple((name, tuple(parameter.shape)) for name, parameter in named)
    return ClipReport((low, high), layers, before, flat(named))


def count(values: Tensor, clip_range: tuple[float, float]) -> Counts:
    """Exact counts; NaN is counted nowhere. torch rounds each bound to the values' dtype before it compares.

    Values turned into Python numbers first would be counted wrongly: float32 0.1 is above the double 0.1, so a weight
    clamped to 0.1 would count as outside.
    """
    low, high = clip_range
    below, at_low = int((values < low).sum()), int((values == low).sum())
    above, at_high = int((values > high).sum()), int((values == high).sum())
    return Counts(below, at_low, int(((values > low) & (values < high)).sum()), at_high, above)


def shares_outside(values: Tensor, bounds: Tensor) -> Tensor:
    """The share of the values outside [-c, c] for each c of `bounds`, which are ascending: float64 [n]."""
    counts = torch.zeros(len(bounds) + 1, dtype=torch.int64)
    for part in values.detach().flatten().split(1_000_000):  # so that memory stays small
        # bounds[i - 1] < |v| <= bounds[i]: outside the first i ranges
        counts += torch.bucketize(part.abs(), bounds).bincount(minlength=len(counts))
    return counts.flip(0).cumsum(0).flip(0)[1:].double() / values.numel()


def bin_edges(clip_range: tuple[float, float], limit: float | None = None, most: int = 240) -> np.ndarray:
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


def flat(named: Iterable[tuple[str, nn.Parameter]]) -> Tensor:
    """A copy of all their values, in order."""
    return torch.cat([parameter.reshape(-1) for _, parameter in named])


def binned(values: Tensor, edges: np.ndarray, clip_range: tuple[float, float]) -> np.ndarray:
    low, high = clip_range
    free = values[(values != low) & (values != high) & ~values.isnan()].double().cpu().numpy()
    which = np.searchsorted(edges, free, side="right") - 1
    return np.bincount(which.clip(0, len(edges) - 2), minlength=len(edges) - 1)
