"""The histogram of the weights before and after the clamp."""

from typing import Any

import numpy as np

from ganlab.formatting import number, range_in_words, round_up
from ganlab.gan.clipping import WeightHistogram, axis_limit
from ganlab.plots.base import Figure, axis, framed, note, packed, rounded, upright


def clamp(
    histogram: WeightHistogram | None,
    clip_range: tuple[float, float],
    log_y: bool = False,
    mirror: bool = True,
    limit: float | None = None,
    pinned: WeightHistogram | None = None,
) -> Figure:
    """Weights before (outline) and after (fill) the clamp, posts at the bounds, and rules that the user can drag.

    Without a histogram (no clamp yet) only the axes and the rules. The x axis goes to ±`limit`, by default the
    `axis_limit` of the clip range. `pinned` are the weights of another step, drawn over them as dotted outlines.
    `mirror` is for the browser: whether dragging one rule moves the other.
    """
    scale = limit or clip_range
    limit = limit or axis_limit(clip_range)
    narrow = clip_range[1] - clip_range[0] < 0.6 * limit  # labels between the bounds would overlap
    traces, notes, top = _clamp_data(histogram, log_y, narrow) if histogram else ([], [], 10.0)
    if pinned and histogram:
        outlines, highest = _pinned_data(pinned, _bin_width(histogram))
        traces, top = traces + outlines, max(top, round_up(1.12 * highest))
    sides = ("right", "left") if narrow else ("center", "center")
    places = 4 if limit >= 0.001 else 7
    tick, hover = f".{places}~f", f".{places + 1}~f"
    linear = {"type": "linear", "range": [0, top]}
    log = {"type": "log", "range": [np.log10(0.7), np.log10(top * 3)], "dtick": 1}
    figure = framed(
        traces,
        axis("weight", range=[-limit, limit], tickformat=tick, hoverformat=hover, nticks=9),
        axis("weights per bin", 4, tickformat="~s", nticks=5) | (log if log_y else linear),
        scale=f"{scale}{histogram.name if histogram else ''}{log_y}",
        alt=f"Histogram of the weights before and after the clamp to {range_in_words(clip_range)}. "
        + (_counts_in_words(histogram) if histogram else "No clamp yet."),
        margin=(50, 4, 30, 42),
        hovermode="x unified",
        bargap=0,
        barmode="overlay",
        shapes=_outside(clip_range, limit) + [upright(bound) for bound in clip_range],
        annotations=[*map(_bound_note, ("low", "high"), clip_range, sides), *notes],
    )
    rules = [  # with the indices of their line, zone and note
        {"name": "low", "value": clip_range[0], "line": 2, "zone": 0, "edge": "x1", "note": 0},
        {"name": "high", "value": clip_range[1], "line": 3, "zone": 1, "edge": "x0", "note": 1},
    ]
    return figure | {"rules": rules, "mirror": mirror}


def _clamp_data(histogram: WeightHistogram, log_y: bool, narrow: bool) -> tuple[list[Figure], list[Figure], float]:
    edges, counts = histogram.edges, histogram.after_counts
    low, high = histogram.clip_range
    inside = np.flatnonzero((edges[:-1] >= np.float32(low)) & (edges[1:] <= np.float32(high)))
    after = histogram.after[inside]
    width = max(float(edges[inside[0] + 1] - edges[inside[0]]), float(edges[-1] - edges[0]) / 150)
    posts = _posts(histogram, width * 1.15, color="$after", line={"width": 0})
    traces: list[Figure] = [
        _filled(edges[inside[0] : inside[-1] + 2], after, "after", 0.42, width=0),
        _filled(edges, histogram.before, "before", 0.2, width=2),
        posts | {"hovertemplate": "%{y:,}<extra>exactly at the bound</extra>"},
    ]
    top = round_up(1.12 * max(histogram.before.max(), after.max(), counts.at_low, counts.at_high, 1))
    beside = max(3, len(after) // 6)  # bins beside a post that its label must not cover
    notes = [
        _post_note("low", low, counts.at_low, max(counts.at_low, *after[:beside]), log_y, not narrow),
        _post_note("high", high, counts.at_high, max(counts.at_high, *after[-beside:]), log_y, narrow),
    ]
    return traces, notes, top


def _pinned_data(histogram: WeightHistogram, bin_width: float) -> tuple[list[Figure], float]:
    """Dotted outlines of another step, its counts scaled to bins of that width; and the highest of them."""
    scaled = histogram.before * (bin_width / _bin_width(histogram))
    line = {"shape": "hv", "width": 1.6, "color": "$before", "dash": "2px,2px"}
    outline: Figure = {"type": "scatter", "mode": "lines", "hoverinfo": "skip", "line": line, **_x(histogram.edges)}
    outline["y"] = packed(np.append(scaled, scaled[-1]))
    posts = _posts(histogram, bin_width * 1.6, color="rgba(0,0,0,0)", line={"width": 1.6, "color": "$after"})
    return [outline, posts | {"hoverinfo": "skip"}], max(scaled.max(), *posts["y"])


def _bin_width(histogram: WeightHistogram) -> float:
    return float(histogram.edges[1] - histogram.edges[0])


def _x(edges: np.ndarray) -> Figure:
    """The edges of the bins: two numbers if all are equally wide, else every edge."""
    widths = np.diff(edges)
    if np.ptp(widths) < 1e-6 * widths[0]:
        return {"x0": rounded(edges[0], 8), "dx": rounded(widths.mean(), 8)}
    return {"x": [rounded(edge, 8) for edge in edges]}


def _filled(edges: np.ndarray, counts: np.ndarray, name: str, opacity: float, width: float) -> Figure:
    line = {"shape": "hv", "width": width, "color": f"${name}"}
    steps = {"y": [*counts.tolist(), int(counts[-1])], "line": line, "fillcolor": f"${name} {opacity}", **_x(edges)}
    hover = {"hovertemplate": "%{y:,}<extra>" + name + "</extra>"}
    return {"type": "scatter", "mode": "lines", "fill": "tozeroy"} | steps | hover


def _posts(histogram: WeightHistogram, width: float, **marker: Any) -> Figure:
    """A bar at each bound, as high as there are weights exactly at it."""
    counts = histogram.after_counts
    heights = {"x": list(histogram.clip_range), "y": [counts.at_low, counts.at_high]}
    return {"type": "bar", "width": [width] * 2, "marker": marker} | heights


def _outside(clip_range: tuple[float, float], limit: float) -> list[Figure]:
    """The two zones outside the clip range, which the clamp empties."""
    zone: Figure = {"type": "rect", "xref": "x", "yref": "paper", "y0": 0, "y1": 1, "layer": "below"}
    zone |= {"fillcolor": "$text 0.035", "line": {"width": 0}}
    low, high = clip_range
    return [zone | {"x0": -limit * 1.05, "x1": low}, zone | {"x0": high, "x1": limit * 1.05}]


def _bound_note(name: str, x: float, anchor: str) -> Figure:
    place: Figure = {"yref": "paper", "yanchor": "bottom", "yshift": 1, "xanchor": anchor}
    box: Figure = {"bgcolor": "$page", "bordercolor": "$bound 0.3", "borderwidth": 1, "borderpad": 2.5}
    return note(x, 1, f"{name} <b>{number(x)}</b>", **place, **box)


def _post_note(name: str, x: float, count: int, height: int, log_y: bool, to_the_right: bool) -> Figure:
    side, shift = ("left", 8) if to_the_right else ("right", -8)
    y = float(np.log10(max(height, 1))) if log_y else int(height)
    place: Figure = {"yanchor": "bottom", "yshift": 2, "xanchor": side, "xshift": shift}
    return note(x, y, f"<b>{count:,}</b> at {name}", "$after", 14, **place)


def _counts_in_words(histogram: WeightHistogram) -> str:
    before, after = histogram.before_counts, histogram.after_counts
    return (
        f"{histogram.name}: before, {before.below_low:,} weights below low and {before.above_high:,} above high; "
        f"after, {after.at_low:,} exactly at low and {after.at_high:,} at high."
    )
