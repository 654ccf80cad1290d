"""What the instruments found at one moment as plain Plotly dicts, in the manner of `ganlab.figures`. Pure.

What the critic says is ink, what is generated violet, what is real grey. What was found over a run is in
`ganlab.trend_figures`, which draws with the strokes and frames of these.
"""

from collections.abc import Sequence

import numpy as np

from ganlab.figures import Figure, packed
from ganlab.probes import gradients
from ganlab.probes.gradients import RMSPROP_EPS, Gradients
from ganlab.probes.lipschitz import Spectrum
from ganlab.readings import Coverage

MARGIN = {"l": 52, "r": 6, "t": 8, "b": 40}


def gradient_norms(found: Gradients) -> Figure:
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


def weight_gradients(found: Gradients) -> Figure:
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


def nothing() -> Figure:
    """Axes before anything is measured."""
    axis = {"range": [0, 1], "showticklabels": False, "nticks": 5}
    return framed([], axis | {"showgrid": False}, axis, scale="empty", alt="Nothing is measured yet.")


def spectra(found: Sequence[Spectrum]) -> Figure:
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


def classes(found: Coverage) -> Figure:
    """How many generated samples fall to each class or mode (violet), and how many would be due (grey).

    Of a mode, those within 3 sd of it are darker.
    """
    names, of_modes = [str(i) for i in range(len(found.found))], len(found.good) > 0
    filled = lambda opacity: {"color": f"$generator {opacity}", "line": {"width": 0}}  # noqa: E731
    bars = [
        {"type": "bar", "x": names, "y": packed(counts), "marker": marker, "name": name}
        | {"hovertemplate": "%{y:,.0f}<extra>" + name + "</extra>"}
        for name, counts, marker in (
            ("nearest to it" if of_modes else "generated", found.found, filled(0.35 if of_modes else 0.75)),
            ("within 3 sd", found.good, filled(1)),
            ("due", found.due, {"color": "rgba(0,0,0,0)", "line": {"color": "$real", "width": 1.4}}),
        )
        if len(counts)
    ]
    counted = f"{', '.join(map(str, found.found)) or 'none'}; {found.missing} with less than a quarter of their due"
    figure = framed(
        bars,
        {"type": "category", "showgrid": False},
        {"nticks": 5, "tickformat": ",d", "rangemode": "tozero"},
        scale=f"classes {len(names)}",
        alt=f"Generated samples by {'mode' if of_modes else 'class'}: {counted}.",
    )
    figure["layout"]["barmode"] = "overlay"
    return figure


def log_axis(values: np.ndarray) -> Figure:
    """With 1, 2 and 5 marked over less than two decades, else at most five powers of ten."""
    shown = values[np.isfinite(values) & (values > 0)]
    decades = np.log10(shown.max() / shown.min()) if len(shown) else 0.0
    few = {"dtick": "D2", "tickformat": "~g" if len(shown) and shown.min() >= 1e-3 else "~e"}
    ticks = few if decades < 2 else {"dtick": int(np.ceil(decades / 5))}
    return {"type": "log", "exponentformat": "power"} | ticks


def framed(
    data: list[Figure], xaxis: Figure, yaxis: Figure, *, scale: str, alt: str, left: int = 52, bottom: int = 40
) -> Figure:
    """Strokes and bars between two axes, with what a reader of the screen hears."""
    margin = MARGIN | {"l": left, "b": bottom} | ({"r": 30} if xaxis.get("type") == "category" else {})
    layout = {"margin": margin, "hovermode": "closest", "xaxis": xaxis, "yaxis": yaxis}
    return {"data": data, "layout": layout, "scale": scale, "alt": alt}


def stroke(
    x: Figure | list[str], y: np.ndarray, name: str, color: str, width: float, dash: str = "solid", dots: float = 0
) -> Figure:
    """A line, with a dot of so many pixels at each of its points."""
    return {
        "type": "scatter", "mode": "lines+markers" if dots else "lines", "x": x, "y": packed(y), "name": name,
        "line": {"color": color, "width": width, "dash": dash}, "marker": {"color": color, "size": dots},
        "hovertemplate": "%{x}: %{y:.3~g}<extra>" + name + "</extra>",
    }  # fmt: skip
