"""Real and generated points as a plain Plotly dict, with `clouds` of points and a `note`, which front/plot.js draws.

Points outside the view are counted in the note, with marks at its edge.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from ganlab.plots.base import Figure, framed, in_units, packed

REACH = 2  # the view goes from -REACH to REACH
EDGE = 0.975 * REACH  # where the marks of what lies outside are
MARKED = 0.05  # from one mark to the next
COLORS = {"real": "$real", "crosses": "$generator 0.5", "generated": "$generator 0.75"}


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
    axis = {"range": [-REACH, REACH], "dtick": 1, "ticks": "", "constrain": "domain"}
    groups = [(real, "real", "ring"), (pinned, "crosses", "cross"), (generated, "generated", "dot")]
    given = [(xy, name, shape) for xy, name, shape in groups if xy is not None]
    outside = {name: xy[~_in_view(xy)] for xy, name, _ in given}
    clouds = [_cloud(name, shape, xy, 1e-3) for xy, name, shape in given]
    clouds += [cloud for name, xy in outside.items() for cloud in _at_the_edge(xy, name)]
    traces: list[Figure] = []
    if joined and generated is not None:
        x, y = map(packed, generated.T)
        line = {"color": "$generator", "width": 1.5}
        traces.append({"type": "scatter", "mode": "lines", "hoverinfo": "skip", "x": x, "y": y, "line": line})
    counts = [f"{len(xy):,} {name} outside" for name, xy in outside.items() if len(xy)]
    named = enumerate(zip(names, () if generated is None else generated, strict=False))
    notes = [_note(i, name, *point.clip(-EDGE, EDGE).tolist()) for i, (name, point) in named if name]
    figure = framed(
        traces,
        axis | {"showgrid": True},
        axis | {"scaleanchor": "x"},
        scale="points",
        alt="; ".join(["Scatter of real and generated points", *counts]) + ".",
        margin=(26, 2, 18, 22),
        annotations=notes,
    )
    return figure | {"clouds": clouds, "note": ", ".join(counts)}


def _in_view(points: np.ndarray) -> np.ndarray:
    return (np.abs(points) <= REACH).all(axis=1)


def _cloud(name: str, shape: str, xy: np.ndarray, unit: float) -> Figure:
    x, y = (in_units(values, unit) for values in xy.T)
    return {"name": name, "shape": shape, "color": COLORS[name], "x": x, "y": y}


def _at_the_edge(points: np.ndarray, name: str) -> Iterator[Figure]:
    """For each side, triangles where points lie beyond it; points close together share one, and NaN has no place."""
    for shape, axis, sign in (("right", 0, 1), ("left", 0, -1), ("up", 1, 1), ("down", 1, -1)):
        beyond = points[sign * points[:, axis] > REACH, 1 - axis]
        along = np.unique(np.rint(beyond[~np.isnan(beyond)].clip(-EDGE, EDGE) / MARKED)) * MARKED
        if len(along):
            both = [along, along]
            both[axis] = np.full(len(along), sign * EDGE)
            yield _cloud(name, shape, np.stack(both, axis=1), 0.01)


def _note(i: int, name: str, x: float, y: float) -> Figure:
    left, below = i % 2, i // 2 % 2  # from four sides in turn, so that the notes of close points stay apart
    arrow = {"arrowcolor": "$generator", "arrowwidth": 1.2, "ax": -26 if left else 26, "ay": 26 if below else -26}
    text = {"text": f"<b>{name}</b>", "font": {"color": "$generator", "size": 14}, "bgcolor": "$page", "borderpad": 2}
    return {"x": x, "y": y, **text, **arrow}
