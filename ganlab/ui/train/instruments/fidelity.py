"""The card on fidelity: whether generated samples lie among real ones, and real ones among them."""

import numpy as np

from ganlab.formatting import fixed, percent
from ganlab.measure.fidelity import Scores
from ganlab.plots.base import Figure, bars, framed
from ganlab.plots.readings import empty
from ganlab.ui.train.instruments.card import Card, CardData, if_measured

NAMES = dict(zip(Scores._fields, ("precision", "recall", "density", "coverage", "1-NN"), strict=True))


def figure(data: CardData) -> Figure:
    """The five scores of the generated samples (violet), and of a training draw (grey outline)."""
    generated, real = (np.array([data.newest(name + suffix) for name in NAMES]) for suffix in ("", "_real"))
    if not np.isfinite(generated).all():
        return empty()
    names, outline = list(NAMES.values()), {"color": "$real", "width": 1.4}
    pairs = zip(names, generated, real, strict=True)
    in_words = ", ".join(f"{name} {fixed(value, 2)} ({fixed(usual, 2)})" for name, value, usual in pairs)
    hover = "%{y:.2f}"
    drawn = [
        bars(names, generated, "generated", "$generator 0.75", {"width": 0}, hover),
        bars(names, real, "real", "rgba(0,0,0,0)", outline, hover),
    ]
    return framed(
        drawn,
        {"type": "category", "tickangle": 0},
        {"nticks": 5, "tickformat": "~g", "rangemode": "tozero"},
        scale="fidelity",
        alt=f"Scores of the generated samples, and in brackets of real ones: {in_words}.",
        margin=(32, 6, 8, 30),
        barmode="overlay",
    )


def sentence(data: CardData) -> str:
    precision, recall, own = (percent(data.newest(name)) for name in ("precision", "recall", "one_nn_accuracy"))
    among = f"<b>{precision}</b> of the generated samples lie among real ones, <b>{recall}</b> of the real"
    return f"{among} among generated. <b>{own}</b> have a nearest neighbour of their own kind; 50 % is right."


CARDS = {
    "Fidelity": Card(
        "fidelity",
        if_measured("precision", sentence),
        figure,
        "512 generated against 512 held-out samples, and in outline what 512 training samples get. A ball around each "
        "sample reaches to its fifth nearest neighbour in its own set. *Precision*: the share of generated samples in "
        "the ball of a real one, low if they scatter. *Recall*: the share of real samples in the ball of a generated "
        "one, low if modes are missing or images are blurred. *Density*: how many real balls a generated sample lies "
        "in, divided by five; slight blur of images raises it, and precision. *Coverage*: the share of real balls with "
        "a generated sample inside. *1-NN*: how often a sample's nearest neighbour is of its own set; 0.5 if the two "
        "can't be told apart, 1 if always, less than 0.5 for copies of held-out samples.",
        key=lambda data: "<span><i class='gen'></i>generated</span><span><i class='expected'></i>real</span>",
    )
}
