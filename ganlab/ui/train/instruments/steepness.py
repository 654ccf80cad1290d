"""The card on steepness."""

from ganlab.formatting import short
from ganlab.plots.readings import Line
from ganlab.ui.kit.html import INK
from ganlab.ui.train.instruments.card import DASHES, Card, CardData, chart, if_measured, lines

figure = chart(
    "Steepness of the critic",
    Line("product of the norms", "lipschitz_product", "$bound 0.6", "dash"),  # bounds every slope
    Line("largest gradient", "largest_gradient", "$bound"),
    log=True,
)


def sentence(data: CardData) -> str:
    measured, bound = data.newest("largest_gradient"), data.newest("lipschitz_product")
    return f"The steepest slope measured is <b>{short(measured)}</b>. The norms of the layers allow {short(bound)}."


CARDS = {
    "Steepness": Card(
        "lipschitz",
        if_measured("largest_gradient", sentence),
        figure,
        "the *largest gradient* with respect to the input, over real, generated and interpolated points; and the "
        "*product* of the layers' operator norms, which no slope can exceed. The critic is in eval mode: batch norm "
        "uses its running statistics.",
        key=lines((INK, "largest gradient"), (DASHES, "product of the norms")),
        over_time=True,
    )
}
