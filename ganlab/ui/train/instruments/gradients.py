"""The cards on the critic's gradients."""

import math

import numpy as np

from ganlab.formatting import NOTHING, short
from ganlab.measure.gradients import RMSPROP_EPS, Gradients, gain_law_lines
from ganlab.plots.base import AT_X, Figure, axis, curve, framed, labelled
from ganlab.plots.readings import empty, log_axis
from ganlab.ui.train.instruments.card import DASHES, DOTS, INK, Card, lines, of_result
from ganlab.ui.train.view import chosen_block

MOST_LABELS, MANY = 7, 5  # layers named on an axis, and from how many on their names are turned


def norms_figure(gradients: Gradients, chosen: str | None = None) -> Figure:
    """The norm of the critic loss's gradient at each layer: Gulrajani et al. 2017 (arXiv 1704.00028), Fig. 1b, left."""
    names = list(gradients.layers)
    law = gain_law_lines(gradients)
    y_axis = log_axis(np.concatenate([gradients.norms, *(norms for _, norms in law)]))
    measured = y_axis.line(gradients.norms, "measured", "$bound", 2.2, dots=6, x=names)
    expected = [y_axis.line(norms, "gain law", "$bound 0.6", 1.6, dash="dot", x=layers) for layers, norms in law]
    return framed(
        [_dotted(measured, names, chosen), *expected],
        _layers_axis(names, chosen),
        axis("gradient norm", 4) | y_axis.layout,
        scale=f"gradients {gradients.layers}",
        alt=f"Norm of the critic's gradient from the scores back to the input, on a log axis: it {verdict(gradients)}.",
        margin=_margin(names),
    )


def weights_figure(gradients: Gradients, chosen: str | None = None) -> Figure:
    """The rms gradient of every weight matrix, and the optimisers' eps, at which weights move at half their rate."""
    names = [name.removesuffix(".weight") for name in gradients.weights]
    eps = np.full(len(names), RMSPROP_EPS)
    y_axis = log_axis(np.append(gradients.weight_rms, eps))
    rms = y_axis.line(gradients.weight_rms, "rms gradient", "$bound", 2.2, dots=6, x=names)
    below = int((gradients.weight_rms < RMSPROP_EPS).sum())
    return framed(
        [
            _dotted(rms, names, chosen),
            curve(eps, "the optimiser's eps", "$bound 0.6", 1.2, "dash", AT_X, x=names),
        ],
        _layers_axis(names, chosen),
        axis("rms weight gradient", 4) | y_axis.layout,
        scale=f"weight gradients {names}",
        alt=f"Root mean square gradient of each weight matrix: {below} of {len(names)} below the optimiser's eps.",
        margin=_margin(names),
    )


def _layers_axis(names: list[str], chosen: str | None) -> Figure:
    """An axis of layers, of which as many are named as have room; the chosen one among them, in bold."""
    at = names.index(chosen) if chosen in names else None
    shown = [names[i] for i in labelled(len(names), MOST_LABELS, at)]
    texts = [f"<b>{name}</b>" if name == chosen else name for name in shown]
    return {"type": "category", "tickvals": shown, "ticktext": texts, "tickangle": -40 if len(names) > MANY else 0}


def _margin(names: list[str]) -> tuple[int, int, int, int]:
    """Around a chart over layers: turned names need room below, others beside the last one."""
    return (52, 12, 8, 54) if len(names) > MANY else (52, 30, 8, 40)


def _dotted(line: Figure, names: list[str], chosen: str | None) -> Figure:
    """The line with a larger dot at the chosen layer."""
    sizes = [11 if name == chosen else 6 for name in names]
    return line | {"marker": line["marker"] | {"size": sizes}}


def verdict(gradients: Gradients) -> str:
    """What the gradient does on its way back through the hidden layers, such as `gets 6.2× smaller per layer`."""
    if zero := [layer for layer, norm in zip(gradients.layers, gradients.norms, strict=True) if norm == 0]:
        return f"is zero at {zero[-1]}"
    if gradients.refusal:
        return "is measured at the output of each module with weights"
    if math.isnan(gradients.per_layer):
        return "passes too few hidden layers to fit a slope"
    return fold(gradients.per_layer)


def fold(gain: float) -> str:
    """`gets 6.2× larger per layer`, `gets 6.2× smaller per layer` or, within 5 %, `keeps its size`."""
    if 1 / 1.05 <= gain <= 1.05:
        return "keeps its size"
    return f"gets {short(max(gain, 1 / gain))}× {'larger' if gain > 1 else 'smaller'} per layer"


def norms_sentence(gradients: Gradients) -> str:
    """What the gradient does on its way back, and what the gain law expects."""
    if gradients.refusal:
        unmeasured = ", ".join(np.array(gradients.layers)[np.isnan(gradients.norms)])
        left_out = f" Not measured: {unmeasured}, called twice or without gradient." if unmeasured else ""
        return f"It <b>{verdict(gradients)}</b>. {gradients.refusal}{left_out}"
    if not gradients.norms.all():
        return f"On its way back it <b>{verdict(gradients)}</b>."
    law = gradients.law_per_layer
    expected = "" if math.isnan(law) else f"; by the gain law it {fold(law)}"
    return f"From the last hidden layer back to the first it <b>{verdict(gradients)}</b>{expected}."


def weights_sentence(gradients: Gradients) -> str:
    """Whether the gradients are large enough to move the weights."""
    below = int((gradients.weight_rms < RMSPROP_EPS).sum())
    smallest = f"The smallest is <b>{short(gradients.weight_rms.min())}</b>"
    if below:
        return f"<b>{below} of {len(gradients.weights)}</b> are below the optimiser's eps, 1e−8. {smallest}."
    return f"{smallest}. At the optimiser's eps, 1e−8, weights move at half their learning rate."


CARDS = {
    "Gradient norms": Card(
        "gradients",
        of_result("gradients", norms_sentence, NOTHING),
        of_result("gradients", lambda gradients: norms_figure(gradients, chosen_block()), empty()),
        "the norm of the gradient of the critic's loss with respect to each layer's output, over the whole batch, in "
        "train mode. The growth per layer is fitted over the hidden layers. The *gain law* is the growth for weights "
        "with random signs: rms(W) · √(fan-in · (1 + a²) / 2) per layer; trained weights usually, but not "
        "always, exceed it. Its line stops at batch or layer norm.",
        key=lines((INK, "measured"), (DOTS, "gain law")),
        depends_on=lambda data: (chosen_block(),),
    ),
    "Weight gradients": Card(
        "gradients",
        of_result("gradients", weights_sentence, NOTHING),
        of_result("gradients", lambda gradients: weights_figure(gradients, chosen_block()), empty()),
        "the root mean square gradient of each weight matrix. The optimiser divides by it plus its eps.",
        key=lines((INK, "rms"), (DASHES, "eps")),
        depends_on=lambda data: (chosen_block(),),
    ),
}
