"""Real and generated points as a plain Plotly dict."""

from collections.abc import Sequence

import numpy as np

from ganlab.plots.base import Figure, framed, in_units


def points(
    real: np.ndarray | None,
    generated: np.ndarray | None,
    joined: bool = False,
    names: Sequence[str] = (),
    pinned: np.ndarray | None = None,
) -> Figure:
    """Points [n, 2] from -2 to 2: real ones as grey rings, generated as violet dots, those of a pinned step as crosses.

    `joined` draws a line through the generated points in their order. `names` are notes at the first of them, with ""
    for no note.
    """
    cross = {"size": 5, "symbol": "x-thin", "line": {"width": 1, "color": "$generator 0.5"}}
    ring = {"size": 7, "color": "rgba(0,0,0,0)", "line": {"width": 1.2, "color": "$real"}}
    dot = {"size": 4.5, "color": "$generator 0.75"}
    axis = {"range": [-2, 2], "dtick": 1, "ticks": ""}
    groups = [(real, "real", ring), (pinned, "pinned", cross), (generated, "generated", dot)]
    shared = {"type": "scatter", "mode": "markers", "hoverinfo": "skip"}
    traces = [
        shared | {"name": name, "marker": marker, "x": in_units(xy[:, 0], 1e-3), "y": in_units(xy[:, 1], 1e-3)}
        for xy, name, marker in groups
        if xy is not None
    ]
    if joined:
        traces[-1] |= {"mode": "lines+markers", "line": {"color": "$generator", "width": 1.5}}
    named = enumerate(zip(names, () if generated is None else generated, strict=False))
    notes = [_note(i, name, *point.tolist()) for i, (name, point) in named if name]
    return framed(
        traces,
        axis | {"showgrid": True},
        axis | {"scaleanchor": "x"},
        scale="points",
        alt="Scatter of real and generated points.",
        margin=(26, 2, 2, 22),
        annotations=notes,
    )


def _note(i: int, name: str, x: float, y: float) -> Figure:
    left, below = i % 2, i // 2 % 2  # from four sides in turn, so that the notes of close points stay apart
    arrow = {"arrowcolor": "$generator", "arrowwidth": 1.2, "ax": -26 if left else 26, "ay": 26 if below else -26}
    text = {"text": f"<b>{name}</b>", "font": {"color": "$generator", "size": 14}, "bgcolor": "$page", "borderpad": 2}
    return {"x": x, "y": y, **text, **arrow}
