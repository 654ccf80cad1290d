"""What the instruments found as plain Plotly dicts, in the manner of `ganlab.figures`. Pure.

What the critic says is ink, what is generated violet, what is real grey. Over time every figure takes the rows of
instruments.csv (`readings.row`); a NaN is a gap in a line.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ganlab.figures import Figure, halved, number, packed
from ganlab.probes import gradients
from ganlab.probes.gradients import RMSPROP_EPS, Gradients
from ganlab.probes.lipschitz import Spectrum
from ganlab.readings import Coverage
from ganlab.snapshot import History, round_up

COLUMNS = 80  # of a heat map, which is little wider in pixels
EARLY = 4  # looks; with more, the first, of networks that have hardly learned, no longer sets the scale
MARGIN = {"l": 52, "r": 6, "t": 8, "b": 40}
Rows = Sequence[dict[str, float]]


class _Line(NamedTuple):
    name: str
    column: str
    color: str
    dash: str = "solid"


def gradient_norms(found: Gradients) -> Figure:
    """The norm of the critic loss's gradient at every layer, and dotted what the gain law expects.

    Gulrajani et al. 2017 (arXiv 1704.00028), Fig. 1b, left; the law's line stops at batch norm.
    """
    above_zero = np.where(found.norms > 0, found.norms, np.nan)
    measured = _line(list(found.layers), above_zero, "measured", "$bound", 2.2, dots=6)
    expected = [
        _line(layers, line, "gain law", "$bound 0.6", 1.6, "dot") for layers, line in gradients.by_the_law(found)
    ]
    words = gradients.verdict(found)
    return _figure(
        [measured, *expected],
        {"type": "category", "showgrid": False},
        _log_axis(above_zero) | {"title": {"text": "gradient norm", "standoff": 4}},
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
    return _figure(
        [
            _line(names, rms, "rms gradient", "$bound", 2.2, dots=6),
            _line(names, np.full(len(names), RMSPROP_EPS), "the optimiser's eps", "$bound 0.6", 1.2, "dash"),
        ],
        {"type": "category", "showgrid": False},
        _log_axis(np.append(rms, RMSPROP_EPS)) | {"title": {"text": "rms weight gradient", "standoff": 4}},
        scale=f"weight gradients {names}",
        alt=f"Root mean square gradient of each weight tensor: {below} of {len(names)} below the optimiser's 1e-8.",
    )


def at_bounds(history: History) -> Figure:
    """The share of every layer's weights that sits exactly at a bound, layer by step, in tints of ink."""
    names = history.layer_names
    steps = len(history) if names else 0  # layers.csv may be gone
    k = -(-steps // COLUMNS) or 1  # a column is the mean of k steps
    shares = history.layer_shares[: steps // k * k, :, 1]
    z = shares.reshape(steps // k, k, len(names)).mean(axis=1).T  # [layers, columns]
    heat = {
        "type": "heatmap", "y": names, "x0": (k + 1) / 2, "dx": k, "z": halved(z, 1e-4), "zmin": 0, "zmax": 1,
        "colorscale": [[0, "$text 0.05"], [1, "$text"]], "xgap": 0, "ygap": 1,
        "showscale": False,
        "hovertemplate": "%{y}, step %{x:,.0f}: %{z:.1%}<extra></extra>",
    }  # fmt: skip
    newest = f"; newest {shares[-1].min():.0%} to {shares[-1].max():.0%}" if steps else ""
    figure = _figure(
        [heat] if steps else [],
        {"range": [0, round_up(max(1.1 * steps, 10))], "showgrid": False, "nticks": 6, "tickformat": ",d"},
        {"type": "category", "autorange": "reversed", "showgrid": False, "ticksuffix": " "},
        scale=f"at bounds {names}",
        alt=f"Share of each of {len(names)} layers' weights exactly at a bound, by step{newest}.",
        left=104,
        bottom=24,
    )
    counted = history.layer_counts[-1, :, 1] if steps else []
    figure["layout"]["margin"] |= {"r": 44}
    figure["layout"]["annotations"] = [_count(name, int(n)) for name, n in zip(names, counted, strict=True)]
    return figure


def _count(layer: str, n: int) -> Figure:
    """How many weights are at a bound now, right of a row."""
    return {
        "x": 1, "xref": "paper", "xanchor": "left", "y": layer, "text": f"{n:,}", "showarrow": False,
        "font": {"color": "$muted", "size": 11.5},
    }  # fmt: skip


def nearest(rows: Rows) -> Figure:
    """How far generated images are from the nearest training image, and how far new real ones are."""
    lines = [
        _Line("generated", "nearest_training", "$generator"),
        _Line("new real ones", "nearest_training_real", "$real", "dash"),
    ]
    return _over_time("Distance to the nearest training image", rows, lines, nticks=5, tickformat="~g")


def nothing() -> Figure:
    """Axes before anything is measured."""
    axis = {"range": [0, 1], "showticklabels": False, "nticks": 5}
    return _figure([], axis | {"showgrid": False}, axis, scale="empty", alt="Nothing is measured yet.")


def steepness(rows: Rows) -> Figure:
    """The product of the layers' norms, no slope is above it, and the largest gradient met."""
    lines = [
        _Line("product of the norms", "lipschitz_product", "$bound 0.6", "dash"),
        _Line("largest gradient met", "largest_gradient", "$bound"),
    ]
    values = np.array([row[line.column] for row in rows for line in lines])
    return _over_time("Steepness of the critic", rows, lines, **_log_axis(values))


def distances(rows: Rows) -> Figure:
    """W1 of generated to held-out samples, of real to real, and the estimate's lower bound of the first."""
    name = "sliced W1" if rows and rows[-1]["w1_sliced"] == 1 else "exact W1"
    lines = [
        _Line(f"{name}, generated to real", "w1", "$generator"),
        _Line(f"{name}, real to real", "real_to_real", "$real", "dash"),
        _Line("lower bound by the critic", "lower_bound", "$bound"),
        _Line("scaled estimate, not a bound", "scaled_estimate", "$bound 0.6", "dot"),
    ]
    return _over_time("Distance of generated from real", rows, lines, nticks=5, tickformat="~g")


def estimates(rows: Rows) -> Figure:
    """The critic's estimate on samples it trains on and on those held out: apart, the critic has overfitted.

    Gulrajani et al. 2017 (arXiv 1704.00028), Fig. 5b.
    """
    lines = [
        _Line("held out", "held_out_estimate", "$real", "dash"),
        _Line("training", "train_estimate", "$bound"),
    ]
    return _over_time("Critic estimate on training and held-out samples", rows, lines, nticks=5, tickformat="~g")


def spectra(found: Sequence[Spectrum]) -> Figure:
    """Every layer's singular values over its largest; Miyato et al. 2018 (arXiv 1802.05957), Fig. 3."""
    drawn = several(found)
    dashes = ("solid", "dash", "dot", "dashdot", "longdash")
    lines = [
        _line(
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
    return _figure(
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


def spread(rows: Rows) -> Figure:
    """How far generated samples are spread, over how far real ones are."""
    lines = [_Line("generated", "spread", "$generator")]
    figure = _over_time("Spread of the generated samples over that of the real ones", rows, lines, nticks=5)
    rule = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": 1, "y1": 1, "layer": "below"}
    if "range" in (axis := figure["layout"]["yaxis"]):
        axis["range"] = [min(axis["range"][0], 0.95), max(axis["range"][1], 1.05)]
    figure["layout"]["shapes"] = [rule | {"line": {"color": "$real", "width": 2, "dash": "dash"}}]
    return figure


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
    figure = _figure(
        bars,
        {"type": "category", "showgrid": False},
        {"nticks": 5, "tickformat": ",d", "rangemode": "tozero"},
        scale=f"classes {len(names)}",
        alt=f"Generated samples by {'mode' if of_modes else 'class'}: {counted}.",
    )
    figure["layout"]["barmode"] = "overlay"
    return figure


def _log_axis(values: np.ndarray) -> Figure:
    """With 1, 2 and 5 marked over less than two decades, else at most five powers of ten."""
    shown = values[np.isfinite(values) & (values > 0)]
    decades = np.log10(shown.max() / shown.min()) if len(shown) else 0.0
    few = {"dtick": "D2", "tickformat": "~g" if len(shown) and shown.min() >= 1e-3 else "~e"}
    ticks = few if decades < 2 else {"dtick": int(np.ceil(decades / 5))}
    return {"type": "log", "exponentformat": "power"} | ticks


def _over_time(title: str, rows: Rows, lines: Sequence[_Line], **y_axis: object) -> Figure:
    steps = np.array([row["step"] for row in rows])
    columns = {line: np.array([row[line.column] for row in rows], float) for line in lines}
    if y_axis.get("type") == "log":
        columns = {line: np.where(values > 0, values, np.nan) for line, values in columns.items()}
    drawn = {line: values for line, values in columns.items() if np.isfinite(values).any()}
    newest = [
        f"{line.name} {number(float(f'{values[-1]:.3g}'))}" for line, values in drawn.items() if np.isfinite(values[-1])
    ]
    at = packed(steps)
    if len(rows) > EARLY and y_axis.get("type") != "log" and drawn:
        y_axis |= _range_of(np.concatenate([values[1:] for values in drawn.values()]))
    figure = _figure(
        [_line(at, values, line.name, line.color, 2, line.dash, _dots(values)) for line, values in drawn.items()],
        {"range": [0, round_up(max(1.1 * steps[-1], 10)) if rows else 10], "showgrid": False, "tickformat": ",d"},
        y_axis if drawn else {"range": [0, 1]},
        scale=title if drawn else "empty",
        alt=f"{title} over the steps{'; newest: ' if newest else ''}{', '.join(newest)}.",
        bottom=24,
    )
    if "range" in y_axis:
        outside = [values[0] for values in drawn.values() if not _within(values[0], y_axis["range"])]
        figure["layout"]["annotations"] = [_first(steps[0], value, y_axis["range"]) for value in outside[:1]]
    return figure


def _within(value: float, bounds: list[float]) -> bool:
    return np.isnan(value) or bounds[0] <= value <= bounds[1]


def _first(step: float, value: float, bounds: list[float]) -> Figure:
    """A note at the edge that a line leaves by."""
    above = value > bounds[1]
    return {
        "xref": "paper", "yref": "paper", "x": 0.02, "y": 1.0 if above else 0.0, "xanchor": "left",
        "yanchor": "top" if above else "bottom", "showarrow": False, "font": {"color": "$muted", "size": 11.5},
        "text": f"{'↑' if above else '↓'} {number(float(f'{value:.3g}'))} at step {step:,.0f}",
    }  # fmt: skip


def _dots(values: np.ndarray) -> float:
    """The size of a line's dots: only a look between two where the instrument was off needs any."""
    there = np.pad(np.isfinite(values), 1)
    return 3.5 if (there[1:-1] & ~there[:-2] & ~there[2:]).any() else 0


def _range_of(values: np.ndarray) -> Figure:
    """From the lowest to the highest of those that are numbers, with a margin; Plotly's own if there are none."""
    values = values[np.isfinite(values)]
    if not len(values):
        return {}
    low, high = float(values.min()), float(values.max())
    margin = 0.06 * (high - low) or 0.1 * abs(high) or 1.0
    return {"range": [low - margin, high + margin]}


def _figure(
    data: list[Figure], xaxis: Figure, yaxis: Figure, *, scale: str, alt: str, left: int = 52, bottom: int = 40
) -> Figure:
    margin = MARGIN | {"l": left, "b": bottom} | ({"r": 30} if xaxis.get("type") == "category" else {})
    layout = {"margin": margin, "hovermode": "closest", "xaxis": xaxis, "yaxis": yaxis}
    return {"data": data, "layout": layout, "scale": scale, "alt": alt}


def _line(
    x: Figure | list[str], y: np.ndarray, name: str, color: str, width: float, dash: str = "solid", dots: float = 0
) -> Figure:
    """A line, with a dot of so many pixels at each of its points."""
    return {
        "type": "scatter", "mode": "lines+markers" if dots else "lines", "x": x, "y": packed(y), "name": name,
        "line": {"color": color, "width": width, "dash": dash}, "marker": {"color": color, "size": dots},
        "hovertemplate": "%{x}: %{y:.3~g}<extra>" + name + "</extra>",
    }  # fmt: skip
