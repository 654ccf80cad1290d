"""The card on steepness."""

import math

import numpy as np

from ganlab.formatting import NOTHING, short
from ganlab.plots.base import Figure
from ganlab.plots.readings import Line, Rows, log_axis, over_looks
from ganlab.ui.kit.html import INK
from ganlab.ui.train.instruments.card import DASHES, Card, CardData, from_rows, lines, newest


def figure(rows: Rows) -> Figure:
    """The product of the layers' norms, no slope is above it, and the largest gradient met."""
    lines = [
        Line("product of the norms", "lipschitz_product", "$bound 0.6", "dash"),
        Line("largest gradient met", "largest_gradient", "$bound"),
    ]
    values = np.array([row[line.column] for row in rows for line in lines])
    return over_looks("Steepness of the critic", rows, lines, **log_axis(values))


def sentence(data: CardData) -> str:
    """How steep the critic is, and could be."""
    met, most = newest(data, "largest_gradient"), newest(data, "lipschitz_product")
    if math.isnan(met):
        return NOTHING
    return f"The steepest slope met is <b>{short(met)}</b>. By the norms of its layers none is above {short(most)}."


CARDS = {
    "Steepness": Card(
        "lipschitz",
        sentence,
        from_rows(figure),
        "the largest gradient at the input *met* at real, generated and interpolated points, and the *product* of the "
        "layers' operator norms, which no slope can exceed. Critic in eval mode: batch norm uses its running "
        "statistics.",
        key=lines((INK, "met"), (DASHES, "product of the norms")),
        over_time=True,
    )
}
