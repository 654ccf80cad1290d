"""The clamp and what it did: the only place where weights are clamped."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
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
        before, after = _array(self.before), _array(self.after)
        ends = list(accumulate((math.prod(shape) for _, shape in self.layers), initial=0))
        # Layers with the same bounds, as by default all have, are compared together.
        for bounds, group in groupby(range(len(self.layers)), self.bounds.__getitem__):
            layers = list(group)
            whole = slice(ends[layers[0]], ends[layers[-1] + 1])
            if bounds:
                low, high = torch.tensor(bounds, dtype=self.before.dtype).tolist()
                outside = (before[whole] < low) | (before[whole] > high)
                at_bound = (after[whole] == low) | (after[whole] == high)
                for i in layers:
                    layer = slice(ends[i] - whole.start, ends[i + 1] - whole.start)
                    counts[i] = np.count_nonzero(outside[layer]), np.count_nonzero(at_bound[layer])
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


@torch.no_grad()
def clamp_(parameters: Iterable[nn.Parameter], clip_range: Range) -> None:
    """As `clip_`, for parameters and a range that it has accepted before, without a report of it."""
    low, high = clip_range
    for parameter in parameters:
        parameter.clamp_(low, high)


def unclamped(named: Iterable[tuple[str, Tensor]]) -> ClipReport:
    """The report of an update that clamps nothing."""
    named = list(named)
    values = flat(named)
    return ClipReport(None, layers_of(named), values, values, (None,) * len(named))


def layers_of(named: Iterable[tuple[str, Tensor]]) -> Layers:
    return tuple((name, tuple(tensor.shape)) for name, tensor in named)


def shares_outside(values: Tensor, bounds: Tensor) -> Tensor:
    """The share of the values outside [-c, c] for each c of `bounds`, which are ascending: float64 [n]."""
    counts = torch.zeros(len(bounds) + 1, dtype=torch.int64)
    for part in values.detach().flatten().split(1_000_000):  # so that memory stays small
        # bounds[i - 1] < |v| <= bounds[i]: outside the first i ranges
        counts += torch.bucketize(part.abs(), bounds).bincount(minlength=len(counts))
    return counts.flip(0).cumsum(0).flip(0)[1:].double() / values.numel()


def _array(values: Tensor) -> np.ndarray:
    """The same values, which numpy compares twenty times as fast; of bfloat16, which it lacks, as float32."""
    values = values.detach().cpu()
    return (values.float() if values.dtype == torch.bfloat16 else values).numpy()


@torch.no_grad()
def flat(named: Iterable[tuple[str, Tensor]]) -> Tensor:
    """A copy of all their values, in order."""
    return torch.cat([tensor.reshape(-1) for _, tensor in named])
