"""The card on the nearest training image."""

import math

from ganlab.formatting import NOTHING, short
from ganlab.plots.base import Figure
from ganlab.plots.readings import Line, Rows, over_looks
from ganlab.ui.train.instruments.card import REAL, VIOLET, Card, CardData, from_rows, lines, newest


def figure(rows: Rows) -> Figure:
    """How far generated images are from the nearest training image, and how far new real ones are."""
    lines = [
        Line("generated", "nearest_training", "$generator"),
        Line("new real ones", "nearest_training_real", "$real", "dash"),
    ]
    return over_looks("Distance to the nearest training image", rows, lines, nticks=5, tickformat="~g")


def sentence(data: CardData) -> str:
    """Whether images are copies."""
    near, new = newest(data, "nearest_training"), newest(data, "nearest_training_real")
    if math.isnan(near):
        return NOTHING
    return f"Median <b>{short(near)}</b>, of new real ones {short(new)}. Far below them, generated images are copies."


CARDS = {
    "Nearest training image": Card(
        "copies",
        sentence,
        from_rows(figure),
        "the root mean square difference of the pixels; 1 is black against white.",
        key=lines((VIOLET, "generated"), (REAL, "held-out images")),
        over_time=True,
    )
}
