"""The card on singular values."""

from collections.abc import Sequence

import numpy as np

from ganlab.formatting import NOTHING, percent
from ganlab.measure.spectra import Spectrum
from ganlab.plots.base import Figure, framed, packed
from ganlab.plots.readings import stroke
from ganlab.ui.kit.html import CURVE_KEY
from ganlab.ui.train.instruments.card import Card, CardData, from_reading

DASHES = {"solid": "", "dash": "6 3", "dot": "2 3", "dashdot": "6 3 2 3", "longdash": "10 3"}
"""Plotly's dashes, and the same in SVG."""
FEW = 0.1  # of all directions
MOST_NAMED = 4  # layers in the key


def figure(spectra: Sequence[Spectrum]) -> Figure:
    """Every layer's singular values over its largest; Miyato et al. 2018 (arXiv 1802.05957), Fig. 3."""
    drawn = drawable(spectra)
    lines = [
        stroke(
            packed(np.linspace(0, 1, len(spectrum.values))),
            spectrum.values / spectrum.values[0],
            spectrum.layer if spectrum.exact else f"{spectrum.layer}, reshaped kernel",
            f"$bound {_opacity(i, len(drawn)):.2f}",
            1.8,
            list(DASHES)[i % len(DASHES)],
        )
        for i, spectrum in enumerate(drawn)
    ]
    shares = [f"{spectrum.layer} {percent(large(spectrum).mean())}" for spectrum in drawn]
    return framed(
        lines,
        {"range": [0, 1], "showgrid": False, "tickformat": ".0%", "title": {"text": "singular values", "standoff": 2}},
        {"range": [0, 1.02], "nticks": 5, "title": {"text": "of the largest", "standoff": 4}},
        scale=f"spectra {[spectrum.layer for spectrum in drawn]}",
        alt=f"Singular values of each layer. Above half the largest: {', '.join(shares) or 'nothing to show'}.",
    )


def drawable(spectra: Sequence[Spectrum] | None) -> list[Spectrum]:
    """The spectra with more than one value that are not all zero."""
    return [spectrum for spectrum in spectra or () if len(spectrum.values) > 1 and spectrum.values[0] > 0]


def large(spectrum: Spectrum) -> np.ndarray:
    """Which values are at least half the largest: bool [values]."""
    return spectrum.values >= spectrum.values[0] / 2


def _opacity(i: int, n: int) -> float:
    """Of line i of n: the first layer's is the darkest."""
    return 1 - 0.7 * i / n


def sentence(data: CardData) -> str:
    """How many directions the most selective layer passes on."""
    drawn = drawable(data.reading.spectra) if data.reading else []
    if not drawn:
        return NOTHING
    spectrum = min(drawn, key=lambda spectrum: float(large(spectrum).mean()))
    count, total = int(large(spectrum).sum()), len(spectrum.values)
    kernel = "" if spectrum.exact else " (reshaped kernel)"
    few = " It passes on few directions." if count <= FEW * total else ""
    return f"In {spectrum.layer}{kernel} <b>{count} of {total}</b> values are at least half the largest.{few}"


def key(data: CardData) -> str:
    """Which line belongs to which layer, while there are few."""
    drawn = drawable(data.reading.spectra) if data.reading else []
    if len(drawn) > MOST_NAMED:
        return ""
    style = "stroke='var(--st-text-color)' stroke-width='2' stroke-dasharray='{}' opacity='{:.2f}'"
    lines = enumerate(zip(DASHES.values(), drawn, strict=False))
    return "".join(
        CURVE_KEY.format(style.format(dash, _opacity(i, len(drawn))), spectrum.layer) for i, (dash, spectrum) in lines
    )


CARDS = {
    "Singular values": Card(
        "spectra",
        sentence,
        from_reading("spectra", figure),
        "each layer's singular values, divided by its largest. For a large convolution they are those of its reshaped "
        "kernel.",
        key=key,
    )
}
