"""The weights over a whole run: a ridge of histograms, and bands of quantiles."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ganlab.gan.histograms import WeightHistogram
from ganlab.plots.base import Figure, axis, curve, framed, note, packed
from ganlab.plots.curves import cursors

RIDGES = 16
REACH = 4  # rows that the tallest one covers
MARGIN = (56, 6, 10, 42)
WEIGHT_AXIS = axis("weight", 3, tickformat="~g")
APART = 0.12  # of the axis's upper half, between two labels
LINE = {"type": "scatter", "mode": "lines"}
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


class StepWeights(NamedTuple):
    """The weights of one layer, or of all, around the last clamp of a step."""

    step: int
    weights: WeightHistogram


def unlike_newest(saved: Sequence[StepWeights]) -> int:
    """The last of the steps whose weights have another unit than the newest, so that no axis holds both; 0 if none."""
    return max((one.step for one in saved if not one.weights.has_unit_of(saved[-1].weights)), default=0)


def _left_out(since: int) -> list[Figure]:
    text = f"Weights up to step {since:,} are in a different unit: not drawn."
    corner = {"xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": "top"}
    return [note(0, 1, text, "$muted", 11.5, **corner, bgcolor="$page 0.85")] if since else []


def evenly(steps: Sequence[int], n: int = RIDGES) -> list[int]:
    """At most n of the steps, the first and last among them, as evenly spaced as possible."""
    if len(steps) <= n:
        return list(steps)
    known, targets = np.array(steps), np.linspace(steps[0], steps[-1], n)
    after = np.searchsorted(known, targets)
    before = (after - 1).clip(0)
    nearest = np.where(targets - known[before] <= known[after] - targets, known[before], known[after])
    return sorted(set(nearest.tolist()))


def quantiles(histogram: WeightHistogram) -> np.ndarray:
    """QUANTILES of the weights before the clamp, exact to the width of a bin: [5].

    Weights exactly at a bound count there; weights beyond the axis count in its last bin.
    """
    centres = (histogram.edges[:-1] + histogram.edges[1:]) / 2
    bounds, at_bounds = _bounds(histogram), (histogram.before_counts.at_low, histogram.before_counts.at_high)
    values = np.array([*centres, *bounds])
    counts = np.array([*histogram.before, *at_bounds])
    values, counts = values[~np.isnan(values)], counts[~np.isnan(values)]
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(counts[order])
    ranks = np.clip(np.ceil(np.array(QUANTILES) * reached[-1]), 1, reached[-1])
    return values[order][np.searchsorted(reached, ranks)]


def bands(saved: Sequence[StepWeights], since: int = 0) -> Figure:
    """Median, middle half and middle 90 % of the weights before each clamp, over steps; and the bounds.

    Steps up to `since` are left out, which a note says.
    """
    steps = np.array([one.step for one in saved], float)
    lines = np.array([quantiles(one.weights) for one in saved]).reshape(-1, len(QUANTILES)).T
    bounds = np.array([_bounds(one.weights) for one in saved]).reshape(-1, 2).T
    line: Figure = LINE | {"x": packed(steps), "hoverinfo": "skip"}
    edge = line | {"line": {"width": 0, "color": "$before"}}
    rule = line | {"line": {"width": 1.25, "color": "$bound", "dash": "4px,3px", "shape": "hv"}}
    traces: list[Figure] = []
    for low, high, fill in ((0, 4, "$before 0.18"), (1, 3, "$before 0.32")):
        traces.append(edge | {"y": packed(lines[low])})
        traces.append(edge | {"y": packed(lines[high]), "fill": "tonexty", "fillcolor": fill})
    traces.append(curve(lines[2], "median", "$before", 2, hover="%{y:.4~g}", x=packed(steps), hoverinfo="y"))
    traces += [rule | {"y": packed(bound)} for bound in bounds]
    limit = _limit(saved)
    beside = {"xref": "paper", "xanchor": "left", "xshift": 5, "yanchor": "middle"}
    notes = [note(1, y, text, "$before", 11.5, **beside) for y, text in _labels(lines, limit)] if saved else []
    return framed(
        traces,
        axis("step", nticks=8, tickformat=",d"),
        WEIGHT_AXIS | {"range": [-limit, limit], "nticks": 7},
        scale=f"bands {limit}",
        alt=f"Quantiles of the weights before the clamp over {len(saved)} saved steps.",
        margin=(56, 78, 10, 42),  # the labels are on the right
        hovermode="x",
        annotations=notes + _left_out(since),
    )


def _labels(lines: np.ndarray, limit: float) -> list[tuple[float, str]]:
    """The names of the median and the bands, at the ends of their upper lines, but apart and on the axis."""
    places: list[float] = []
    for line in lines[2:]:
        places.append(max([float(line[-1]), *(place + APART * limit for place in places[-1:])]))
    over = max(0.0, places[-1] - 0.97 * limit)
    return [(place - over, name) for place, name in zip(places, ("median", "middle half", "middle 90 %"), strict=True)]


def marked(figure: Figure, steps: Sequence[int]) -> Figure:
    """A chart over steps, with a line at the first of `steps` and a dotted one at the second."""
    layout = figure["layout"]
    return figure | {"layout": layout | {"shapes": layout.get("shapes", []) + cursors(steps)}}


def ridge(saved: Sequence[StepWeights], since: int = 0) -> Figure:
    """Histograms before the clamp, the earliest in front, with posts for the weights at the bounds after it.

    Steps up to `since` are left out, which a note says.
    """
    limit = _limit(saved)
    top = max((_density(one.weights).max() for one in saved), default=1.0)
    top_post = max((max(_posts(one.weights)) for one in saved), default=0.0) or 1.0
    traces: list[Figure] = []
    for i, one in reversed(list(enumerate(saved))):
        traces += _skyline(one.weights, i, top, top_post)
    ticks = list(range(0, len(saved), max(1, len(saved) // 6)))
    steps = [f"{saved[i].step:,}" for i in ticks]
    return framed(
        traces,
        WEIGHT_AXIS | {"range": [-limit, limit], "nticks": 9},
        axis("step", 4, range=[-0.3, len(saved) + REACH], showgrid=False, tickvals=ticks, ticktext=steps),
        scale=f"ridge {limit} {len(saved)}",
        alt=f"Histograms of the weights before the clamp at {len(saved)} steps, one behind another.",
        margin=MARGIN,
        hovermode=False,
        annotations=_left_out(since),
    )


def _limit(saved: Sequence[StepWeights]) -> float:
    return max((one.weights.limit for one in saved), default=1.0)


def _bounds(histogram: WeightHistogram) -> tuple[float, float]:
    """NaN where nothing was clamped: a line is broken there."""
    return histogram.clip_range or (np.nan, np.nan)


def _density(histogram: WeightHistogram) -> np.ndarray:
    """The density of the weights before the clamp on an axis of length 1, since bins and limits follow the range."""
    shares = histogram.before / histogram.before_counts.total
    return shares / np.diff(histogram.edges) * histogram.limit


def _posts(histogram: WeightHistogram) -> tuple[float, float]:
    counts = histogram.after_counts
    return counts.at_low / counts.total, counts.at_high / counts.total


def _skyline(histogram: WeightHistogram, base: int, top: float, top_post: float) -> list[Figure]:
    """A histogram on its base line, at most REACH rows high, and posts on its bounds, at most almost one row high."""
    tall = base + REACH * _density(histogram) / top
    along = LINE | {"x": packed(histogram.edges)}
    floor = along | {"y": packed(np.full(len(histogram.edges), float(base))), "line": {"width": 0}}
    skyline = along | {"y": packed(np.append(tall, tall[-1])), "fill": "tonexty", "fillcolor": "$page 0.75"}
    skyline |= {"line": {"width": 1.4, "color": "$before", "shape": "hv"}}
    post = LINE | {"line": {"width": 4, "color": "$after"}}
    posts = [
        post | {"x": [bound, bound], "y": [base, base + 0.9 * share / top_post]}
        for bound, share in zip(_bounds(histogram), _posts(histogram), strict=True)
        if share
    ]
    return [floor, skyline, *posts]
