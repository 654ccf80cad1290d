"""Real and generated points as a plain Plotly dict."""

from collections.abc import Sequence

import numpy as np

from ganlab.plots.base import Figure, halved


def points(
    real: np.ndarray | None,
    generated: np.ndarray | None,
    joined: bool = False,
    names: Sequence[str] = (),
    pinned: np.ndarray | None = None,
) -> Figure:
    """Real points (grey rings), generated (violet dots), of a pinned step (crosses); [n, 2] each, on [-2, 2]^2.

    The generated ones may be joined by a line, in their order, and the first of them have names.
    """
    cross = {"size": 5, "symbol": "x-thin", "line": {"width": 1, "color": "$generator 0.5"}}
    ring = {"size": 7, "color": "rgba(0,0,0,0)", "line": {"width": 1.2, "color": "$real"}}
    dot = {"size": 4.5, "color": "$generator 0.75"}
    axis = {"range": [-2, 2], "dtick": 1, "ticks": ""}
    drawn = [(real, "real", ring), (pinned, "pinned", cross), (generated, "generated", dot)]
    look = {"type": "scatter", "mode": "markers", "hoverinfo": "skip"}
    traces = [
        look | {"name": name, "marker": marker, "x": halved(where[:, 0], 1e-3), "y": halved(where[:, 1], 1e-3)}
        for where, name, marker in drawn
        if where is not None
    ]
    if joined:
        traces[-1] |= {"mode": "lines+markers", "line": {"color": "$generator", "width": 1.5}}
    layout = {"margin": {"l": 26, "r": 2, "t": 2, "b": 22}, "xaxis": axis, "yaxis": axis | {"scaleanchor": "x"}}
    if names:
        named = zip(names, generated, strict=False)
        layout["annotations"] = [_point_note(i, name, *point.tolist()) for i, (name, point) in enumerate(named) if name]
    return {
        "data": traces,
        "layout": layout,
        "scale": "points",
        "alt": "Scatter of real and generated points.",
    }


def _point_note(i: int, name: str, x: float, y: float) -> Figure:
    left, below = i % 2, i // 2 % 2  # near ones point to their points from four sides
    return {
        "x": x, "y": y, "text": f"<b>{name}</b>", "font": {"color": "$generator", "size": 14}, "bgcolor": "$page",
        "arrowcolor": "$generator", "arrowwidth": 1.2, "ax": -26 if left else 26, "ay": 26 if below else -26,
        "borderpad": 2,
    }  # fmt: skip
