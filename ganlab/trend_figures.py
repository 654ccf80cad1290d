"""What the instruments found over a run as plain Plotly dicts, in the manner of `ganlab.figures`. Pure.

The rows are those of instruments.csv (`readings.row`); a NaN is a gap in a line.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ganlab.figures import Figure, halved, number, packed
from ganlab.instrument_figures import framed, log_axis, stroke
from ganlab.snapshot import History, round_up

COLUMNS = 80  # of a heat map, which is little wider in pixels
EARLY = 4  # looks; with more, the first, of networks that have hardly learned, no longer sets the scale
Rows = Sequence[dict[str, float]]


class _Line(NamedTuple):
    name: str
    column: str
    color: str
    dash: str = "solid"


def at_bounds(history: History) -> Figure:
    """The share of every layer's weights that sits exactly at a bound, layer by step, in tints of ink."""
    names = history.layer_names
    steps = len(history) if names else 0  # layers.csv may be gone
    k = -(-steps // COLUMNS) or 1  # a column is the mean of k steps
    shares = history.layer_shares[: steps // k * k, :, 1]
    z = shares.reshape(steps // k, k, len(names)).mean(axis=1).T  # [layers, columns]
    heat = {
        "type": "heatmap", "y": names, "x0": (k + 1) / 2, "dx": k, "z": halved(z, 1e-4), "zmin": 0, "zmax": 1,
        "colorscale": [[0, "$text 0.05"], [1, "$text"]], "xgap": 0, "ygap": 1,
        "showscale": False,
        "hovertemplate": "%{y}, step %{x:,.0f}: %{z:.1%}<extra></extra>",
    }  # fmt: skip
    newest = f"; newest {shares[-1].min():.0%} to {shares[-1].max():.0%}" if steps else ""
    figure = framed(
        [heat] if steps else [],
        {"range": [0, round_up(max(1.1 * steps, 10))], "showgrid": False, "nticks": 6, "tickformat": ",d"},
        {"type": "category", "autorange": "reversed", "showgrid": False, "ticksuffix": " "},
        scale=f"at bounds {names}",
        alt=f"Share of each of {len(names)} layers' weights exactly at a bound, by step{newest}.",
        left=104,
        bottom=24,
    )
    counted = history.layer_counts[-1, :, 1] if steps else []
    figure["layout"]["margin"] |= {"r": 44}
    figure["layout"]["annotations"] = [_count(name, int(n)) for name, n in zip(names, counted, strict=True)]
    return figure


def _count(layer: str, n: int) -> Figure:
    """How many weights are at a bound now, right of a row."""
    return {
        "x": 1, "xref": "paper", "xanchor": "left", "y": layer, "text": f"{n:,}", "showarrow": False,
        "font": {"color": "$muted", "size": 11.5},
    }  # fmt: skip


def nearest(rows: Rows) -> Figure:
    """How far generated images are from the nearest training image, and how far new real ones are."""
    lines = [
        _Line("generated", "nearest_training", "$generator"),
        _Line("new real ones", "nearest_training_real", "$real", "dash"),
    ]
    return _over_time("Distance to the nearest training image", rows, lines, nticks=5, tickformat="~g")


def steepness(rows: Rows) -> Figure:
    """The product of the layers' norms, no slope is above it, and the largest gradient met."""
    lines = [
        _Line("product of the norms", "lipschitz_product", "$bound 0.6", "dash"),
        _Line("largest gradient met", "largest_gradient", "$bound"),
    ]
    values = np.array([row[line.column] for row in rows for line in lines])
    return _over_time("Steepness of the critic", rows, lines, **log_axis(values))


def distances(rows: Rows) -> Figure:
    """W1 of generated to held-out samples, of real to real, and the estimate's lower bound of the first."""
    name = "sliced W1" if rows and rows[-1]["w1_sliced"] == 1 else "exact W1"
    lines = [
        _Line(f"{name}, generated to real", "w1", "$generator"),
        _Line(f"{name}, real to real", "real_to_real", "$real", "dash"),
        _Line("lower bound by the critic", "lower_bound", "$bound"),
        _Line("scaled estimate, not a bound", "scaled_estimate", "$bound 0.6", "dot"),
    ]
    return _over_time("Distance of generated from real", rows, lines, nticks=5, tickformat="~g")


def estimates(rows: Rows) -> Figure:
    """The critic's estimate on samples it trains on and on those held out: apart, the critic has overfitted.

    Gulrajani et al. 2017 (arXiv 1704.00028), Fig. 5b.
    """
    lines = [
        _Line("held out", "held_out_estimate", "$real", "dash"),
        _Line("training", "train_estimate", "$bound"),
    ]
    return _over_time("Critic estimate on training and held-out samples", rows, lines, nticks=5, tickformat="~g")


def spread(rows: Rows) -> Figure:
    """How far generated samples are spread, over how far real ones are."""
    lines = [_Line("generated", "spread", "$generator")]
    figure = _over_time("Spread of the generated samples over that of the real ones", rows, lines, nticks=5)
    rule = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": 1, "y1": 1, "layer": "below"}
    if "range" in (axis := figure["layout"]["yaxis"]):
        axis["range"] = [min(axis["range"][0], 0.95), max(axis["range"][1], 1.05)]
    figure["layout"]["shapes"] = [rule | {"line": {"color": "$real", "width": 2, "dash": "dash"}}]
    return figure


def _over_time(title: str, rows: Rows, lines: Sequence[_Line], **y_axis: object) -> Figure:
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
