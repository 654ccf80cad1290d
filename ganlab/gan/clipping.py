"""The clamp and what it did: the only place where weights are clamped."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate, groupby

import numpy as np
import torch
from torch import Tensor, nn

from ganlab.config import checked_clip_range
from ganlab.gan.histograms import (
    Counts,
    Range,
    WeightHistogram,
    around_clamp,
    bin_edges,
    binned,
    count,
    free_edges,
    scaled,
)
from ganlab.gan.watched import Layers

UNCOUNTED = -1  # stands for counts of a layer that was not clamped
Scales = tuple[float | None, ...]  # of each layer, what its clip range is multiplied by; None: it is not clamped


@dataclass(frozen=True)
class ClipReport:
    """What one clamp did: a copy of the critic's values just before it, flat and in order.

    The copy takes microseconds for a small critic; everything else is computed only when it is read. After an update
    without a clamp there is no `clip_range`.
    """

    clip_range: Range | None
    layers: Layers
    before: Tensor
    scales: Scales

    @cached_property
    def after(self) -> Tensor:
        """The values just after the clamp."""
        layers = zip(self.per_layer(self.before), self.bounds, strict=True)
        return torch.cat([values.clamp(*bounds) if bounds else values for values, bounds in layers])

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
        values, counts = _array(self.before), [(UNCOUNTED, UNCOUNTED)] * len(self.layers)
        for (low, high), span, layers in _spans(self.layers, self.bounds, self.before.dtype):
            here = values[span]
            outside, at_bound = (here < low) | (here > high), (here <= low) | (here >= high)  # the latter once clamped
            for i, layer in layers:
                counts[i] = int(np.count_nonzero(outside[layer])), int(np.count_nonzero(at_bound[layer]))
        return np.array(counts)

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
        counts = self.layer_counts[:, column].tolist()
        covered = sum(size for size, n in zip(_sizes(self.layers), counts, strict=True) if n != UNCOUNTED)
        return sum(n for n in counts if n != UNCOUNTED) / covered if covered else math.nan

    def per_layer(self, values: Tensor) -> tuple[Tensor, ...]:
        """Values like `before` layer by layer."""
        return values.split(_sizes(self.layers))

    def histograms(self, edges: np.ndarray | None = None) -> tuple[WeightHistogram, ...]:
        """One histogram per parameter of the critic, in order; `edges` as `bin_edges` returns them for the clip range.

        A layer that was not clamped has an axis of its own, or if none was, the same as the others. Empty if a weight
        is NaN: no bin holds it.
        """
        if self.before.isnan().any():
            return ()
        usual = bin_edges(self.clip_range) if self.clip_range else free_edges(self.before)
        edges = usual if edges is None else edges
        layers = zip(self.layers, self.per_layer(self.before), self.per_layer(self.after), self.scales, strict=True)
        histograms = []
        for (name, shape), before, after, scale in layers:
            if self.clip_range and scale is not None:
                histograms.append(around_clamp(name, shape, before, after, self.clip_range, edges, scale))
            else:
                own = free_edges(before, len(edges) - 1) if self.clip_range else edges
                bins, counts = binned(before, own), count(before)
                largest = before.abs().max().item() if before.numel() else math.nan
                free = WeightHistogram(name, shape, None, own, bins, bins, counts, counts, largest=largest)
                histograms.append(free)
        return tuple(histograms)


@dataclass(frozen=True)
class UpdateReport:
    """The last critic update of a step: what its clamp did, and the same values just before its gradient step."""

    start: Tensor
    clip: ClipReport
    critic_step: int  # updates so far, with this one
    number: int  # of this one among those of its step

    def of_layer(self, name: str | None) -> tuple[Tensor, Tensor, Tensor]:
        """One layer's values, or all that the clamp covers, before the gradient step, before the clamp and after it.

        Flat, each divided by its layer's scale.
        """
        start, before, after = (
            torch.cat([part / scale for part, scale in self._parts(values, name)])
            for values in (self.start, self.clip.before, self.clip.after)
        )
        return start, before, after

    def start_counts(self, histogram: WeightHistogram) -> tuple[np.ndarray, Counts]:
        """The values before the gradient step, binned and counted like those of a histogram of this update."""
        bins, counts, bounds = np.zeros_like(histogram.before), list[Counts](), (-math.inf, math.inf)
        for part, scale in self._parts(self.start, histogram.name):
            edges = histogram.edges
            if histogram.clip_range:
                edges, bounds = scaled(edges, histogram.clip_range, scale)
            bins += binned(part, edges, bounds)
            counts.append(count(part, bounds))
        return bins, Counts(*map(sum, zip(*counts, strict=True)))

    def _parts(self, values: Tensor, name: str | None) -> list[tuple[Tensor, float]]:
        """Of one layer, else of those that were clamped, else of all: the values, and their scale."""
        parts = list(zip(self.clip.layers, self.clip.per_layer(values), self.clip.scales, strict=True))
        chosen = [part for part in parts if part[0][0] == name] or [part for part in parts if part[2] is not None]
        return [(tensor, 1.0 if scale is None else scale) for _, tensor, scale in chosen or parts]


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
    check(named)
    low, high = checked_clip_range(clip_range)
    before = flat(named)
    factors = tuple(1.0 if scales is None else scales.get(name) for name, _ in named)
    for (_, parameter), scale in zip(named, factors, strict=True):
        if scale is not None:
            parameter.clamp_(low * scale, high * scale)
    return ClipReport((low, high), layers_of(named), before, factors)


def check(named: list[tuple[str, nn.Parameter]]) -> None:
    """Raises ValueError for parameters that can't be clamped and counted."""
    if not all(isinstance(name, str) for name, _ in named):
        raise ValueError("clip_ needs names with the parameters: call it with module.named_parameters().")
    dtypes = {parameter.dtype for _, parameter in named}
    # The counts need one type, because a bound is rounded to it before it is compared.
    if len(dtypes) > 1 or not all(dtype.is_floating_point for dtype in dtypes):
        names = ", ".join(sorted(str(dtype) for dtype in dtypes))
        raise ValueError(f"clip_ needs parameters of one floating-point type, not {names}: call it once for each.")
    if not any(parameter.numel() for _, parameter in named):
        raise ValueError("There are no weights to clamp: the module has no parameters, or only empty ones.")


@torch.no_grad()
def clamp_(parameters: tuple[Tensor, ...], clip_range: Range) -> None:
    """As `clip_`, for parameters and a range that were checked before, without a report of it."""
    low, high = clip_range
    torch._foreach_clamp_min_(parameters, low)  # in fewer calls than one by one
    torch._foreach_clamp_max_(parameters, high)


def unclamped(named: Iterable[tuple[str, Tensor]]) -> ClipReport:
    """The report of an update that clamps nothing."""
    named = list(named)
    return ClipReport(None, layers_of(named), flat(named), (None,) * len(named))


def layers_of(named: Iterable[tuple[str, Tensor]]) -> Layers:
    return tuple((name, tuple(tensor.shape)) for name, tensor in named)


def shares_outside(values: Tensor, bounds: Tensor) -> Tensor:
    """The share of the values outside [-c, c] for each c of `bounds`, which are ascending: float64 [n]."""
    counts = torch.zeros(len(bounds) + 1, dtype=torch.int64)
    for part in values.detach().flatten().split(1_000_000):  # so that memory stays small
        # bounds[i - 1] < |v| <= bounds[i]: outside the first i ranges
        counts += torch.bucketize(part.abs(), bounds).bincount(minlength=len(counts))
    return counts.flip(0).cumsum(0).flip(0)[1:].double() / values.numel()


@lru_cache
def _sizes(layers: Layers) -> list[int]:
    return [math.prod(shape) for _, shape in layers]


@lru_cache
def _spans(
    layers: Layers, bounds: tuple[Range | None, ...], dtype: torch.dtype
) -> list[tuple[list[float], slice, list[tuple[int, slice]]]]:
    """Where to compare: bounds, the span of the layers that have them, and of each its number and its part of the span.

    By default all have the same, and are compared together; those without bounds are left out.
    """
    ends = list(accumulate(_sizes(layers), initial=0))
    spans = []
    for both, group in groupby(range(len(layers)), bounds.__getitem__):
        numbers = list(group)
        start, stop = ends[numbers[0]], ends[numbers[-1] + 1]
        if both:
            parts = [(i, slice(ends[i] - start, ends[i + 1] - start)) for i in numbers]
            spans.append((torch.tensor(both, dtype=dtype).tolist(), slice(start, stop), parts))
    return spans


def _array(values: Tensor) -> np.ndarray:
    """The same values, which numpy compares twenty times as fast; of bfloat16, which it lacks, as float32."""
    values = values.detach().cpu()
    return (values.float() if values.dtype == torch.bfloat16 else values).numpy()


@torch.no_grad()
def flat(named: Iterable[tuple[str, Tensor]]) -> Tensor:
    """A copy of all their values, in order."""
    return torch.cat([tensor.reshape(-1) for _, tensor in named])
