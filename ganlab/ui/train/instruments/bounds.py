"""The card on weights at the bounds."""

import math

import numpy as np

from ganlab.formatting import NOTHING, percent
from ganlab.gan.clipping import UNCOUNTED
from ganlab.plots.base import Figure, framed, in_units, labelled, note, per_mark, steps_axis
from ganlab.runs.history import History
from ganlab.ui.kit.html import TINTS
from ganlab.ui.train.instruments.card import Card, CardData
from ganlab.ui.train.view import layer

MOST_ROWS = 10  # that are named
COLUMNS = 80  # at most; the heat map is little wider in pixels
REFRESH = 10  # columns that appear together


def figure(history: History, chosen: str | None = None, over: bool = False) -> Figure:
    """The share of every layer's weights exactly at a bound, by step, in tints of ink; `over` as in `steps_axis`."""
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
        "hoverongaps": False,
        "hovertemplate": "%{y}, step %{x:,.0f}: %{z:.1%}<extra></extra>",
    }
    measured = shares[-1][~np.isnan(shares[-1])] if steps else np.empty(0)
    newest = f"; newest: {percent(measured.min())} to {percent(measured.max())}" if len(measured) else ""
    at = labelled(len(names), MOST_ROWS, names.index(chosen) if chosen in names else None)
    newest_counts = history.layer_counts[-1, :, 1].tolist() if steps else [UNCOUNTED] * len(names)
    counts = [NOTHING if count == UNCOUNTED else f"{count:,}" for count in newest_counts]

    def bold(name: str, text: str) -> str:
        return f"<b>{text}</b>" if name == chosen else text

    beside = {"xref": "paper", "xanchor": "left"}  # the newest count, to the right of its row
    notes = [note(1, names[i], bold(names[i], counts[i]), "$muted", 11.5, **beside) for i in at if steps]
    return framed(
        [heat] if steps else [],
        steps_axis(steps, over, nticks=6),
        {
            "type": "category",
            "autorange": "reversed",
            "showgrid": False,
            "tickvals": [names[i] for i in at],
            "ticktext": [bold(names[i], names[i]) + " " for i in at],
        },
        scale=f"at bounds {names}",
        alt=f"Share of each of {len(names)} layers' weights exactly at a bound, by step{newest}.",
        margin=(104, 44, 8, 24),
        annotations=notes,
    )


def sentence(data: CardData) -> str:
    history = data.history
    if not len(history) or not history.layers or np.isnan(history["at_bound_share"]).all():
        return NOTHING
    if np.isnan(history["at_bound_share"][-1]):
        return f"Nothing has been clamped since step {history.range_since:,}."
    counts = history.layer_counts[-1, :, 1].clip(0)
    step = int(history["step"][-1])
    text = f"<b>{counts.sum():,}</b> weights, {percent(history['at_bound_share'][-1])}, at step {step:,}"
    if not counts.any():
        return f"{text}."
    sizes = np.array([math.prod(shape) for _, shape in history.layers])
    shares = np.where(sizes > 1, counts / sizes, 0.0)  # one weight is no share
    return f"{text}; the largest share, {percent(shares.max())}, in {history.layer_names[int(shares.argmax())]}."


def _steps_per_column(steps: int) -> int:
    return per_mark(steps, COLUMNS)


def _drawn_columns(data: CardData) -> tuple[object, ...]:
    """Changes only when REFRESH more columns can be drawn: the heat map would otherwise dominate most updates."""
    steps = len(data.history)
    per_column = _steps_per_column(steps)
    return steps > 0, steps // (REFRESH * per_column), per_column, layer()


CARDS = {
    "Weights at the bounds": Card(
        None,
        sentence,
        lambda data: figure(data.history, layer(), data.ended),
        "the share of each parameter's weights exactly at a bound, by step. The newest counts are on the right.",
        key=lambda data: f"<span>0 %{TINTS}100 %</span>",
        over_time=True,
        depends_on=_drawn_columns,
        applies=lambda config: config.constraint == "clip",
    )
}
