"""What the instruments found at one moment as plain Plotly dicts, in the manner of `ganlab.figures`. Pure.

What the critic says is ink, what is generated violet, what is real grey. What was found over a run is in
`ganlab.trend_figures`, which draws with the strokes and frames of these.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ganlab.formatting import number, round_up
from ganlab.plots.base import Figure, packed

MARGIN = {"l": 52, "r": 6, "t": 8, "b": 40}


def nothing() -> Figure:
    """Axes before anything is measured."""
    axis = {"range": [0, 1], "showticklabels": False, "nticks": 5}
    return framed([], axis | {"showgrid": False}, axis, scale="empty", alt="Nothing is measured yet.")


def log_axis(values: np.ndarray) -> Figure:
    """With 1, 2 and 5 marked over less than two decades, else at most five powers of ten."""
    shown = values[np.isfinite(values) & (values > 0)]
    decades = np.log10(shown.max() / shown.min()) if len(shown) else 0.0
    few = {"dtick": "D2", "tickformat": "~g" if len(shown) and shown.min() >= 1e-3 else "~e"}
    ticks = few if decades < 2 else {"dtick": int(np.ceil(decades / 5))}
    return {"type": "log", "exponentformat": "power"} | ticks


def framed(
    data: list[Figure], xaxis: Figure, yaxis: Figure, *, scale: str, alt: str, left: int = 52, bottom: int = 40
) -> Figure:
    """Strokes and bars between two axes, with what a reader of the screen hears."""
    margin = MARGIN | {"l": left, "b": bottom} | ({"r": 30} if xaxis.get("type") == "category" else {})
    layout = {"margin": margin, "hovermode": "closest", "xaxis": xaxis, "yaxis": yaxis}
    return {"data": data, "layout": layout, "scale": scale, "alt": alt}


def stroke(
    x: Figure | list[str], y: np.ndarray, name: str, color: str, width: float, dash: str = "solid", dots: float = 0
) -> Figure:
    """A line, with a dot of so many pixels at each of its points."""
    return {
        "type": "scatter", "mode": "lines+markers" if dots else "lines", "x": x, "y": packed(y), "name": name,
        "line": {"color": color, "width": width, "dash": dash}, "marker": {"color": color, "size": dots},
        "hovertemplate": "%{x}: %{y:.3~g}<extra>" + name + "</extra>",
    }  # fmt: skip


EARLY = 4  # looks; with more, the first, of networks that have hardly learned, no longer sets the scale
Rows = Sequence[dict[str, float]]


class Line(NamedTuple):
    """One line of a chart over the looks: its name and its column."""

    name: str
    column: str
    color: str
    dash: str = "solid"


def over_looks(title: str, rows: Rows, lines: Sequence[Line], **y_axis: object) -> Figure:
    steps = np.array([row["step"] for row in rows])
    columns = {line: np.array([row[line.column] for row in rows], float) for line in lines}
    if y_axis.get("type") == "log":
        columns = {line: np.where(values > 0, values, np.nan) for line, values in columns.items()}
    drawn = {line: values for line, values in columns.items() if np.isfinite(values).any()}
    newest = [
        f"{line.name} {number(float(f'{values[-1]:.3g}'))}" for line, values in drawn.items() if np.isfinite(values[-1])
    ]
    at = packed(steps)
    if len(rows) > EARLY and y_axis.get("type") != "log" and drawn:
        y_axis |= _range_of(np.concatenate([values[1:] for values in drawn.values()]))
    figure = framed(
        [stroke(at, values, line.name, line.color, 2, line.dash, _dots(values)) for line, values in drawn.items()],
        {"range": [0, round_up(max(1.1 * steps[-1], 10)) if rows else 10], "showgrid": False, "tickformat": ",d"},
        y_axis if drawn else {"range": [0, 1]},
        scale=title if drawn else "empty",
        alt=f"{title} over the steps{'; newest: ' if newest else ''}{', '.join(newest)}.",
        bottom=24,
    )
    if "range" in y_axis:
        outside = [values[0] for values in drawn.values() if not _within(values[0], y_axis["range"])]
        figure["layout"]["annotations"] = [_first(steps[0], value, y_axis["range"]) for value in outside[:1]]
    return figure


def _within(value: float, bounds: list[float]) -> bool:
    return np.isnan(value) or bounds[0] <= value <= bounds[1]


def _first(step: float, value: float, bounds: list[float]) -> Figure:
    """A note at the edge that a line leaves by."""
    above = value > bounds[1]
    return {
        "xref": "paper", "yref": "paper", "x": 0.02, "y": 1.0 if above else 0.0, "xanchor": "left",
        "yanchor": "top" if above else "bottom", "showarrow": False, "font": {"color": "$muted", "size": 11.5},
        "text": f"{'↑' if above else '↓'} {number(float(f'{value:.3g}'))} at step {step:,.0f}",
    }  # fmt: skip


def _dots(values: np.ndarray) -> float:
    """The size of a line's dots: only a look between two where the instrument was off needs any."""
    there = np.pad(np.isfinite(values), 1)
    return 3.5 if (there[1:-1] & ~there[:-2] & ~there[2:]).any() else 0


def _range_of(values: np.ndarray) -> Figure:
    """From the lowest to the highest of those that are numbers, with a margin; Plotly's own if there are none."""
    values = values[np.isfinite(values)]
    if not len(values):
        return {}
    low, high = float(values.min()), float(values.max())
    margin = 0.06 * (high - low) or 0.1 * abs(high) or 1.0
    return {"range": [low - margin, high + margin]}
