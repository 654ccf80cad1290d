"""The card on the plane."""

import numpy as np
import streamlit as st

from ganlab.formatting import NOTHING, short
from ganlab.measure.plane import REACH, TICKS, Plane
from ganlab.plots import samples
from ganlab.plots.base import Figure, packed
from ganlab.plots.readings import empty
from ganlab.ui.kit.html import TINTS
from ganlab.ui.train.instruments.card import Card, CardData

TITLE = "The plane"
LAYERS = ("values", "arrows", "latent map", "points")  # what the plane may show, from back to front
SHOWN = ("values", "arrows", "points")  # what it shows at first
LONGEST = 0.35  # of an arrow, in the plane's units


def figure(plane: Plane, real: np.ndarray | None = None, layers: tuple[str, ...] = LAYERS) -> Figure:
    """The critic's values with level lines, its gradients, the latents' map, generated and real points [n, 2]."""
    base = samples.points(real, plane.generated) if "points" in layers else samples.points(None, None)
    data = [_surface(plane.values)] if "values" in layers else []
    data += _latent_map(plane.latent_map) if "latent map" in layers else []
    data += base["data"]
    low, high, steepest = _extremes(plane)
    arrows = _arrows(plane) if "arrows" in layers and steepest > 0 else []
    return base | {
        "data": data,
        "layout": base["layout"] | {"shapes": arrows},
        "scale": f"plane {layers}",
        "alt": f"The plane with {', '.join(layers) or 'nothing'}: the critic's values go from {short(low)} to "
        f"{short(high)}, its steepest gradient at a generated point is {short(steepest)}.",
    }


def _extremes(plane: Plane) -> tuple[float, float, float]:
    """The critic's lowest and highest value, and its largest gradient norm at a generated point."""
    norms = np.linalg.norm(plane.gradients, axis=1)
    return float(plane.values.min()), float(plane.values.max()), float(norms.max())


def _surface(values: np.ndarray) -> Figure:
    step = 2 * REACH / (TICKS - 1)
    return {
        "type": "contour",
        "x0": -REACH,
        "dx": step,
        "y0": -REACH,
        "dy": step,
        "z": packed(values),
        "colorscale": [[0, "$page"], [1, "$text 0.35"]],
        "showscale": False,
        "ncontours": 14,
        "contours": {"coloring": "heatmap"},
        "line": {"color": "$bound 0.45", "width": 1},
        "hovertemplate": "critic %{z:.3~g}<extra></extra>",
    }


def _latent_map(latent_map: np.ndarray) -> list[Figure]:
    """The grid's two families of lines, each as one trace with a gap after every line."""
    gap = np.full((len(latent_map), 1, 2), np.nan, np.float32)
    style: Figure = {"type": "scatter", "mode": "lines", "name": "latent grid", "hoverinfo": "skip"}
    style |= {"line": {"color": "$generator 0.5", "width": 1}}
    families = (latent_map, latent_map.transpose(1, 0, 2))
    both = [np.concatenate([lines, gap], axis=1).reshape(-1, 2) for lines in families]
    return [style | {"x": packed(points[:, 0]), "y": packed(points[:, 1])} for points in both]


def _arrows(plane: Plane) -> list[Figure]:
    """All arrows as one shape; the longest is LONGEST, the others to scale."""
    gradients = plane.gradients.astype(float)
    starts = plane.generated[: len(gradients)].astype(float)
    vectors = gradients / np.linalg.norm(gradients, axis=1).max() * LONGEST
    path = "".join(_arrow(start, vector) for start, vector in zip(starts, vectors, strict=True))
    return [{"type": "path", "xref": "x", "yref": "y", "path": path, "line": {"color": "$bound", "width": 1.3}}]


def _arrow(start: np.ndarray, vector: np.ndarray) -> str:
    """A line and two short ones back from its tip, 30 degrees to each side."""
    tip = start + vector
    x, y = -0.3 * vector
    sides = [tip + np.array([0.866 * x - s * y, s * x + 0.866 * y]) for s in (0.5, -0.5)]
    at = [f"{px:.3f},{py:.3f}" for px, py in (start, tip, *sides)]
    return f"M{at[0]}L{at[1]}M{at[2]}L{at[1]}L{at[3]}"


def sentence(data: CardData) -> str:
    if not data.reading or not data.reading.plane:
        return NOTHING
    low, high, steepest = _extremes(data.reading.plane)
    scores = f"At step {data.reading.step:,} the critic's scores go from {short(low)} to {short(high)}."
    return f"{scores} Arrows are its gradient at generated points, at most {short(steepest)}."


def _figure(data: CardData) -> Figure:
    plane = data.reading and data.reading.plane
    return figure(plane, data.real, _chosen()) if plane else empty()


def _chosen() -> tuple[str, ...]:
    # A widget's value is gone when its page is left, while the last tick may still be on its way.
    chosen = st.session_state.get("plane_layers", ())
    return tuple(layer for layer in LAYERS if layer in chosen)


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
            f"<span>low score{TINTS}high</span><span><i class='dot'></i>generated</span>"
            "<span><i class='ring'></i>real</span>"
        ),
        depends_on=lambda data: _chosen(),
        controls=_menu,
        height=470,
    )
}
