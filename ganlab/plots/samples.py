"""Real and generated points as a plain Plotly dict.

Points outside the view are counted, with marks at its edge.
"""

from collections.abc import Sequence

import numpy as np

from ganlab.plots.base import Figure, framed, in_units, note

REACH = 2  # the view goes from -REACH to REACH
EDGE = 0.975 * REACH  # where the marks of what lies outside are
MARKED = 0.05  # from one mark to the next
COLORS = {"real": "$real", "pinned": "$generator 0.5", "generated": "$generator"}


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
    axis = {"range": [-REACH, REACH], "dtick": 1, "ticks": "", "constrain": "domain"}
    groups = [(real, "real", ring), (pinned, "pinned", cross), (generated, "generated", dot)]
    shared: Figure = {"type": "scatter", "mode": "markers", "hoverinfo": "skip"}
    traces = [
        shared | {"name": name, "marker": marker, "x": in_units(xy[:, 0], 1e-3), "y": in_units(xy[:, 1], 1e-3)}
        for xy, name, marker in groups
        if xy is not None
    ]
    if joined:
        traces[-1] |= {"mode": "lines+markers", "line": {"color": "$generator", "width": 1.5}}
    outside = {name: xy[~_in_view(xy)] for xy, name, _ in groups if xy is not None}
    traces += [shared | marks for name, xy in outside.items() for marks in _at_the_edge(xy, COLORS[name])]
    counts = [f"{len(xy):,} {name} outside" for name, xy in outside.items() if len(xy)]
    named = enumerate(zip(names, () if generated is None else generated, strict=False))
    notes = [_note(i, name, *point.clip(-EDGE, EDGE).tolist()) for i, (name, point) in named if name]
    return framed(
        traces,
        axis | {"showgrid": True},
        axis | {"scaleanchor": "x"},
        scale="points",
        alt="; ".join(["Scatter of real and generated points", *counts]) + ".",
        margin=(26, 2, 18, 22),
        annotations=notes + ([_counted(counts)] if counts else []),
    )


def _in_view(points: np.ndarray) -> np.ndarray:
    return (np.abs(points) <= REACH).all(axis=1)


def _at_the_edge(points: np.ndarray, color: str) -> list[Figure]:
    """For each side, triangles where points lie beyond it; points close together share one, and NaN has no place."""
    traces: list[Figure] = []
    for symbol, axis, sign in (("right", 0, 1), ("left", 0, -1), ("up", 1, 1), ("down", 1, -1)):
        beyond = points[sign * points[:, axis] > REACH, 1 - axis]
        along = np.unique(np.rint(beyond[~np.isnan(beyond)].clip(-EDGE, EDGE) / MARKED)) * MARKED
        if len(along):
            both = [along, along]
            both[axis] = np.full(len(along), sign * EDGE)
            x, y = (in_units(values, 0.01) for values in both)
            traces.append({"name": "outside", "marker": {"size": 7, "color": color, "symbol": f"triangle-{symbol}"}})
            traces[-1] |= {"x": x, "y": y}
    return traces


def _counted(counts: list[str]) -> Figure:
    """How many points are outside the view, above its upper left corner."""
    place = {"xref": "x domain", "yref": "paper", "xanchor": "left", "yanchor": "bottom"}
    return note(0, 1, ", ".join(counts), "$muted", 11.5, **place)


def _note(i: int, name: str, x: float, y: float) -> Figure:
    left, below = i % 2, i // 2 % 2  # from four sides in turn, so that the notes of close points stay apart
    arrow = {"arrowcolor": "$generator", "arrowwidth": 1.2, "ax": -26 if left else 26, "ay": 26 if below else -26}
    text = {"text": f"<b>{name}</b>", "font": {"color": "$generator", "size": 14}, "bgcolor": "$page", "borderpad": 2}
    return {"x": x, "y": y, **text, **arrow}
