"""The curves of a run over time: critic estimate, losses, clamped shares."""

import dataclasses
import math
from collections.abc import Sequence
from statistics import median
from typing import Any, NamedTuple

import numpy as np
from scipy.ndimage import median_filter

from ganlab import settings
from ganlab.config import TrainConfig
from ganlab.formatting import number, range_in_words, short
from ganlab.gan.holding import HOLDING, constraint_in_words
from ganlab.plots.base import Figure, curve, framed, note, packed, per_mark, rounded, steps_axis, upright
from ganlab.runs.history import METRICS, Change, History
from ganlab.runs.snapshot import Snapshot

POINTS = 120  # at most, of a drawn line
LABELS = 5  # for so many there is room on a y axis
LETTER = 0.022  # of an x axis of about 300 pixels: a letter of a note
SETTLED = 3  # steps in one clip range, from which its estimates have a typical size
TINY = 1e-12
CONSTRAINTS = {"clip": "clipping", "gradient-penalty": "penalty", "none": "no constraint"}
ALONG = {"step": "step", "critic_step": "critic update", "seconds": "second"}
"""What the x axis may count: columns of the history, and their unit in words."""


class View(NamedTuple):
    """How the charts are drawn."""

    along: str = "step"  # the x axis: one of ALONG
    median: int | None = 25  # steps in the running median; 101 in the paper's code; None draws only the raw values
    layer: str | None = None  # the critic parameter whose shares are drawn; None or an unknown name: all together
    cursors: tuple[int, ...] = ()  # the step that the user looks back at, and the pinned one, if there are any


class Curve(NamedTuple):
    """One line of a chart."""

    name: str
    values: np.ndarray  # one per step, from step 1: [steps]
    color: str
    width: float = 2
    dash: str = "solid"
    fill: str = ""


def critic_estimate(snapshot: Snapshot, view: View, first: TrainConfig) -> Figure:
    """E critic(real) - E critic(fake), as a running median unless `view.median` is None, on a scale for all ranges.

    It scales with the range, over orders of magnitude: the scale is linear near 0 and logarithmic further away (asinh).
    Only changes of what holds the critic are marked, and each stretch has a name: the first by `first`, the settings
    that the run began with.
    """
    changes = [one for one in snapshot.changes if one.field in HOLDING]
    parts = _apart(snapshot.history, changes, snapshot.history["critic_estimate"])  # no median mixes two of them
    estimate = np.concatenate([running_median(part, view.median) for part in parts])
    name = f"median of {view.median}" if view.median else "estimate"
    unit = _smallest(_apart(snapshot.history, changes, np.abs(estimate))) / 3
    stretches = dataclasses.replace(snapshot, changes=_named(first, changes) if len(estimate) else ())
    return over_time("Critic estimate", [Curve(name, estimate, "$bound", 1.8)], stretches, view, unit)


def _named(config: TrainConfig, changes: Sequence[Change]) -> tuple[Change, ...]:
    """What held the critic at first, as if it had been changed to that, and the changes since, with what holds it."""
    named: list[Change] = []
    for change in (Change(0, 0, "constraint", config.constraint), *changes):
        config = dataclasses.replace(config, **{change.field: change.value})
        if change.field not in ("clip_order", "clip_scope"):
            change = change._replace(field="constraint", value=constraint_in_words(config))
        named.append(change)
    return tuple(named)


def _smallest(parts: list[np.ndarray]) -> float:
    """The size of typical values, their median, in the stretch where they are smallest."""
    return max(min((float(np.median(part)) for part in parts if len(part) >= SETTLED), default=1.0), TINY)


def _apart(history: History, changes: Sequence[Change], values: np.ndarray) -> list[np.ndarray]:
    """The values [steps], split where the clip range or what else holds the critic changed."""
    ranges = np.nan_to_num(np.stack([history["clip_low"], history["clip_high"]], axis=1))  # NaN: not known
    moved = np.flatnonzero((ranges[1:] != ranges[:-1]).any(axis=1)) + 1
    others = np.searchsorted(history["step"], [one.step for one in changes if one.field != "clip_range"], side="right")
    return np.split(values, sorted({*moved.tolist(), *others.tolist()}))


def asinh_axis(unit: float, values: np.ndarray) -> Figure:
    """A y axis for arcsinh(values / unit), labelled in powers of ten, or between them where it reaches none."""
    low, high = min(float(values.min()), 0.0), max(float(values.max()), unit)
    bottom, top = (1.06 * float(np.arcsinh(end / unit)) for end in (low, high))

    def ticks_at(*digits: int) -> list[float]:
        marks = [sign * digit * 10.0**power for power in range(-12, 7) for digit in digits for sign in (1, -1)]
        return sorted((v for v in marks if abs(v) > 1.2 * unit and low <= v <= high), key=abs, reverse=True)

    places = {0.0: 0.0}  # of the labels, the largest first, and apart
    for tick in ticks_at(1) or ticks_at(2, 5):
        place = float(np.arcsinh(tick / unit))
        if all(abs(place - other) >= (top - bottom) / LABELS for other in places.values()):
            places[tick] = place
    return {
        "range": [rounded(bottom), rounded(top)],
        "tickvals": [rounded(place) for place in places.values()],
        "ticktext": [short(tick) for tick in places],
    }


def losses(snapshot: Snapshot, view: View) -> Figure:
    """Both losses, as running medians unless `view.median` is None."""
    critic = running_median(snapshot.history["critic_loss"], view.median)
    generator = running_median(snapshot.history["generator_loss"], view.median)
    curves = [Curve("critic", critic, "$bound"), Curve("generator", generator, "$generator", dash="dot")]
    return over_time("Losses of critic and generator", curves, snapshot, view)


def shares(snapshot: Snapshot, view: View) -> Figure:
    """The share of weights that each clamp moved, and the share exactly at a bound after it."""
    history = snapshot.history
    clamped, at_bound = history["clamped_share"], history["at_bound_share"]
    if view.layer in history.layer_names:
        clamped, at_bound = history.layer_shares[:, history.layer_names.index(view.layer)].T
    curves = [
        Curve("at a bound", at_bound, "$after", width=1.6, fill="$after 0.2"),
        Curve("outside", clamped, "$before", width=1.6),
    ]
    title = f"Share of weights clamped, {view.layer or 'all layers'}"
    return over_time(title, curves, snapshot, view, tickformat=".0%", rangemode="tozero")


def table(snapshot: Snapshot) -> tuple[list[str], np.ndarray]:
    """Every curve in full: column names and float64 [steps, columns], first all metrics, then each layer's shares."""
    history = snapshot.history
    columns = [f"{share} {name}" for name in history.layer_names for share in ("clamped_share", "at_bound_share")]
    return [*METRICS, *columns], np.hstack([history.rows, history.layer_shares.reshape(len(history), len(columns))])


def over_time(
    title: str, curves: Sequence[Curve], snapshot: Snapshot, view: View, unit: float | None = None, **y_axis: Any
) -> Figure:
    """Curves over steps, critic updates or seconds, with a mark at every change; drawn as arcsinh(y / unit), if any."""
    steps = len(snapshot.history)
    x = snapshot.history[view.along]
    if unit and steps:
        y_axis |= asinh_axis(unit, curves[-1].values)
    traces = [trace for line in curves for trace in _traces(line, x, view.along, unit)]
    x_axis = steps_axis(x[-1] if steps else 0, snapshot.status.ended, nticks=6)
    known = any(np.isfinite(line.values).any() for line in curves)
    newest = ""
    if steps and not np.isnan(last := curves[-1].values[-1]):
        newest = f"; at step {steps:,} {curves[-1].name} is {last:.3g}"
    places = [_place(change, snapshot, view.along) for change in snapshot.changes]
    made = snapshot.history["step"]
    shown = [x[np.searchsorted(made, step)] if step in made else None for step in view.cursors]
    return framed(
        traces,
        x_axis,
        {"nticks": 5, "tickformat": "~g"} | y_axis | ({} if known else {"range": [0, 1]}),
        scale=f"{title} {view.along}" if steps else "empty",
        alt=f"{title} over the {ALONG[view.along]}s{newest}.",
        margin=(46, 6, 20, 24),
        hovermode="x unified",
        shapes=_marks(places) + cursors(shown),
        annotations=_mark_notes(snapshot.changes, places, x_axis["range"][1]),
    )


def _traces(line: Curve, x: np.ndarray, along: str, unit: float | None) -> list[Figure]:
    """The line; one with a fill in pieces without gaps, which Plotly would fill too."""
    values = _thinned(line.values)
    if not line.fill:
        return [_scaled(values, line, unit) | _thinned_x(x, along)]
    ends = np.flatnonzero(np.diff(np.isfinite(values), prepend=False, append=False)).reshape(-1, 2)
    pieces, fill = [slice(*pair) for pair in ends.tolist()], {"fill": "tozeroy", "fillcolor": line.fill}
    return [_scaled(values[piece], line, unit) | _thinned_x(x, along, piece) | fill for piece in pieces]


def _scaled(values: np.ndarray, line: Curve, unit: float | None) -> Figure:
    if unit is None:
        return curve(values, line.name, line.color, line.width, line.dash)
    y, hover = np.arcsinh(values / unit), "%{customdata:.3~g}"
    return curve(y, line.name, line.color, line.width, line.dash, hover, customdata=packed(values))


def _place(change: Change, snapshot: Snapshot, along: str) -> float:
    if along == "seconds":
        return float(snapshot.history["seconds"][change.step - 1]) if change.step else 0.0
    return change.step if along == "step" else change.critic_step


def _marks(places: Sequence[float]) -> list[Figure]:
    """All changes as one shape: a user who drags the slider makes hundreds."""
    if not places:
        return []
    path = "".join(f"M{place:g},0V1" for place in sorted(set(places)))
    line = {"color": "$bound", "width": 1, "dash": "2px,2px"}
    return [{"type": "path", "path": path, "xref": "x", "yref": "paper", "line": line}]


def cursors(places: Sequence[float | None]) -> list[Figure]:
    """A line at the step that the user looks back at, and a dotted one at the pinned step; nothing for None."""
    lines = zip(places, ("solid", "dot"), strict=False)
    return [upright(float(place), "$bound 0.6", 2.5, dash) for place, dash in lines if place is not None]


def _mark_notes(changes: Sequence[Change], places: Sequence[float], end: float) -> list[Figure]:
    """The changes in words, on an axis to `end`; where they would overlap, only the newest."""
    above = {"yref": "paper", "yanchor": "bottom"}
    notes: list[Figure] = []
    taken = math.inf  # from where on, by the notes of newer changes
    for change, place in zip(reversed(changes), reversed(places), strict=True):
        text = change_in_words(change)
        width = (len(text) + 1) * LETTER * end
        fits = place + width <= end
        start = place if fits else place - width
        if start + width <= taken:
            side = {"xanchor": "left", "xshift": -3} if fits else {"xanchor": "right", "xshift": 3}
            notes.append(note(place, 1, text, "$muted", 11.5, **above, **side))
            taken = start
    return notes


def change_in_words(change: Change) -> str:
    """A change as ±0.015 or critic rate 0.001, short enough for a mark in a chart."""
    if change.field == "clip_range":
        return range_in_words(change.value)
    if change.field == "constraint":
        return CONSTRAINTS.get(change.value, change.value)
    names = {"critic_lr": "critic rate", "generator_lr": "generator rate", "n_critic": "n_critic"}
    name = names.get(change.field) or settings.rules(TrainConfig, change.field).label.lower()
    return f"{name} {change.value if isinstance(change.value, str) else number(change.value)}"


def running_median(values: np.ndarray, over: int | None) -> np.ndarray:
    """The median of the `over` values around each value, at the ends of fewer. [n] -> [n]; unchanged for None."""
    if not over or not len(values):
        return values
    medians, n, half = median_filter(values, size=over, mode="nearest"), len(values), over // 2
    for i in {*range(min(half, n)), *range(max(n - half, 0), n)}:
        near = values[max(i - half, 0) : i + half + 1].tolist()  # so few are faster as a list
        medians[i] = median(filter(math.isfinite, near)) if math.isfinite(values[i]) else values[i]
    return medians


def drawn_steps(history: History) -> int:
    """How many steps a line draws: the newest ones are left out until they are enough for another point."""
    k = per_mark(len(history), POINTS)
    return len(history) // k * k


def _thinned(values: np.ndarray) -> np.ndarray:
    """At most POINTS values: the mean of every k steps."""
    k = per_mark(len(values), POINTS)
    return values[: len(values) // k * k].reshape(-1, k).mean(axis=1)


def _thinned_x(x: np.ndarray, along: str, part: slice = slice(None)) -> Figure:
    """The middle of every k steps; steps are evenly spaced, so two numbers give them all. Of `part`, if not of all."""
    if along != "step":
        return {"x": packed(_thinned(x)[part])}
    k = per_mark(len(x), POINTS)
    return {"x0": (part.start or 0) * k + (k + 1) / 2, "dx": k}
