"""Several runs in one figure, each with a letter, a colour, a dash and a marker."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from ganlab.formatting import number, short
from ganlab.gan.histograms import WeightHistogram
from ganlab.measure.gradients import Gradients
from ganlab.measure.reading import READINGS
from ganlab.plots import letters
from ganlab.plots.base import Figure, axis, curve, framed, in_units, packed, per_mark, rounded, steps_axis
from ganlab.plots.curves import ALONG, HOLDING, POINTS, asinh_axis, running_median
from ganlab.plots.readings import empty, log_axis
from ganlab.runs.snapshot import Snapshot

LETTERS = "ABCDEFGH"
DASHES = ("solid", "dash", "dot", "dashdot")
MARKERS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "triangle-down", "star")
MARKED = 6  # markers along a line
MEDIAN = 25  # steps in the running median of an estimate
AWAY = "logarithmic away from 0"  # of an asinh axis: in its title, as its labels alone look evenly spaced
WIDE = 4  # from this ratio of the largest value to the smallest on, distances are drawn on a log axis
SPREAD = 4  # from this ratio of the widest axis to the narrowest on, weights are drawn on an asinh axis


class Line(NamedTuple):
    """One run's values along an axis; NaN where two stretches that can't be compared meet."""

    x: np.ndarray  # [n]
    y: np.ndarray  # [n]


def style(letter: str) -> tuple[str, str, str]:
    """A run's colour, dash and marker."""
    i = LETTERS.index(letter)
    return f"${letter}", DASHES[i % len(DASHES)], MARKERS[i]


def estimate_line(snapshot: Snapshot, along: str) -> Line:
    """The critic's estimate as a running median, at most about POINTS points, along one of ALONG."""
    history = snapshot.history
    x, y = history[along], history["critic_estimate"]
    k = per_mark(len(history), POINTS)
    parts = [(_means(x[part], k), _means(running_median(y[part], MEDIAN), k)) for part in stretches(snapshot)]
    return _joined(parts)


def distance_line(snapshot: Snapshot, along: str) -> Line:
    """The distance W1 between generated and real samples, as the instruments found it, along one of ALONG."""
    steps, w1 = (snapshot.readings[:, READINGS.index(column)] for column in ("step", "w1"))
    history = snapshot.history
    rows = np.searchsorted(history["step"], steps)
    known = np.isfinite(w1) & (rows < len(history))
    cuts = [part.start for part in stretches(snapshot)][1:]
    parts = np.split(np.flatnonzero(known), np.searchsorted(rows[known], cuts))
    return _joined([(history[along][rows[part]], w1[part]) for part in parts])


def stretches(snapshot: Snapshot) -> list[slice]:
    """The steps of the history, cut wherever the critic was held another way: estimates are comparable within one."""
    history = snapshot.history
    ranges = np.nan_to_num(np.stack([history["clip_low"], history["clip_high"]], axis=1))  # NaN: not clamped
    cuts = set((np.flatnonzero((ranges[1:] != ranges[:-1]).any(axis=1)) + 1).tolist())
    held = [change.step for change in snapshot.changes if change.field in HOLDING]
    cuts |= set(np.searchsorted(history["step"], held, side="right").tolist())
    edges = [0, *sorted(cut for cut in cuts if 0 < cut < len(history)), len(history)]
    return [slice(*pair) for pair in zip(edges, edges[1:], strict=False) if pair[0] < pair[1]]


def _means(values: np.ndarray, k: int) -> np.ndarray:
    """The mean of every k values; the last few are left out, unless they are all there are."""
    k = min(k, len(values))
    return values[: len(values) // k * k].reshape(-1, k).mean(axis=1)


def _joined(parts: Sequence[tuple[np.ndarray, np.ndarray]]) -> Line:
    """The parts in one line, with a gap between any two."""
    gap = np.array([np.nan])
    xs, ys = ([array for part in parts if len(part[0]) for array in (gap, part[i])][1:] for i in (0, 1))
    return Line(np.concatenate(xs), np.concatenate(ys)) if xs else Line(np.zeros(0), np.zeros(0))


def estimates(lines: Mapping[str, Line], along: str, over: bool = False) -> Figure:
    """The critic's estimates on one asinh axis: linear near 0, logarithmic further away; `over` if no run trains."""
    sizes = [float(np.nanmedian(np.abs(line.y))) for line in lines.values() if np.isfinite(line.y).any()]
    smallest = min((size for size in sizes if size > 0), default=1.0) / 3
    unit = 10.0 ** np.floor(np.log10(max(smallest, 1e-12)))  # coarse, so that it rarely changes while runs train
    layout = asinh_axis(unit, np.concatenate([*(line.y[np.isfinite(line.y)] for line in lines.values()), [0.0]]))
    layout |= axis(AWAY, 4)
    traces = [
        _trace(letter, line.x, np.arcsinh(line.y / unit), "%{customdata:.3~g}", customdata=packed(line.y))
        for letter, line in lines.items()
    ]
    ends = {letter: end for letter, line in lines.items() if (end := _end(line.x, np.arcsinh(line.y / unit)))}
    return _over_time("Critic’s estimate", lines, along, over, traces, ends, layout, layout["range"])


def distances(lines: Mapping[str, Line], along: str, over: bool = False) -> Figure:
    """W1 between generated and real samples over the looks of the instruments, on a log axis where they differ much.

    `over` if no run trains.
    """
    positive = {letter: Line(line.x, np.where(line.y > 0, line.y, np.nan)) for letter, line in lines.items()}
    values = np.concatenate([*(line.y[np.isfinite(line.y)] for line in positive.values()), []])
    low, high = (values.min(), values.max()) if len(values) else (1.0, 10.0)
    log = high > WIDE * low
    place: Callable[[np.ndarray], np.ndarray] = np.log10 if log else np.asarray
    traces = [_trace(letter, line.x, line.y, "%{y:.3~g}") for letter, line in positive.items()]
    ends = {letter: end for letter, line in positive.items() if (end := _end(line.x, place(line.y)))}
    span = place(np.array([low, high])).tolist()
    return _over_time("Distance", lines, along, over, traces, ends, log_axis(values).layout if log else {}, span)


def _end(x: np.ndarray, y: np.ndarray) -> tuple[float, float] | None:
    """The last known point of a line."""
    known = np.flatnonzero(np.isfinite(y))
    return (float(x[known[-1]]), float(y[known[-1]])) if len(known) else None


def _trace(letter: str, x: np.ndarray, y: np.ndarray, hover: str, **more: Any) -> Figure:
    color, dash, marker = style(letter)
    trace = curve(y, letter, color, 1.8, dash, hover, x=packed(x), **more)
    return trace | {
        "mode": "lines+markers",
        "marker": {"color": color, "symbol": marker, "size": 6.5, "maxdisplayed": MARKED},
        "connectgaps": False,
    }


def _over_time(
    title: str,
    lines: Mapping[str, Line],
    along: str,
    over: bool,
    traces: Sequence[Figure],
    ends: Mapping[str, tuple[float, float]],
    layout: Figure,
    span: Sequence[float],
) -> Figure:
    last = max((float(np.nanmax(line.x)) for line in lines.values() if len(line.x)), default=0.0)
    x_axis = steps_axis(last, over, nticks=6)
    newest = [f"{letter} {short(y[np.isfinite(y)][-1])}" for letter, (_, y) in lines.items() if np.isfinite(y).any()]
    known = bool(ends)
    return framed(
        traces,
        axis(f"{ALONG[along]}s", 4) | x_axis,
        {"nticks": 5, "tickformat": "~g"} | (layout if known else {"range": [0, 1]}),
        scale=f"{title} {along} {''.join(lines)}" if known else "empty",
        alt=f"{title} over the {ALONG[along]}s{'; newest: ' if newest else ''}{', '.join(newest)}.",
        margin=(66, 22, 8, 40),
        annotations=letters.at_ends(ends, span, x_axis["range"][1]),
    )


def weights(histograms: Mapping[str, WeightHistogram], log_y: bool = False) -> Figure:
    """The weights of several critics before and after a clamp, on one axis, as shares of each critic's weights.

    Before is an outline; after is filled, with a post on each bound for the weights exactly there. Each run keeps its
    own bins, about 80 between its bounds. Where the ranges differ much the axis is linear near 0 and logarithmic
    further away (asinh).
    """
    limits = [histogram.limit for histogram in histograms.values()] or [1.0]
    unit = 0.0
    if max(limits) >= SPREAD * min(limits):
        unit = min(limits) / 2
    traces = [trace for letter, histogram in histograms.items() for trace in _weights(letter, histogram, unit)]
    return framed(
        traces,
        axis(f"weight, {AWAY}" if unit else "weight", 3) | _weight_axis(max(limits), unit),
        axis("share of the weights", 4)
        | ({"type": "log", "dtick": 1} if log_y else {"rangemode": "tozero"} if traces else {"range": [0, 1]})
        | {"tickformat": "~%", "nticks": 6},
        scale=f"compared weights {''.join(histograms)} {max(limits)} {unit} {log_y}",
        alt=" ".join(["Weights before and after the clamp.", *(_in_words(*item) for item in histograms.items())]),
        margin=(62, 14, 8, 42),
    )


def _weight_axis(limit: float, unit: float) -> Figure:
    if not unit:
        return {"range": [-limit, limit], "tickformat": "~g", "nticks": 9}
    end = float(np.arcsinh(limit / unit))
    powers = [10.0**power for power in range(-12, 7) if 1.5 * unit <= 10.0**power <= limit]
    ticks = [0.0, *(sign * power for power in powers for sign in (1, -1))]
    places = [rounded(float(np.arcsinh(tick / unit))) for tick in ticks]
    return {"range": [-end, end], "tickvals": places, "ticktext": [number(tick) for tick in ticks]}


def _weights(letter: str, histogram: WeightHistogram, unit: float) -> list[Figure]:
    color, dash, _ = style(letter)
    total = histogram.before_counts.total or 1
    edges = histogram.edges

    def place(values: np.ndarray) -> np.ndarray:
        return np.arcsinh(values / unit) if unit else values

    def skyline(counts: np.ndarray, name: str) -> Figure:
        shares = np.append(counts, 0) / total
        hover = f"%{{customdata:.3~g}}: %{{y:.3~%}}<extra>{letter} {name}</extra>"
        base = {"type": "scatter", "mode": "lines", "name": f"{letter} {name}", "x": packed(place(edges))}
        return base | {"y": in_units(shares, 1 / total), "customdata": packed(edges), "hovertemplate": hover}

    line = {"color": color, "width": 1.5, "dash": dash, "shape": "hv"}
    if histogram.clip_range is None:
        return [skyline(histogram.before, "weights") | {"line": line}]
    after = skyline(histogram.after, "after") | {"fill": "tozeroy", "fillcolor": f"{color} 0.16"}
    after |= {"line": {"width": 0, "color": color, "shape": "hv"}, "hoverinfo": "skip"}
    return [after, skyline(histogram.before, "before") | {"line": line}, _posts(letter, histogram, place)]


def _posts(letter: str, histogram: WeightHistogram, place: Callable[[np.ndarray], np.ndarray]) -> Figure:
    """The weights exactly at either bound after the clamp, with the run's marker on top."""
    color, _, marker = style(letter)
    counts, total = histogram.after_counts, histogram.after_counts.total or 1
    shares = np.array([counts.at_low, counts.at_high]) / total
    foot, gap = 0.5 / total, np.nan  # above 0, for a log axis
    bounds = np.array(histogram.clip_range or (gap, gap))
    x = np.insert(np.repeat(place(bounds), 2), 2, gap)
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": f"{letter} on a bound",
        "x": packed(x),
        "y": packed(np.array([foot, shares[0], gap, foot, shares[1]])),
        "line": {"color": color, "width": 3},
        "marker": {"color": color, "symbol": marker, "size": [0, 8, 0, 0, 8]},
        "hovertemplate": f"%{{y:.3~%}}<extra>{letter} on a bound</extra>",
    }


def _in_words(letter: str, histogram: WeightHistogram) -> str:
    before, after = histogram.before_counts, histogram.after_counts
    if histogram.clip_range is None:
        return f"{letter}: {before.total:,} weights, not clamped."
    return f"{letter}: of {before.total:,}, the clamp moves {before.outside:,}; {after.at_bound:,} are then on a bound."


def gradients(measured: Mapping[str, Gradients]) -> Figure:
    """The norm of the critic loss's gradient at each layer, from the input to the scores."""
    if not measured:
        return empty()
    layers = list(dict.fromkeys(layer for one in measured.values() for layer in one.layers))
    y_axis = log_axis(np.concatenate([*(one.norms for one in measured.values()), []]))
    traces = []
    for letter, one in measured.items():
        color, dash, marker = style(letter)
        line = y_axis.line(one.norms, letter, color, 1.8, dash=dash, dots=7, x=list(one.layers))
        traces.append(line | {"marker": line["marker"] | {"symbol": marker}})
    norms = ", ".join(f"{letter} {short(one.norms[0])} at the input" for letter, one in measured.items())
    named = {"type": "category", "categoryarray": layers, "range": [-0.3, len(layers) - 0.7]}
    return framed(
        traces,
        named | {"tickangle": -40 if len(layers) > 5 else 0},
        axis("gradient norm", 4) | y_axis.layout,
        scale=f"compared gradients {layers} {''.join(measured)}",
        alt=f"Norm of the critic's gradient at each layer; {norms}.",
        margin=(56, 14, 8, 54),
    )
