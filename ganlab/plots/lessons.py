"""The figures of the Weight Clipping and Building Blocks pages."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ganlab.formatting import number, round_up
from ganlab.plots.base import Figure, axis, bars, curve, framed, note, packed, upright


def shares(
    bounds: np.ndarray, by_layer: dict[str, np.ndarray], chosen: str, theory: np.ndarray | None, c: float
) -> Figure:
    """For each layer, the share of its weights outside [-c, c] over c [n]; `chosen` stands out, `c` is marked.

    `theory` is the expected share of the chosen layer at its start, or None after training.
    """
    x, hover = packed(bounds), "%{x:.3~g}: %{y:.1%}"
    curves = [
        curve(values, name, "$before 0.3", 1.2, hover=hover, x=x) for name, values in by_layer.items() if name != chosen
    ]
    curves.append(curve(by_layer[chosen], chosen, "$before", 2.6, hover=hover, x=x))
    if theory is not None:
        curves.append(curve(theory, "in theory", "$bound", 1.6, "dot", hover, x=x))
    return framed(
        curves,
        axis("c", type="log", range=np.log10(bounds[[0, -1]]).tolist(), dtick=1, tickformat="~r"),
        {"range": [0, 1.02], "nticks": 5, "tickformat": ".0%"},
        scale="shares",
        alt=f"The share of weights outside minus c to c, over c; {chosen} stands out and c {number(c)} is marked.",
        margin=(46, 6, 22, 40),
        shapes=[upright(c)],
        annotations=[note(float(np.log10(c)), 1, f"c <b>{number(c)}</b>", yref="paper", yanchor="bottom")],
    )


def outputs(at: np.ndarray, before: np.ndarray, after: np.ndarray, i: int) -> Figure:
    """A model's outputs [n, outputs] before and after the clamp, where its input number i is `at` [n]."""
    x, hover = packed(at), "%{x:.3~g}: %{y:.3f}"
    lines = [
        curve(values, f"output {k}, {when}", color, 1.4, hover=hover, x=x)
        for when, color, columns in (("before", "$before 0.75", before), ("after", "$after 0.9", after))
        for k, values in enumerate(columns.T, start=1)
    ]
    return framed(
        lines,
        axis(f"input {i + 1}, the others 0", range=[float(at[0]), float(at[-1])], nticks=9),
        {"range": [0, 1], "nticks": 5, "tickformat": "~g"},
        scale=f"outputs {i}",
        alt=f"The ten outputs over input {i + 1}: from {before.min():.2f} to {before.max():.2f} before the clamp "
        f"and from {after.min():.2f} to {after.max():.2f} after it.",
        margin=(46, 6, 8, 40),
    )


REACH = 4  # standard deviations on either side; what lies further out is counted in the last bins
RUG = 100  # up to this many values, each has its own mark


def against_density(values: Tensor, mean: float, sd: float) -> Figure:
    """A histogram of the values (grey) under the density of N(mean, sd²) (ink); each of few values has its own mark."""
    n = values.numel()
    heights, width = _heights(values, mean, sd)
    z = np.linspace(-REACH, REACH, 97)
    peak = 1 / (sd * math.sqrt(2 * math.pi))
    top = round_up(1.08 * max(float(heights.max()), peak))
    middles = packed(mean - REACH * sd + width * (np.arange(len(heights)) + 0.5))
    outline = {"width": 1, "color": "$muted 0.6"}
    traces = [
        bars(middles, heights, "drawn", "$muted 0.3", outline, hover="%{y:.3~g}", width=width),
        curve(peak * np.exp(-(z**2) / 2), "density", "$text", x=packed(mean + sd * z)),
    ]
    if n <= RUG:
        mark = {"symbol": "line-ns-open", "size": 12, "color": "$text", "line": {"width": 1.5, "color": "$text"}}
        x, y = packed(values.flatten().float().numpy()), packed(np.full(n, 0.025 * top))
        rug = {"type": "scatter", "mode": "markers", "x": x, "y": y, "marker": mark}
        traces.append(rug | {"hovertemplate": "%{x:.4~g}<extra>value</extra>"})
    reach = 1.03 * REACH * sd
    return framed(
        traces,
        {"range": [mean - reach, mean + reach], "nticks": 7, "hoverformat": ".4~g"},
        axis("density", 3, range=[0, top], nticks=4, tickformat="~g"),
        scale=f"bell {mean} {sd} {n}",
        alt=f"Histogram of {n:,} values against the density of N({number(mean)}, {number(sd)}²).",
        margin=(42, 4, 8, 26),
        hovermode="x unified",
        bargap=0,
    )


def _heights(values: Tensor, mean: float, sd: float) -> tuple[np.ndarray, float]:
    """The histogram [bins] between mean ± 4 sd, with area 1, and the width of a bin."""
    n = values.numel()
    bins = min(max(2 * round(math.sqrt(n) / 2), 8), 64)
    width = 2 * REACH * sd / bins
    index = ((values.flatten().double() - mean) / width + bins / 2).floor().clamp(0, bins - 1).long()
    return torch.bincount(index, minlength=bins).numpy() / (n * width), width


class Line(NamedTuple):
    """The sd of the activations before the first layer and after each."""

    name: str
    sds: Sequence[float]
    color: str = "$text"
    dash: str = "solid"
    hollow: bool = False  # marked with rings, so that a line beneath stays visible


def through_layers(lines: Sequence[Line]) -> Figure:
    """The sd of the activations, layer by layer, on a logarithmic axis."""
    sds = [sd for line in lines for sd in line.sds]
    low, high = math.floor(math.log10(min(sds)) - 0.2), math.ceil(math.log10(max(sds)) + 0.2)
    dtick = max(1, (high - low) // 4)
    layers = list(range(len(lines[0].sds)))
    names = ["input", *(f"layer {i}" for i in layers[1:])]
    data = [curve(np.array(line.sds), line.name, line.color, dash=line.dash, dots=6, x=layers) for line in lines]
    for line, trace in zip(lines, data, strict=True):
        if line.hollow:
            trace["marker"] |= {"size": 11, "symbol": "circle-open"}
    in_words = "; ".join(f"{line.name}, {line.sds[0]:.3g} before and {line.sds[-1]:.3g} after" for line in lines)
    return framed(
        data,
        {"range": [-0.15, len(layers) - 0.85], "tickvals": layers, "ticktext": names},
        axis("sd of activations", 3, type="log", range=[low, high], dtick=dtick, exponentformat="power"),
        scale=f"layers {low} {high}",
        alt=f"Standard deviation of the activations after each layer: {in_words}.",
        margin=(56, 10, 8, 24),
        hovermode="x unified",
    )
