"""What the figures of the instruments have in common: log axes, and charts over the looks of a run.

Ink is for the critic, violet for generated samples, grey for real ones.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ganlab.formatting import short
from ganlab.plots.base import AT_X, Figure, curve, framed, note, packed, per_mark, steps_axis

Rows = Sequence[dict[str, float]]  # of instruments.csv
EARLY = 4  # looks; with more than these, the first, of networks that have hardly learned, does not set the scale


class Line(NamedTuple):
    """One line of a chart over the looks: its name, and its column of instruments.csv."""

    name: str
    column: str
    color: str
    dash: str = "solid"


def empty() -> Figure:
    """Axes without data, before the first look."""
    axis = {"range": [0, 1], "showticklabels": False, "nticks": 5}
    return framed([], axis, axis, scale="empty", alt="Nothing is measured yet.")


class LogAxis(NamedTuple):
    """A log axis, and where on it a zero is drawn: at its foot, labelled 0, and NaN if no value is 0."""

    layout: Figure
    zero: float

    def line(self, values: np.ndarray, name: str, color: str, width: float = 2, **style: Any) -> Figure:
        """`curve` through values [n], the zeros among them at the foot; a pointer shows the values themselves."""
        places = np.where(values == 0, self.zero, np.where(values > 0, values, np.nan))
        return curve(places, name, color, width, hover="%{x}: %{customdata:.3~g}", customdata=packed(values), **style)


def log_axis(values: np.ndarray) -> LogAxis:
    """A log axis, labelled at 1, 2 and 5 below two decades, else at no more than five powers of ten."""
    shown = values[np.isfinite(values) & (values > 0)]
    low, high = (float(np.log10(v)) for v in (shown.min(), shown.max())) if len(shown) else (0.0, 0.0)
    layout: Figure = {"type": "log", "exponentformat": "power"}
    if (values == 0).any():
        return _with_zero(layout, math.floor(low), math.ceil(high))
    few = {"dtick": "D2", "tickformat": "~g" if len(shown) and shown.min() >= 1e-3 else "~e"}
    return LogAxis(layout | (few if high - low < 2 else {"dtick": math.ceil((high - low) / 5)}), math.nan)


def _with_zero(layout: Figure, low: int, high: int) -> LogAxis:
    """From 10^low to 10^high, and below them, a step away, the zero."""
    foot = low - max(1, (high - low) / 6)
    powers = range(low, high + 1, per_mark(high - low + 1, 5))
    layout |= {
        "range": [foot - 0.08 * (high - foot), high + 0.08 * (high - foot)],
        "tickvals": [10.0**foot, *(10.0**power for power in powers)],
        "ticktext": ["0", *(f"10<sup>{power}</sup>".replace("-", "−") for power in powers)],
    }
    return LogAxis(layout, 10.0**foot)


def over_looks(title: str, rows: Rows, lines: Sequence[Line], log: bool = False, over: bool = False) -> Figure:
    """Columns of instruments.csv over the steps of the looks; `over` as in `steps_axis`."""
    steps = np.array([row["step"] for row in rows])
    columns = {line: np.array([row[line.column] for row in rows], float) for line in lines}
    drawn = {line: values for line, values in columns.items() if np.isfinite(values).any()}
    newest = [f"{line.name} {short(values[-1])}" for line, values in drawn.items() if np.isfinite(values[-1])]
    y_axis, notes = _y_axis(steps, list(drawn.values()))
    draw: Callable[..., Figure] = partial(curve, hover=AT_X)
    if log and drawn:
        axis = log_axis(np.concatenate(list(drawn.values())))
        draw, y_axis, notes = axis.line, axis.layout, []
    return framed(
        [
            draw(values, line.name, line.color, dash=line.dash, dots=_dot_size(values), x=packed(steps))
            for line, values in drawn.items()
        ],
        steps_axis(steps[-1] if rows else 0, over),
        y_axis,
        scale=title if drawn else "empty",
        alt=f"{title} over the steps{'; newest: ' if newest else ''}{', '.join(newest)}.",
        margin=(52, 6, 8, 24),
        annotations=notes,
    )


def _y_axis(steps: np.ndarray, columns: list[np.ndarray]) -> tuple[Figure, list[Figure]]:
    """The axis, and a note for a first value that lies beyond it."""
    if not columns:
        return {"range": [0, 1]}, []
    axis: Figure = {"nticks": 5, "tickformat": "~g"}
    later = np.concatenate([values[1:] for values in columns])
    later = later[np.isfinite(later)]
    if len(steps) <= EARLY or not len(later):
        return axis, []  # Plotly chooses the range
    low, high = float(later.min()), float(later.max())
    margin = 0.06 * (high - low) or 0.1 * abs(high) or 1.0
    low, high = low - margin, high + margin
    axis["range"] = [low, high]
    beyond = next((values[0] for values in columns if values[0] < low or values[0] > high), None)
    if beyond is None:
        return axis, []
    arrow, y, side = ("↑", 1.0, "top") if beyond > high else ("↓", 0.0, "bottom")  # the edge where its line leaves
    text = f"{arrow} {short(beyond)} at step {steps[0]:,.0f}"
    anchors = {"xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": side, "bgcolor": "$page 0.85"}
    return axis, [note(0.02, y, text, "$muted", 11.5, **anchors)]


def _dot_size(values: np.ndarray) -> float:
    """Dots only where a line alone would miss a point: a look between two without a value."""
    finite = np.pad(np.isfinite(values), 1)
    return 3.5 if (finite[1:-1] & ~finite[:-2] & ~finite[2:]).any() else 0
