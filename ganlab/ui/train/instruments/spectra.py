"""The cards on the critic's steepness and on singular values."""

from collections.abc import Sequence

import numpy as np

from ganlab.formatting import NOTHING, percent, short
from ganlab.measure.spectra import Spectrum
from ganlab.plots.base import AT_X, Figure, axis, curve, framed, packed
from ganlab.plots.readings import Line, empty
from ganlab.ui.kit.html import CURVE_KEY, INK
from ganlab.ui.train.instruments.card import DASHES, Card, CardData, chart, if_measured, lines, of_result

# Plotly's dashes, and the same in SVG.
PATTERNS = {"solid": "", "dash": "6 3", "dot": "2 3", "dashdot": "6 3 2 3", "longdash": "10 3"}
FEW = 0.1  # of all directions
MOST_NAMED = 4  # layers in the key

steepness_figure = chart(
    "Steepness of the critic",
    Line("product of the norms", "lipschitz_product", "$bound 0.6", "dash"),  # bounds every slope
    Line("largest gradient", "largest_gradient", "$bound"),
    log=True,
)


def figure(spectra: Sequence[Spectrum]) -> Figure:
    """Every layer's singular values over its largest; Miyato et al. 2018 (arXiv 1802.05957), Fig. 3."""
    drawn = drawable(spectra)
    shares = [f"{spectrum.layer} {percent(large(spectrum).mean())}" for spectrum in drawn]
    return framed(
        [_line(spectrum, i, len(drawn)) for i, spectrum in enumerate(drawn)],
        axis("singular values", range=[0, 1], tickformat=".0%"),
        axis("of the largest", 4, range=[0, 1.02], nticks=5),
        scale=f"spectra {[spectrum.layer for spectrum in drawn]}",
        alt=f"Singular values of each layer. Above half the largest: {', '.join(shares) or 'nothing to show'}.",
    )


def _line(spectrum: Spectrum, i: int, n: int) -> Figure:
    name = spectrum.layer if spectrum.exact else f"{spectrum.layer}, reshaped kernel"
    x, dash = packed(np.linspace(0, 1, len(spectrum.values))), list(PATTERNS)[i % len(PATTERNS)]
    return curve(spectrum.values / spectrum.values[0], name, f"$bound {_opacity(i, n):.2f}", 1.8, dash, AT_X, x=x)


def drawable(spectra: Sequence[Spectrum]) -> list[Spectrum]:
    """The spectra with more than one value that are not all zero."""
    return [spectrum for spectrum in spectra if len(spectrum.values) > 1 and spectrum.values[0] > 0]


def large(spectrum: Spectrum) -> np.ndarray:
    """Which values are at least half the largest: bool [values]."""
    return spectrum.values >= spectrum.values[0] / 2


def _opacity(i: int, n: int) -> float:
    """Of line i of n: the first layer's is the darkest."""
    return 1 - 0.7 * i / n


def sentence(spectra: Sequence[Spectrum]) -> str:
    """How many directions the most selective layer passes on."""
    drawn = drawable(spectra)
    if not drawn:
        return NOTHING
    spectrum = min(drawn, key=lambda spectrum: float(large(spectrum).mean()))
    count, total = int(large(spectrum).sum()), len(spectrum.values)
    kernel = "" if spectrum.exact else " (reshaped kernel)"
    few = " It passes on few directions." if count <= FEW * total else ""
    return f"In {spectrum.layer}{kernel} <b>{count} of {total}</b> values are at least half the largest.{few}"


def key(spectra: Sequence[Spectrum]) -> str:
    """Which line belongs to which layer, while there are few."""
    drawn = drawable(spectra)
    if len(drawn) > MOST_NAMED:
        return ""
    style = "stroke='var(--st-text-color)' stroke-width='2' stroke-dasharray='{}' opacity='{:.2f}'"
    dashes = list(PATTERNS.values())
    styles = [style.format(dashes[i], _opacity(i, len(drawn))) for i in range(len(drawn))]
    return "".join(CURVE_KEY.format(style, spectrum.layer) for style, spectrum in zip(styles, drawn, strict=True))


def steepness_sentence(data: CardData) -> str:
    measured, bound = data.newest("largest_gradient"), data.newest("lipschitz_product")
    return f"The steepest slope measured is <b>{short(measured)}</b>. The norms of the layers allow {short(bound)}."


CARDS = {
    "Steepness": Card(
        "lipschitz",
        if_measured("largest_gradient", steepness_sentence),
        steepness_figure,
        "the *largest gradient* with respect to the input, over real, generated and interpolated points; and the "
        "*product* of the layers' operator norms, which no slope can exceed. The critic is in eval mode: batch norm "
        "uses its running statistics.",
        key=lines((INK, "largest gradient"), (DASHES, "product of the norms")),
        over_time=True,
    ),
    "Singular values": Card(
        "spectra",
        of_result("spectra", sentence, NOTHING),
        of_result("spectra", figure, empty()),
        "each layer's singular values, divided by its largest. For a large convolution they are those of its reshaped "
        "kernel.",
        key=of_result("spectra", key, ""),
    ),
}
