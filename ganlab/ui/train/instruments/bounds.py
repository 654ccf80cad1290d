"""The card on weights at the bounds."""

import math

import numpy as np

from ganlab.formatting import NOTHING, percent
from ganlab.plots.base import Figure, framed, in_units, note, steps_axis
from ganlab.runs.history import History
from ganlab.ui.train.instruments.card import Card, CardData

COLUMNS = 80  # at most; the heat map is little wider in pixels
REFRESH = 10  # columns that appear together


def figure(history: History) -> Figure:
    """The share of every layer's weights exactly at a bound, layer by step, in tints of ink."""
    names = history.layer_names
    steps = len(history) if names else 0  # layers.csv may be missing
    k = _steps_per_column(steps)
    shares = history.layer_shares[: steps // k * k, :, 1]
    heat = {
        "type": "heatmap",
        "y": names,
        "x0": (k + 1) / 2,
        "dx": k,
        "z": in_units(shares.reshape(steps // k, k, len(names)).mean(axis=1).T, 1e-4),  # [layers, columns]
        "zmin": 0,
        "zmax": 1,
        "colorscale": [[0, "$text 0.05"], [1, "$text"]],
        "ygap": 1,
        "showscale": False,
        "hovertemplate": "%{y}, step %{x:,.0f}: %{z:.1%}<extra></extra>",
    }
    newest = f"; newest: {percent(shares[-1].min())} to {percent(shares[-1].max())}" if steps else ""
    beside = {"xref": "paper", "xanchor": "left"}  # the newest count, to the right of its row
    counts = zip(names, history.layer_counts[-1, :, 1].tolist(), strict=True) if steps else ()
    return framed(
        [heat] if steps else [],
        steps_axis(steps, nticks=6),
        {"type": "category", "autorange": "reversed", "showgrid": False, "ticksuffix": " "},
        scale=f"at bounds {names}",
        alt=f"Share of each of {len(names)} layers' weights exactly at a bound, by step{newest}.",
        margin=(104, 44, 8, 24),
        annotations=[note(1, name, f"{count:,}", "$muted", 11.5, **beside) for name, count in counts],
    )


def sentence(data: CardData) -> str:
    history = data.history
    if not len(history) or not history.layers:
        return NOTHING
    counts = history.layer_counts[-1, :, 1]
    step = int(history["step"][-1])
    text = f"<b>{counts.sum():,}</b> weights, {percent(history['at_bound_share'][-1])}, at step {step:,}"
    if not counts.any():
        return f"{text}."
    sizes = np.array([math.prod(shape) for _, shape in history.layers])
    shares = np.where(sizes > 1, counts / sizes, 0.0)  # one weight is no share
    return f"{text}; the largest share, {percent(shares.max())}, in {history.layer_names[int(shares.argmax())]}."


def _steps_per_column(steps: int) -> int:
    return -(-steps // COLUMNS) or 1


def _drawn_columns(data: CardData) -> tuple[object, ...]:
    """Changes only when REFRESH more columns can be drawn: the heat map would otherwise dominate most updates."""
    steps = len(data.history)
    per_column = _steps_per_column(steps)
    return steps > 0, steps // (REFRESH * per_column), per_column


CARDS = {
    "Weights at the bounds": Card(
        None,
        sentence,
        lambda data: figure(data.history),
        "the share of each parameter's weights exactly at a bound, by step. The newest counts are on the right.",
        key=lambda data: "<span>0 %<i class='tints'></i>100 %</span>",
        over_time=True,
        depends_on=_drawn_columns,
    )
}
