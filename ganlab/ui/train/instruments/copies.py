"""The card on the nearest training image."""

import math

from ganlab.formatting import NOTHING, short
from ganlab.plots.base import Figure
from ganlab.plots.readings import Line, Rows, over_looks
from ganlab.ui.train.instruments.card import REAL, VIOLET, Card, CardData, from_rows, lines, newest


def figure(rows: Rows) -> Figure:
    """The distance to the nearest training image, from generated and from held-out images."""
    lines = [
        Line("generated", "nearest_training", "$generator"),
        Line("held-out images", "nearest_training_real", "$real", "dash"),
    ]
    return over_looks("Distance to the nearest training image", rows, lines)


def sentence(data: CardData) -> str:
    """Whether generated images are copies."""
    generated, held_out = newest(data, "nearest_training"), newest(data, "nearest_training_real")
    if math.isnan(generated):
        return NOTHING
    median = f"Median <b>{short(generated)}</b>, for held-out images {short(held_out)}."
    return f"{median} Far below that, generated images are copies."


CARDS = {
    "Nearest training image": Card(
        "copies",
        sentence,
        from_rows(figure),
        "the median root mean square pixel difference between an image and the training image nearest to it; 1 is "
        "black against white. Generated images far below held-out ones are copies.",
        key=lines((VIOLET, "generated"), (REAL, "held-out images")),
        over_time=True,
    )
}
