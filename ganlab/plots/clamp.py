"""The weights before and after a clamp, as data for front/clamp.js, which draws them with the clip range to pull."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ganlab.formatting import range_in_words
from ganlab.gan.clipping import UpdateReport
from ganlab.gan.histograms import WeightHistogram, axis_limit, binned, count
from ganlab.plots.base import Figure, axis, curve, framed, packed, rounded

Range = tuple[float, float]
DOTS = 220
"""Weights that are drawn one by one in slow motion."""


class Change(NamedTuple):
    """A change of the clip range: its number, the range before, its age in seconds, and its first clamp, if known."""

    id: int
    former: Range
    age: float
    first: WeightHistogram | None = None


def clamp(
    histogram: WeightHistogram | None,
    wanted: Range,
    rungs: Sequence[float],
    *,
    live: bool = True,
    mirror: bool = True,
    log_y: bool = False,
    limit: float | None = None,
    pinned: WeightHistogram | None = None,
    change: Change | None = None,
    update: UpdateReport | None = None,
) -> Figure:
    """The histogram with the range that made it; the thumbs of the slider, on its `rungs`, stand at `wanted`.

    The two differ while a change waits. Without a histogram (no clamp yet) only the axes. The x axis goes to ±`limit`,
    by default the `axis_limit` of the range. `live` is whether the bounds can be pulled, `mirror` whether one moves
    the other. `pinned` are the weights of another step. The first clamp of a `change` is played once per id; `update`
    is the last critic update of a paused run, to be played in slow motion.
    """
    figure: Figure = {"rungs": list(rungs), "wanted": list(wanted), "live": live, "mirror": mirror, "log": log_y}
    figure |= {"name": histogram.name if histogram else "", "alt": _in_words(histogram)}
    figure["clamp"] = _counts(histogram, limit) if histogram else _nothing(wanted, limit)
    if pinned and pinned.clip_range:
        figure["pinned"] = _counts(pinned)
    if change:
        figure["change"] = {"id": change.id, "former": list(change.former), "age": round(change.age, 1)}
        if first := change.first:
            figure["change"]["fold"] = _counts(first, limit or max(axis_limit(change.former), first.limit))
    if update and histogram:
        figure["slow"] = _slow(update, histogram)
    return figure


def unclamped(histogram: WeightHistogram | None) -> Figure:
    """The weights where nothing is clamped: one histogram, without bounds; only the axes before the first update."""
    name, limit = (histogram.name, histogram.limit) if histogram else ("", 1.0)
    alt = f"{name}: {histogram.before_counts.total:,} weights, which nothing clamps." if histogram else "No update yet."
    return framed(
        [_skyline(histogram)] if histogram else [],
        axis("weight", 3, range=[-limit, limit], tickformat="~g", nticks=9),
        axis("weights", 4, rangemode="tozero"),
        scale=f"weights {name} {limit}",
        alt=alt,
    )


def _skyline(histogram: WeightHistogram) -> Figure:
    top = np.append(histogram.before, histogram.before[-1]).astype(float)
    skyline = curve(top, "weights", "$before", 1.4, hover="%{y:,.0f}", x=packed(histogram.edges))
    return skyline | {"fill": "tozeroy", "fillcolor": "$before 0.3", "line": skyline["line"] | {"shape": "hv"}}


def _counts(histogram: WeightHistogram, limit: float | None = None) -> Figure:
    before, after = histogram.before_counts, histogram.after_counts
    assert histogram.clip_range  # `unclamped` draws those without
    return {
        "range": list(histogram.clip_range),
        "limit": limit or histogram.limit,
        **_edges(histogram.edges),
        "before": histogram.before.tolist(),
        "after": histogram.after.tolist(),
        "at_before": [before.at_low, before.at_high],
        "at": [after.at_low, after.at_high],
        "moved": before.outside,
        "total": before.total,
    }


def _edges(edges: np.ndarray) -> Figure:
    """Two numbers if all bins are equally wide, else every edge."""
    widths = np.diff(edges)
    if np.ptp(widths) < 1e-6 * widths[0]:
        return {"x0": rounded(edges[0], 8), "dx": rounded(widths.mean(), 8)}
    return {"edges": [rounded(edge, 8) for edge in edges]}


def _nothing(clip_range: Range, limit: float | None) -> Figure:
    empty = {"before": [0], "after": [0], "at_before": [0, 0], "at": [0, 0], "moved": 0, "total": 1}
    limit = limit or axis_limit(clip_range)
    return empty | {"range": list(clip_range), "limit": limit, "x0": -limit, "dx": 2 * limit}


def _slow(update: UpdateReport, histogram: WeightHistogram) -> Figure:
    """The weights before the gradient step, in the same bins, and a few of them at the update's three moments."""
    moments = update.of_layer(histogram.name)
    start, clip_range = moments[0].cpu(), histogram.clip_range
    assert clip_range  # there was a clamp
    at = count(start, clip_range)
    few = np.linspace(0, len(start) - 1, min(DOTS, len(start))).astype(int)
    return {
        "id": update.critic_step,
        "number": update.number,
        "start": binned(start, histogram.edges, clip_range).tolist(),
        "at": [at.at_low, at.at_high],
        "dots": [[rounded(weight, 3) for weight in moment.cpu().numpy()[few].tolist()] for moment in moments],
    }


def _in_words(histogram: WeightHistogram | None) -> str:
    if histogram is None or histogram.clip_range is None:
        return "No clamp yet."
    before, after = histogram.before_counts, histogram.after_counts
    return (
        f"{histogram.name}, clamped to {range_in_words(histogram.clip_range)}: before, {before.below_low:,} weights "
        f"below low and {before.above_high:,} above high; after, {after.at_low:,} exactly at low and {after.at_high:,} "
        "at high."
    )
