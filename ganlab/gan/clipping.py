"""The clamp and what it did: the only place where weights are clamped or counted."""

import dataclasses
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from ganlab.config import checked_clip_range
from ganlab.formatting import round_up

BINS = 80  # between the bounds
MOST_BINS = 240  # about as many on the whole axis, and as many where nothing is clamped
UNCOUNTED = -1  # stands for counts of a layer that was not clamped
Range = tuple[float, float]
Scales = tuple[float | None, ...]  # of each layer, what its clip range is multiplied by; None: it is not clamped
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
    largest: float = math.nan  # |weight|, of weights that are not clamped; NaN if read from disk

    @property
    def limit(self) -> float:
        """Where an axis for it ends, on both sides."""
        return axis_limit(self.clip_range) if self.clip_range else float(self.edges[-1])


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
    )


def axis_limit(clip_range: Range) -> float:
    """The first of {1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10} * 10^k at or above 1.2 times the larger |bound|."""
    return round_up(1.2 * max(abs(bound) for bound in clip_range))


@dataclass(frozen=True)
class ClipReport:
    """What one clamp did: copies of the critic's values just before and just after it, flat and in order.

    The copies take microseconds for a small critic; everything else is computed only when it is read. After an update
    without a clamp there is no `clip_range`, and both copies are the same.
    """

    clip_range: Range | None
    layers: Layers
    before: Tensor
    after: Tensor
    scales: Scales

    @property
    def bounds(self) -> tuple[Range | None, ...]:
        """Of each layer; None if it was not clamped."""
        if self.clip_range is None:
            return (None,) * len(self.layers)
        low, high = self.clip_range
        return tuple(None if scale is None else (low * scale, high * scale) for scale in self.scales)

    @cached_property
    def layer_counts(self) -> np.ndarray:
        """Values of each layer outside its bounds before the clamp, and at one after it: int64 [layers, 2].

        UNCOUNTED for a layer that was not clamped.
        """
        counts = np.full((len(self.layers), 2), UNCOUNTED)
        layers = zip(self.bounds, self.per_layer(self.before.cpu()), self.per_layer(self.after.cpu()), strict=True)
        for i, (bounds, before, after) in enumerate(layers):
            if bounds:
                low, high = bounds
                outside, at_bound = (before < low) | (before > high), (after == low) | (after == high)
                counts[i] = int(outside.count_nonzero()), int(at_bound.count_nonzero())
        return counts

    @property
    def clamped(self) -> int:
        """How many values were outside their bounds just before the clamp."""
        return int(self.layer_counts[:, 0].clip(0).sum())

    @property
    def clamped_share(self) -> float:
        """Values outside their bounds just before the clamp, divided by all that it covers; NaN if it covers none."""
        return self._share(0)

    @property
    def at_bound_share(self) -> float:
        """Values equal to a bound after the clamp, divided by all that it covers; NaN if it covers none."""
        return self._share(1)

    def _share(self, column: int) -> float:
        counts = self.layer_counts[:, column]
        covered = sum(math.prod(shape) for (_, shape), n in zip(self.layers, counts, strict=True) if n != UNCOUNTED)
        return int(counts.clip(0).sum()) / covered if covered else math.nan

    def per_layer(self, values: Tensor) -> tuple[Tensor, ...]:
        """Values like `before` layer by layer."""
        return values.split([math.prod(shape) for _, shape in self.layers])

    def histograms(self, edges: np.ndarray | None = None) -> tuple[WeightHistogram, ...]:
        """One histogram per parameter of the critic, in order; `edges` as `bin_edges` returns them for the clip range.

        A layer that was not clamped has an axis of its own, or if none was, the same as the others.
        """
        usual = bin_edges(self.clip_range) if self.clip_range else free_edges(self.before)
        edges = usual if edges is None else edges
        layers = zip(self.layers, self.per_layer(self.before), self.per_layer(self.after), self.scales, strict=True)
        histograms = []
        for (name, shape), before, after, scale in layers:
            if self.clip_range and scale is not None:
                histograms.append(_around_clamp(name, shape, before, after, self.clip_range, edges, scale))
            else:
                own = free_edges(before, len(edges) - 1) if self.clip_range else edges
                bins, counts = binned(before, own), count(before)
                largest = before.abs().max().item() if before.numel() else math.nan
                free = WeightHistogram(name, shape, None, own, bins, bins, counts, counts, largest=largest)
                histograms.append(free)
        return tuple(histograms)


def _around_clamp(
    name: str, shape: tuple[int, ...], before: Tensor, after: Tensor, clip_range: Range, edges: np.ndarray, scale: float
) -> WeightHistogram:
    low, high = clip_range
    bounds, true_edges = (low * scale, high * scale), edges
    if scale != 1:
        true_edges = edges * scale
        for bound, true in zip(clip_range, bounds, strict=True):  # both are edges, to the last bit
            true_edges[np.searchsorted(edges, np.float32(bound))] = np.float32(true)
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
def clip_(
    named_parameters: Iterable[tuple[str, nn.Parameter]],
    clip_range: Range,
    scales: Mapping[str, float] | None = None,
) -> ClipReport:
    """w <- clip(w, low, high) for every parameter, in place. Returns what that did.

    `named_parameters` is what `module.named_parameters()` gives. With `scales`, the range of a parameter is multiplied
    by its scale, and one without a scale is left alone. Arjovsky et al. 2017 (arXiv 1701.07875), Algorithm 1, line 7.
    Raises ValueError, with nothing clamped, for a range or parameters that can't be clamped and counted.
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
    factors = tuple(1.0 if scales is None else scales.get(name) for name, _ in named)
    for (_, parameter), scale in zip(named, factors, strict=True):
        if scale is not None:
            parameter.clamp_(low * scale, high * scale)
    return ClipReport((low, high), layers_of(named), before, flat(named), factors)


def unclamped(named: Iterable[tuple[str, Tensor]]) -> ClipReport:
    """The report of an update that clamps nothing."""
    named = list(named)
    values = flat(named)
    return ClipReport(None, layers_of(named), values, values, (None,) * len(named))


def layers_of(named: Iterable[tuple[str, Tensor]]) -> Layers:
    return tuple((name, tuple(tensor.shape)) for name, tensor in named)


def count(values: Tensor, clip_range: Range = (-math.inf, math.inf)) -> Counts:
    """Exact counts, all inside if nothing bounds them; NaN is counted nowhere.

    torch rounds each bound to the values' dtype before it compares. Values turned into Python numbers first would be
    counted wrongly: float32 0.1 is above the double 0.1, so a weight clamped to 0.1 would count as outside.
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


@torch.no_grad()
def flat(named: Iterable[tuple[str, Tensor]]) -> Tensor:
    """A copy of all their values, in order."""
    return torch.cat([tensor.reshape(-1) for _, tensor in named])


def binned(values: Tensor, edges: np.ndarray, clip_range: Range = (-math.inf, math.inf)) -> np.ndarray:
    low, high = clip_range
    free = values[(values != low) & (values != high) & ~values.isnan()].double().cpu().numpy()
    which = np.searchsorted(edges, free, side="right") - 1
    return np.bincount(which.clip(0, len(edges) - 2), minlength=len(edges) - 1)
