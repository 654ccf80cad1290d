"""The card on singular values."""

from collections.abc import Sequence

import numpy as np

from ganlab.formatting import NOTHING
from ganlab.measure.spectra import Spectrum
from ganlab.plots.base import Figure, packed
from ganlab.plots.readings import framed, stroke
from ganlab.ui.kit.html import CURVE_KEY
from ganlab.ui.train.instruments.card import Card, CardData, from_reading


def figure(found: Sequence[Spectrum]) -> Figure:
    """Every layer's singular values over its largest; Miyato et al. 2018 (arXiv 1802.05957), Fig. 3."""
    drawn = several(found)
    dashes = ("solid", "dash", "dot", "dashdot", "longdash")
    lines = [
        stroke(
            packed(np.linspace(0, 1, len(spectrum.values))),
            spectrum.values / spectrum.values[0],
            spectrum.layer if spectrum.exact else f"{spectrum.layer}, reshaped kernel",
            f"$bound {opacity:.2f}",
            1.8,
            dashes[i % len(dashes)],
        )
        for i, (spectrum, opacity) in enumerate(zip(drawn, fading(len(drawn)), strict=True))
    ]
    half = [f"{s.layer} {(s.values >= s.values[0] / 2).mean():.0%}" for s in drawn]
    return framed(
        lines,
        {"range": [0, 1], "showgrid": False, "tickformat": ".0%", "title": {"text": "singular values", "standoff": 2}},
        {"range": [0, 1.02], "nticks": 5, "title": {"text": "of the largest", "standoff": 4}},
        scale=f"spectra {[s.layer for s in drawn]}",
        alt=f"Singular values of each layer. Above half the largest: {', '.join(half) or 'nothing to show'}.",
    )


def several(found: Sequence[Spectrum]) -> list[Spectrum]:
    """Those of more than one value, and not of zeros: what a spectrum can be drawn of."""
    return [spectrum for spectrum in found if len(spectrum.values) > 1 and spectrum.values[0] > 0]


def fading(n: int) -> list[float]:
    """The opacities of n lines, the first layer's the darkest."""
    return [1 - 0.7 * i / n for i in range(n)]


FEW = 0.1  # of all directions


def sentence(data: CardData) -> str:
    """How many directions a layer passes on."""
    found = several(data.reading.spectra) if data.reading else []
    if not found:
        return NOTHING
    least = min(found, key=lambda s: (s.values >= s.values[0] / 2).mean())
    large = (least.values >= least.values[0] / 2).sum()
    few = " It passes on few directions." if large <= FEW * len(least.values) else ""
    told = f"In {least.layer}{'' if least.exact else ' (reshaped kernel)'} <b>{large} of {len(least.values)}</b> are"
    return f"{told} at least half the largest, itself among them.{few}"


def key(data: CardData) -> str:
    """Which line is which layer's, while there are few."""
    found = several(data.reading.spectra) if data.reading else []
    if not 0 < len(found) <= 4:
        return ""
    dashes = ("", "6 3", "2 3", "6 3 2 3")
    look = "stroke='var(--st-text-color)' stroke-width='2' stroke-dasharray='{}' opacity='{:.2f}'"
    lines = enumerate(zip(found, fading(len(found)), strict=True))
    return "".join(CURVE_KEY.format(look.format(dashes[i], opacity), s.layer) for i, (s, opacity) in lines)


CARDS = {
    "Singular values": Card(
        "spectra",
        sentence,
        from_reading("spectra", figure),
        "each layer's singular values, divided by its largest. Those of a large convolution are of its reshaped "
        "kernel.",
        key=key,
    )
}
