"""Normal numbers as plain Plotly dicts, as `ganlab.figures` has them: against their density, and layer by layer."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ganlab.figures import Figure, number, packed
from ganlab.snapshot import round_up

REACH = 4  # standard deviations either side; what lies further out is counted in the last bins
RUG = 100  # up to so many values each is a mark of its own


def against_density(values: Tensor, mean: float, sd: float) -> Figure:
    """A histogram of the values (grey) under the density of N(mean, sd²) (ink); few values are marked one by one."""
    n = values.numel()
    heights, width = _heights(values, mean, sd)
    z = np.linspace(-REACH, REACH, 97)
    peak = 1 / (sd * math.sqrt(2 * math.pi))
    top = round_up(1.08 * max(float(heights.max()), peak))
    traces: list[Figure] = [
        {
            "type": "bar",
            "x": packed(mean - REACH * sd + width * (np.arange(len(heights)) + 0.5)),
            "y": packed(heights),
            "width": width,
            "marker": {"color": "$muted 0.3", "line": {"width": 1, "color": "$muted 0.6"}},
            "hovertemplate": "%{y:.3~g}<extra>drawn</extra>",
        },
        {
            "type": "scatter",
            "mode": "lines",
            "x": packed(mean + sd * z),
            "y": packed(peak * np.exp(-(z**2) / 2)),
            "line": {"color": "$text", "width": 2},
            "hovertemplate": "%{y:.3~g}<extra>density</extra>",
        },
    ]
    if n <= RUG:
        traces.append(_rug(values, height=0.025 * top))
    reach = 1.03 * REACH * sd
    return {
        "data": traces,
        "layout": {
            "margin": {"l": 42, "r": 4, "t": 8, "b": 26},
            "bargap": 0,
            "hovermode": "x unified",
            "xaxis": {"range": [mean - reach, mean + reach], "showgrid": False, "nticks": 7, "hoverformat": ".4~g"},
            "yaxis": {"range": [0, top], "nticks": 4, "tickformat": "~g", "title": {"text": "density", "standoff": 3}},
        },
        "scale": f"bell {mean} {sd} {n}",
        "alt": f"Histogram of {n:,} values against the density of N({number(mean)}, {number(sd)}²).",
    }


def _heights(values: Tensor, mean: float, sd: float) -> tuple[np.ndarray, float]:
    """[bins] histogram of unit area between mean ± 4 sd, and the width of a bin."""
    n = values.numel()
    bins = min(max(2 * round(math.sqrt(n) / 2), 8), 64)
    width = 2 * REACH * sd / bins
    place = ((values.flatten().double() - mean) / width + bins / 2).floor().clamp(0, bins - 1).long()
    return torch.bincount(place, minlength=bins).numpy() / (n * width), width


def _rug(values: Tensor, height: float) -> Figure:
    return {
        "type": "scatter",
        "mode": "markers",
        "x": packed(values.flatten().float().numpy()),
        "y": packed(np.full(values.numel(), height)),
        "marker": {"symbol": "line-ns-open", "size": 12, "color": "$text", "line": {"width": 1.5, "color": "$text"}},
        "hovertemplate": "%{x:.4~g}<extra>value</extra>",
    }


class Line(NamedTuple):
    """The sd of the activations before the first layer and after each."""

    name: str
    sds: Sequence[float]
    color: str = "$text"
    dash: str = "solid"
    hollow: bool = False
    """Its marks: rings, so that a line beneath can be seen."""


def through_layers(lines: Sequence[Line]) -> Figure:
    """How far activations spread, layer by layer, on a logarithmic axis."""
    every = [sd for line in lines for sd in line.sds]
    low, high = math.floor(math.log10(min(every)) - 0.2), math.ceil(math.log10(max(every)) + 0.2)
    layers = list(range(len(lines[0].sds)))
    return {
        "data": [
            {
                "type": "scatter",
                "mode": "lines+markers",
                "x": layers,
                "y": [float(f"{sd:.4g}") for sd in line.sds],
                "line": {"color": line.color, "width": 2, "dash": line.dash},
                "marker": {"size": 11, "symbol": "circle-open", "color": line.color}
                if line.hollow
                else {"size": 6, "color": line.color},
                "hovertemplate": "%{y:.3~g}<extra>" + line.name + "</extra>",
            }
            for line in lines
        ],
        "layout": {
            "margin": {"l": 56, "r": 10, "t": 8, "b": 24},
            "hovermode": "x unified",
            "xaxis": {
                "range": [-0.15, len(layers) - 0.85],
                "showgrid": False,
                "tickvals": layers,
                "ticktext": ["input", *(f"layer {i}" for i in layers[1:])],
            },
            "yaxis": {
                "type": "log",
                "range": [low, high],
                "dtick": max(1, (high - low) // 4),
                "exponentformat": "power",
                "title": {"text": "sd of activations", "standoff": 3},
            },
        },
        "scale": f"layers {low} {high}",
        "alt": "Standard deviation of the activations after each layer: "
        + "; ".join(f"{line.name}, {line.sds[0]:.3g} before and {line.sds[-1]:.3g} after" for line in lines)
        + ".",
    }
