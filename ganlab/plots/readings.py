"""What the figures of the instruments have in common: log axes, and charts over the looks of a run.

Ink is for the critic, violet for generated samples, grey for real ones.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ganlab.formatting import short
from ganlab.plots.base import AT_X, Figure, curve, framed, note, packed, steps_axis

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


def log_axis(values: np.ndarray) -> Figure:
    """A log axis, labelled at 1, 2 and 5 below two decades, else at no more than five powers of ten."""
    shown = values[np.isfinite(values) & (values > 0)]
    decades = np.log10(shown.max() / shown.min()) if len(shown) else 0.0
    few = {"dtick": "D2", "tickformat": "~g" if len(shown) and shown.min() >= 1e-3 else "~e"}
    ticks = few if decades < 2 else {"dtick": int(np.ceil(decades / 5))}
    return {"type": "log", "exponentformat": "power"} | ticks


def over_looks(title: str, rows: Rows, lines: Sequence[Line], log: bool = False) -> Figure:
    """Columns of instruments.csv over the steps of the looks."""
    steps = np.array([row["step"] for row in rows])
    columns = {line: np.array([row[line.column] for row in rows], float) for line in lines}
    if log:
        columns = {line: np.where(values > 0, values, np.nan) for line, values in columns.items()}
    drawn = {line: values for line, values in columns.items() if np.isfinite(values).any()}
    newest = [f"{line.name} {short(values[-1])}" for line, values in drawn.items() if np.isfinite(values[-1])]
    y_axis, notes = _y_axis(steps, list(drawn.values()), log)
    return framed(
        [
            curve(values, line.name, line.color, 2, line.dash, AT_X, _dot_size(values), x=packed(steps))
            for line, values in drawn.items()
        ],
        steps_axis(steps[-1] if rows else 0),
        y_axis,
        scale=title if drawn else "empty",
        alt=f"{title} over the steps{'; newest: ' if newest else ''}{', '.join(newest)}.",
        margin=(52, 6, 8, 24),
        annotations=notes,
    )


def _y_axis(steps: np.ndarray, columns: list[np.ndarray], log: bool) -> tuple[Figure, list[Figure]]:
    """The axis, and a note for a first value that lies beyond it."""
    if not columns:
        return {"range": [0, 1]}, []
    if log:
        return log_axis(np.concatenate(columns)), []
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
    anchors = {"xref": "paper", "yref": "paper", "xanchor": "left", "yanchor": side}
    return axis, [note(0.02, y, text, "$muted", 11.5, **anchors)]


def _dot_size(values: np.ndarray) -> float:
    """Dots only where a line alone would miss a point: a look between two without a value."""
    finite = np.pad(np.isfinite(values), 1)
    return 3.5 if (finite[1:-1] & ~finite[:-2] & ~finite[2:]).any() else 0
