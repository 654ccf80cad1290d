"""The cards on the critic's steepness and on singular values."""

import math
from collections.abc import Sequence

import numpy as np

from ganlab.formatting import NOTHING, percent, short
from ganlab.measure.spectra import Spectrum
from ganlab.plots.base import AT_X, Figure, axis, curve, framed, packed
from ganlab.plots.readings import Line, empty
from ganlab.ui.kit.html import DASHES as PATTERNS
from ganlab.ui.kit.html import line_key
from ganlab.ui.train.instruments.card import DASHES, INK, Card, CardData, chart, if_measured, measured_lines, of_result
from ganlab.ui.train.view import chosen_block

FEW = 0.1  # of all directions
MOST_NAMED = 4  # layers in the key; of more, only one stands out

OUTSTANDING, OTHERS = ("$bound", "solid"), ("$bound 0.3", "solid")

steepness_figure = chart(
    "Steepness of the critic",
    Line("product of the norms", "lipschitz_product", "$bound 0.6", "dash"),  # bounds every slope
    Line("largest gradient", "largest_gradient", "$bound"),
    log=True,
)


def figure(spectra: Sequence[Spectrum], chosen: str | None = None) -> Figure:
    """Every layer's singular values over its largest; Miyato et al. 2018 (arXiv 1802.05957), Fig. 3."""
    drawn = drawable(spectra)
    styles = _styles(drawn, chosen)
    last = sorted(zip(drawn, styles, strict=True), key=lambda pair: pair[1] == OUTSTANDING)  # above the others
    shares = [f"{spectrum.layer} {percent(large(spectrum).mean())}" for spectrum in drawn]
    return framed(
        [_line(spectrum, *style) for spectrum, style in last],
        axis("singular values", range=[0, 1], tickformat=".0%"),
        axis("of the largest", 4, range=[0, 1.02], nticks=5),
        scale=f"spectra {[spectrum.layer for spectrum in drawn]}",
        alt=f"Singular values of each layer. Above half the largest: {', '.join(shares) or 'nothing to show'}.",
    )


def _line(spectrum: Spectrum, color: str, dash: str) -> Figure:
    name = spectrum.layer if spectrum.exact else f"{spectrum.layer}, reshaped kernel"
    x = packed(np.linspace(0, 1, len(spectrum.values)))
    width = 2.6 if (color, dash) == OUTSTANDING else 1.6
    return curve(spectrum.values / spectrum.values[0], name, color, width, dash, AT_X, x=x)


def _styles(drawn: Sequence[Spectrum], chosen: str | None) -> list[tuple[str, str]]:
    """Each line's colour and dash. Of many lines one stands out: the chosen layer's, else the most selective one's."""
    few = zip(range(len(drawn)), PATTERNS, strict=False)
    if len(drawn) <= MOST_NAMED and chosen not in [spectrum.layer for spectrum in drawn]:
        return [(f"$bound {1 - 0.7 * i / len(drawn):.2f}", dash) for i, dash in few]
    outstanding = _outstanding(drawn, chosen)
    return [OUTSTANDING if spectrum is outstanding else OTHERS for spectrum in drawn]


def _outstanding(drawn: Sequence[Spectrum], chosen: str | None) -> Spectrum:
    return next((spectrum for spectrum in drawn if spectrum.layer == chosen), None) or most_selective(drawn)


def most_selective(drawn: Sequence[Spectrum]) -> Spectrum:
    """The layer with the smallest share of large values."""
    return min(drawn, key=lambda spectrum: float(large(spectrum).mean()))


def drawable(spectra: Sequence[Spectrum]) -> list[Spectrum]:
    """The spectra with more than one value that are not all zero."""
    return [spectrum for spectrum in spectra if len(spectrum.values) > 1 and spectrum.values[0] > 0]


def large(spectrum: Spectrum) -> np.ndarray:
    """Which values are at least half the largest: bool [values]."""
    return spectrum.values >= spectrum.values[0] / 2


def sentence(spectra: Sequence[Spectrum]) -> str:
    """How many directions the most selective layer passes on, and the largest values as measured."""
    drawn = drawable(spectra)
    if not drawn:
        return NOTHING
    spectrum = most_selective(drawn)
    count, total = int(large(spectrum).sum()), len(spectrum.values)
    kernel = "" if spectrum.exact else " (reshaped kernel)"
    few = " It passes on few directions." if count <= FEW * total else ""
    largest = [spectrum.values[0] for spectrum in drawn]
    ends = " to ".join(dict.fromkeys(short(value) for value in (min(largest), max(largest))))
    text = f"In {spectrum.layer}{kernel} <b>{count} of {total}</b> values are at least half the largest.{few}"
    return f"{text} The layers’ largest: {ends}."


def key(spectra: Sequence[Spectrum], chosen: str | None = None) -> str:
    """Which line belongs to which layer; of many, only the one that stands out is named."""
    drawn = drawable(spectra)
    styles = _styles(drawn, chosen)
    if OTHERS not in styles:
        return "".join(line_key(spectrum.layer, *style) for spectrum, style in zip(drawn, styles, strict=True))
    return line_key(_outstanding(drawn, chosen).layer, *OUTSTANDING) + line_key("other layers", *OTHERS)


def steepness_sentence(data: CardData) -> str:
    measured, bound = data.newest("largest_gradient"), data.newest("lipschitz_product")
    result = data.reading and data.reading.lipschitz
    refusal = result.refusal if result else "No bound is known."
    allowed = refusal if math.isnan(bound) else f"The norms of the layers allow {short(bound)}."
    return f"The steepest slope measured is <b>{short(measured)}</b>. {allowed}"


CARDS = {
    "Steepness": Card(
        "lipschitz",
        if_measured("largest_gradient", steepness_sentence),
        steepness_figure,
        "the *largest gradient* with respect to the input, over real, generated and interpolated points; and the "
        "*product* of the layers' operator norms, which no slope can exceed; each convolution's is up to 0.1 % too "
        "high, so that it is never too low. The critic is in eval mode: batch norm uses its running statistics.",
        key=measured_lines(
            (INK, "largest gradient", "largest_gradient"), (DASHES, "product of the norms", "lipschitz_product")
        ),
        over_time=True,
    ),
    "Singular values": Card(
        "spectra",
        of_result("spectra", sentence, NOTHING),
        of_result("spectra", lambda spectra: figure(spectra, chosen_block()), empty()),
        "each layer's singular values, divided by its largest. For a large convolution they are those of its reshaped "
        "kernel.",
        key=of_result("spectra", lambda spectra: key(spectra, chosen_block()), ""),
        depends_on=lambda data: (chosen_block(),),
    ),
}
