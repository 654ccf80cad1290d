"""The card on the plane."""

import numpy as np
import streamlit as st

from ganlab.formatting import NOTHING, number, short
from ganlab.measure.plane import REACH, TICKS, Plane
from ganlab.plots import samples
from ganlab.plots.base import Figure, packed
from ganlab.plots.readings import nothing
from ganlab.ui.train.instruments.card import Card, CardData

TITLE = "The plane"
LAYERS = ("values", "arrows", "latent map", "points")
"""What the plane may show, from below to above."""
SHOWN = ("values", "arrows", "points")
"""What it shows at first."""
LONGEST = 0.35  # of an arrow, in the plane's units


def figure(
    seen: Plane,
    real: np.ndarray | None = None,
    layers: tuple[str, ...] = LAYERS,
) -> Figure:
    """The critic's values with level lines, its gradients, the latents' map, generated and real points [n, 2]."""
    base = samples.points(real, seen.generated)
    axes = {axis: base["layout"][axis] | {"constrain": "domain"} for axis in ("xaxis", "yaxis")}  # no strip beside it
    data = [_surface(seen.values)] if "values" in layers else []
    data += _latent_map(seen.latent_map) if "latent map" in layers else []
    data += base["data"] if "points" in layers else []
    steepest = np.linalg.norm(seen.gradients, axis=1).max()
    low, high = (number(float(f"{value:.3g}")) for value in (seen.values.min(), seen.values.max()))
    return base | {
        "data": data,
        "layout": base["layout"] | axes | {"shapes": _arrows(seen) if "arrows" in layers and steepest > 0 else []},
        "scale": f"plane {layers}",
        "alt": f"The plane with {', '.join(layers) or 'nothing'}: the critic's values go from {low} to {high}, its "
        f"steepest gradient at a generated point is {number(float(f'{steepest:.3g}'))}.",
    }


def _surface(values: np.ndarray) -> Figure:
    return {
        "type": "contour", "x0": -REACH, "dx": 2 * REACH / (TICKS - 1), "y0": -REACH, "dy": 2 * REACH / (TICKS - 1),
        "z": packed(values) | {"shape": f"{TICKS}, {TICKS}"},
        "colorscale": [[0, "$page"], [1, "$text 0.35"]], "showscale": False, "ncontours": 14,
        "contours": {"coloring": "heatmap"}, "line": {"color": "$bound 0.45", "width": 1},
        "hovertemplate": "critic %{z:.3~g}<extra></extra>",
    }  # fmt: skip


def _latent_map(mapped: np.ndarray) -> list[Figure]:
    """Both families of lines of the grid, each as one trace with a gap after every line."""
    gap = np.full((len(mapped), 1, 2), np.nan, np.float32)
    look = {"type": "scatter", "mode": "lines", "name": "latent grid", "hoverinfo": "skip"}
    look |= {"line": {"color": "$generator 0.5", "width": 1}}
    both = [np.concatenate([lines, gap], axis=1).reshape(-1, 2) for lines in (mapped, mapped.transpose(1, 0, 2))]
    return [look | {"x": packed(points[:, 0]), "y": packed(points[:, 1])} for points in both]


def _arrows(seen: Plane) -> list[Figure]:
    """All arrows as one shape; the longest is LONGEST, the others to scale."""
    gradients = seen.gradients.astype(float)
    starts = seen.generated[: len(gradients)].astype(float)
    along = gradients / np.linalg.norm(gradients, axis=1).max() * LONGEST
    path = "".join(_arrow(start, vector) for start, vector in zip(starts, along, strict=True))
    return [{"type": "path", "xref": "x", "yref": "y", "path": path, "line": {"color": "$bound", "width": 1.3}}]


def _arrow(start: np.ndarray, along: np.ndarray) -> str:
    """A line and two short ones back from its tip, 30 degrees to each side."""
    tip = start + along
    x, y = -0.3 * along
    sides = [tip + np.array([0.866 * x - s * y, s * x + 0.866 * y]) for s in (0.5, -0.5)]
    at = [f"{px:.3f},{py:.3f}" for px, py in (start, tip, *sides)]
    return f"M{at[0]}L{at[1]}M{at[2]}L{at[1]}L{at[3]}"


def sentence(data: CardData) -> str:
    """The critic over the plane."""
    found = data.reading and data.reading.plane
    if not found:
        return NOTHING
    low, high = short(float(found.values.min())), short(float(found.values.max()))
    steepest = short(float(np.linalg.norm(found.gradients, axis=1).max()))
    told = f"At step {data.reading.step:,} the critic's scores go from {low} to {high};"
    return f"{told} arrows are its slope at generated points, at most {steepest}."


def _figure(data: CardData) -> Figure:
    found = data.reading and data.reading.plane
    return figure(found, data.real, _chosen()) if found else nothing()


def _chosen() -> tuple[str, ...]:
    return tuple(layer for layer in LAYERS if layer in st.session_state["plane_layers"])


def _menu() -> None:
    st.pills(
        "Show",
        LAYERS,
        selection_mode="multi",
        default=SHOWN,
        key="plane_layers",
        label_visibility="collapsed",
        format_func=str.capitalize,
        persist_state="session",
    )


CARDS = {
    TITLE: Card(
        "plane",
        sentence,
        _figure,
        "the critic's score with level lines, its gradient at generated points, and where the generator maps an even "
        "grid of latents.",
        key=lambda data: (
            "<span>low score<i class='tints'></i>high</span><span><i class='dot'></i>generated</span>"
            "<span><i class='ring'></i>real</span>"
        ),
        depends_on=lambda data: _chosen(),
        controls=_menu,
        height=470,
    )
}
