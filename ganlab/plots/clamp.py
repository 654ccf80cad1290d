"""The critic's weights, around the clamp if there is one, as data for front/clamp.js, which draws what holds it too."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ganlab.formatting import count_of, range_in_words, significant
from ganlab.gan.clipping import UpdateReport
from ganlab.gan.histograms import WeightHistogram, axis_limit
from ganlab.plots.base import Figure, rounded

Range = tuple[float, float]
DOTS = 220
"""Weights that are drawn one by one in slow motion."""


class Slider(NamedTuple):
    """What holds the critic, to be set under the histogram: a thumb for each of `values`, on a scale with `rungs`."""

    thumbs: tuple[str, ...] = ()  # their names; none if there is nothing to set
    values: tuple[float, ...] = ()
    rungs: Sequence[float] = (1.0,)
    name: str = ""  # what it sets, in a few words, unless these are the bounds of the clamp
    sentence: str = ""  # what holds the critic, in place of the slider


def bounds(clip_range: Range, rungs: Sequence[float]) -> Slider:
    """A slider with both bounds of the clip range."""
    return Slider(("Low bound", "High bound"), clip_range, rungs)


class Change(NamedTuple):
    """A change of the clip range: its number, the range before, and its first clamp, if known."""

    id: int
    former: Range
    left: float  # seconds for which it is still compared
    first: WeightHistogram | None = None


def clamp(
    histogram: WeightHistogram | None,
    slider: Slider,
    *,
    live: bool = True,
    mirror: bool = True,
    log_y: bool = False,
    limit: float | None = None,
    next: str = "",
    pinned: WeightHistogram | None = None,
    change: Change | None = None,
    update: UpdateReport | None = None,
    note: str = "",
) -> Figure:
    """The histogram with the range that made it, if it was clamped, and the slider with what is asked for.

    The two differ while a change waits; `next` says for which one. Without a histogram (no update yet) only the axes.
    The x axis goes to ±`limit`, by default the `axis_limit` of the range. `live` is whether the thumbs can be pulled,
    `mirror` whether one bound moves the other. `pinned` are the weights of another step; in another unit they are
    not drawn, and a note says so. The first clamp of a `change` is played once per id; `update` is the last critic
    update of a paused run, to be played in slow motion. `note` is written in the plot.
    """
    sentence = slider.sentence
    if sentence and next:  # there is room for one of them
        sentence, next = f"From the next update: {next}.", ""
    figure: Figure = {"live": live, "mirror": mirror, "log": log_y, "next": next, "sentence": sentence}
    figure |= {"thumbs": list(slider.thumbs), "wanted": list(slider.values), "rungs": list(slider.rungs)}
    figure |= {"slider": slider.name, "name": histogram.name if histogram else "", "alt": _in_words(histogram)}
    figure |= {"clamp": _counts(histogram, limit) if histogram else _nothing(slider, limit), "note": note}
    if histogram and not histogram.clip_range:
        figure["free"] = no_clamp(histogram)
    if histogram and histogram.scale != 1:
        one = "" if math.isnan(histogram.scale) else f", {significant(histogram.scale, 3)}"
        figure["unit"] = f"each weight divided by its layer’s factor{one}"
    if pinned and histogram and not pinned.has_unit_of(histogram):
        figure["note"] = "Pinned step not drawn: its weights are in a different unit."
    elif pinned:
        figure["pinned"] = _counts(pinned)
    if change:
        figure["change"] = {"id": change.id, "former": list(change.former), "left": round(change.left, 1)}
        if first := change.first:
            figure["change"]["fold"] = _counts(first, limit or max(axis_limit(change.former), first.limit))
    if update and histogram:
        figure["slow"] = _slow(update, histogram)
    return figure


def no_clamp(histogram: WeightHistogram) -> str:
    """How many weights there are that nothing clamps, and how large the largest is, if that is known."""
    weights = f"No clamp: {count_of(histogram.before_counts.total, 'weight')}"
    return weights if math.isnan(histogram.largest) else f"{weights}, the largest {significant(histogram.largest, 2)}"


def _counts(histogram: WeightHistogram, limit: float | None = None) -> Figure:
    before, after = histogram.before_counts, histogram.after_counts
    clamped = histogram.clip_range is not None
    return {
        "range": list(histogram.clip_range or ()),
        "limit": limit or histogram.limit,
        **_edges(histogram.edges),
        "before": histogram.before.tolist(),
        "after": histogram.after.tolist(),
        "at_before": [before.at_low, before.at_high] if clamped else [],
        "at": [after.at_low, after.at_high] if clamped else [],
        "moved": before.outside,
        "total": before.total,
    }


def _edges(edges: np.ndarray) -> Figure:
    """Two numbers if all bins are equally wide, else every edge."""
    widths = np.diff(edges)
    if np.ptp(widths) < 1e-6 * widths[0]:
        return {"x0": rounded(edges[0], 8), "dx": rounded(widths.mean(), 8)}
    return {"edges": [rounded(edge, 8) for edge in edges]}


def _nothing(slider: Slider, limit: float | None) -> Figure:
    clip_range = slider.values if len(slider.values) == 2 else ()
    zeros = [0 for _ in clip_range]
    empty = {"before": [0], "after": [0], "at_before": zeros, "at": zeros, "moved": 0, "total": 1}
    limit = limit or (axis_limit(clip_range) if clip_range else 1.0)
    return empty | {"range": list(clip_range), "limit": limit, "x0": -limit, "dx": 2 * limit}


def _slow(update: UpdateReport, histogram: WeightHistogram) -> Figure:
    """The weights before the gradient step, in the same bins, and a few of them at the update's three moments."""
    moments, (start, at) = update.of_layer(histogram.name), update.start_counts(histogram)
    few = np.linspace(0, len(moments[0]) - 1, min(DOTS, len(moments[0]))).astype(int)
    return {
        "id": update.critic_step,
        "number": update.number,
        "start": start.tolist(),
        "at": [at.at_low, at.at_high] if histogram.clip_range else [],
        "dots": [[rounded(weight, 3) for weight in moment.cpu().numpy()[few].tolist()] for moment in moments],
    }


def _in_words(histogram: WeightHistogram | None) -> str:
    if histogram is None:
        return "No update yet."
    if histogram.clip_range is None:
        return f"{histogram.name}. {no_clamp(histogram)}."
    before, after = histogram.before_counts, histogram.after_counts
    return (
        f"{histogram.name}, clamped to {range_in_words(histogram.clip_range)}: before, {before.below_low:,} weights "
        f"below low and {before.above_high:,} above high; after, {after.at_low:,} exactly at low and {after.at_high:,} "
        "at high."
    )
