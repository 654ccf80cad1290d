"""The card on the nearest training image."""

from ganlab.formatting import short
from ganlab.plots.readings import Line
from ganlab.ui.train.instruments.card import REAL, VIOLET, Card, CardData, chart, if_measured, lines

figure = chart(
    "Distance to the nearest training image",
    Line("generated", "nearest_training", "$generator"),
    Line("held-out images", "nearest_training_real", "$real", "dash"),
)


def sentence(data: CardData) -> str:
    generated, held_out = data.newest("nearest_training"), data.newest("nearest_training_real")
    median = f"Median <b>{short(generated)}</b>, for held-out images {short(held_out)}."
    return f"{median} Far below that, generated images are copies."


CARDS = {
    "Nearest training image": Card(
        "copies",
        if_measured("nearest_training", sentence),
        figure,
        "the median root mean square pixel difference between an image and the training image nearest to it; 1 is "
        "black against white. Generated images far below held-out ones are copies.",
        key=lines((VIOLET, "generated"), (REAL, "held-out images")),
        over_time=True,
    )
}
