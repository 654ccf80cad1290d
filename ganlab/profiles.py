"""What a bound would clip, and what a model answers along a line, as plain Plotly dicts like those of figures. Pure."""

import numpy as np

from ganlab.figures import Figure, number, packed

MARGIN = {"l": 46, "r": 6, "t": 22, "b": 40}


def shares(
    bounds: np.ndarray, by_layer: dict[str, np.ndarray], chosen: str, theory: np.ndarray | None, c: float
) -> Figure:
    """For each layer, the share of its weights outside [-c, c] over c [n]; `chosen` stands out, `c` is marked.

    `theory` is what the chosen layer's start lets expect, or None after training.
    """
    x = packed(bounds)
    faint = [
        _line(x, values, name, "$before 0.3", 1.2, fmt=".1%") for name, values in by_layer.items() if name != chosen
    ]
    expected = [] if theory is None else [_line(x, theory, "in theory", "$bound", 1.6, "dot", ".1%")]
    ends = [float(np.log10(bounds[0])), float(np.log10(bounds[-1]))]
    mark = {"type": "line", "xref": "x", "yref": "paper", "x0": c, "x1": c, "y0": 0, "y1": 1, "layer": "below"}
    note = {
        "x": float(np.log10(c)), "y": 1, "yref": "paper", "yanchor": "bottom", "text": f"c <b>{number(c)}</b>",
        "showarrow": False, "font": {"color": "$text", "size": 12.5},
    }  # fmt: skip
    return {
        "data": [*faint, _line(x, by_layer[chosen], chosen, "$before", 2.6, fmt=".1%"), *expected],
        "layout": {
            "margin": MARGIN,
            "hovermode": "closest",
            "shapes": [mark | {"line": {"color": "$bound", "width": 1.25, "dash": "4px,3px"}}],
            "annotations": [note],
            "xaxis": {
                "type": "log", "range": ends, "dtick": 1, "showgrid": False, "tickformat": "~r",
                "title": {"text": "c", "standoff": 2},
            },
            "yaxis": {"range": [0, 1.02], "nticks": 5, "tickformat": ".0%"},
        },
        "scale": "shares",
        "alt": f"Share of the weights outside minus c to c over c, {chosen} standing out; c {number(c)} is marked.",
    }  # fmt: skip


def answers(at: np.ndarray, before: np.ndarray, after: np.ndarray, axis: int) -> Figure:
    """A model's outputs before and after the clamp, [n, outputs] each, where its input number `axis` is `at` [n]."""
    x = packed(at)
    lines = [
        _line(x, values, f"output {i}, {when}", color, width)
        for when, color, width, outputs in (
            ("before", "$before 0.75", 1.4, before),
            ("after", "$after 0.9", 1.4, after),
        )
        for i, values in enumerate(outputs.T, start=1)
    ]
    return {
        "data": lines,
        "layout": {
            "margin": MARGIN | {"t": 8},
            "hovermode": "closest",
            "xaxis": {
                "range": [float(at[0]), float(at[-1])], "showgrid": False, "nticks": 9,
                "title": {"text": f"input {axis + 1}, the others 0", "standoff": 2},
            },
            "yaxis": {"range": [0, 1], "nticks": 5, "tickformat": "~g"},
        },
        "scale": f"answers {axis}",
        "alt": f"The ten outputs over input {axis + 1}: they spread over {_spread(before)} before the clamp and "
        f"{_spread(after)} after it.",
    }  # fmt: skip


def _spread(outputs: np.ndarray) -> str:
    return f"{outputs.min():.2f} to {outputs.max():.2f}"


def _line(
    x: Figure, values: np.ndarray, name: str, color: str, width: float, dash: str = "solid", fmt: str = ".3f"
) -> Figure:
    hover = f"%{{x:.3~g}}: %{{y:{fmt}}}<extra>{name}</extra>"
    line = {"color": color, "width": width, "dash": dash}
    return {"type": "scatter", "mode": "lines", "x": x, "y": packed(values), "line": line, "hovertemplate": hover}
