"""The cards on the critic's gradients."""

import math

import numpy as np

from ganlab.formatting import NOTHING, short
from ganlab.measure import gradients
from ganlab.measure.gradients import RMSPROP_EPS, Gradients
from ganlab.plots.base import Figure
from ganlab.plots.readings import framed, log_axis, stroke
from ganlab.ui.kit.html import INK
from ganlab.ui.train.instruments.card import DASHES, DOTS, Card, CardData, from_reading, lines


def norms_figure(found: Gradients) -> Figure:
    """The norm of the critic loss's gradient at every layer, and dotted what the gain law expects.

    Gulrajani et al. 2017 (arXiv 1704.00028), Fig. 1b, left; the law's line stops at batch norm.
    """
    above_zero = np.where(found.norms > 0, found.norms, np.nan)
    measured = stroke(list(found.layers), above_zero, "measured", "$bound", 2.2, dots=6)
    expected = [
        stroke(layers, line, "gain law", "$bound 0.6", 1.6, "dot") for layers, line in gradients.by_the_law(found)
    ]
    words = gradients.verdict(found)
    return framed(
        [measured, *expected],
        {"type": "category", "showgrid": False},
        log_axis(above_zero) | {"title": {"text": "gradient norm", "standoff": 4}},
        scale=f"gradients {found.layers}",
        alt=f"Norm of the critic's gradient from the scores back to the input, on a log axis: it {words}.",
    )


def weights_figure(found: Gradients) -> Figure:
    """The rms gradient of every weight, and the optimisers' eps, 1e-8, at which weights move at half their rate."""
    names, rms = (
        [name.removesuffix(".weight") for name in found.weights],
        np.where(found.weight_rms > 0, found.weight_rms, np.nan),
    )
    below = sum(found.weight_rms < RMSPROP_EPS)
    return framed(
        [
            stroke(names, rms, "rms gradient", "$bound", 2.2, dots=6),
            stroke(names, np.full(len(names), RMSPROP_EPS), "the optimiser's eps", "$bound 0.6", 1.2, "dash"),
        ],
        {"type": "category", "showgrid": False},
        log_axis(np.append(rms, RMSPROP_EPS)) | {"title": {"text": "rms weight gradient", "standoff": 4}},
        scale=f"weight gradients {names}",
        alt=f"Root mean square gradient of each weight tensor: {below} of {len(names)} below the optimiser's 1e-8.",
    )


def norms_sentence(data: CardData) -> str:
    """What becomes of the gradient on its way back."""
    found = data.reading and data.reading.gradients
    if not found:
        return NOTHING
    if not found.norms.all():
        return f"On its way back it <b>{gradients.verdict(found)}</b>."
    law = found.law_per_layer
    told = "" if math.isnan(law) else f"; by the gain law it {gradients.fold(law)}"
    return f"From the last hidden layer back to the first it <b>{gradients.verdict(found)}</b>{told}."


def weights_sentence(data: CardData) -> str:
    """Whether weights get a gradient that moves them."""
    found = data.reading and data.reading.gradients
    if not found:
        return NOTHING
    below = int((found.weight_rms < RMSPROP_EPS).sum())
    least = f"The smallest is <b>{short(found.weight_rms.min())}</b>"
    if below:
        return f"<b>{below} of {len(found.weights)}</b> are below the optimiser's eps, 1e−8. {least}."
    return f"{least}. At the optimiser's eps, 1e−8, weights move at half their rate."


CARDS = {
    "Gradient norms": Card(
        "gradients",
        norms_sentence,
        from_reading("gradients", norms_figure),
        "the norm of the gradient of the critic's loss with respect to each layer's output, over the whole batch, in "
        "train mode. The growth per layer is fitted over the hidden layers. The *gain law* is what weights with random "
        "signs would do: rms(W) · √(fan-in · (1 + a²) / 2) per layer; trained weights do more. It stops at batch norm.",
        key=lines((INK, "measured"), (DOTS, "gain law")),
    ),
    "Weight gradients": Card(
        "gradients",
        weights_sentence,
        from_reading("gradients", weights_figure),
        "the rms gradient of each weight matrix. The optimiser divides by it plus eps.",
        key=lines((INK, "rms"), (DASHES, "eps")),
    ),
}
