"""The recipe as widgets. The address of the page holds it: what is moved goes there, what is shown comes from there."""

import dataclasses
import math
from typing import Any

import streamlit as st

from ganlab.gan.recipe import BOUNDS, CHOICES, FIELDS, Recipe, from_link
from ganlab.ui.kit import html

LABELS = {
    "n": ("Samples", "At most 1,024. More samples leave the first ones as they are."),
    "seed": ("Seed", "Starts torch.randn: equal seeds, equal latents."),
    "truncation": (
        "Truncation",
        "Latent numbers beyond ± this are drawn anew: a smaller range gives more typical and less varied samples.",
    ),
    "batch_norm": (
        "Batch norm",
        "Eval normalises with the averages that training left; train with each batch of 64 itself, "
        "so that a sample depends on its batch.",
    ),
    "columns": ("Columns", "Samples in a row."),
    "enlarge": ("Enlarge", "Pixels of the PNG for each pixel of a sample."),
    "to": ("To seed", "Its first sample is where the way ends."),
    "pick": ("From sample", "Its number in the grid, from 0."),
    "path": (
        "Path",
        "Spherical turns and keeps the length of a latent; linear goes straight, nearer to zero.",
    ),
    "frames": ("Frames", "Samples along the way, both ends included."),
    "side": ("Side", "Samples along each side of the plane."),
    "stride": ("Step", "0 stays at the latent, 1 is as far as a fresh one."),
    "a": ("a", "Number of a sample in the grid, from 0."),
    "b": ("b", "Number of a sample in the grid, from 0."),
    "c": ("c", "Number of a sample in the grid, from 0."),
    "look": ("Step", "A step of the run whose samples were saved."),
}
"""Label and help of each widget."""
TRUNCATIONS = (0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, math.inf)


def asked() -> Recipe:
    """The recipe in the address, and a sentence for what can't be had."""
    recipe, problem = from_link(st.query_params.to_dict())
    st.session_state["recipe"] = recipe.link()  # so that the link in the sidebar leads back to it
    with st.container():
        if problem:
            st.warning(f"{html.plain(problem)} The usual value is used instead.", icon=":material/help:")
        if refused := st.session_state.pop("refused_recipe", ""):
            st.error(html.plain(refused), icon=":material/error:")
    return recipe


def read() -> Recipe:
    """The recipe in the address. For callbacks."""
    return from_link(st.query_params.to_dict())[0]


def put(**values: Any) -> None:
    """Change fields of the recipe in the address; or say why not. For callbacks."""
    query = st.query_params.to_dict()
    try:
        recipe = dataclasses.replace(read(), **values)
    except ValueError as error:
        field, space, rest = str(error).partition(" ")
        st.session_state["refused_recipe"] = LABELS.get(field, (field,))[0] + space + rest
        return
    st.query_params.from_dict({key: text for key, text in query.items() if key not in FIELDS} | recipe.link())


def number(recipe: Recipe, field: str, label: str = "", told: str = "", **look: Any) -> None:
    """A whole number that can be typed; a negative one is shown as 0."""
    value = max(getattr(recipe, field), 0)
    look = _bound(field, value) | ({"help": told} if told else {}) | look
    st.number_input(label or LABELS[field][0], value=value, step=1, **look)


def slider(recipe: Recipe, field: str, **look: Any) -> None:
    """A number between its bounds."""
    value = getattr(recipe, field)
    step = 1 if isinstance(value, int) else 0.01
    st.slider(LABELS[field][0], *BOUNDS[field], value=value, step=step, **_bound(field, value), **look)


def choice(recipe: Recipe, field: str, **look: Any) -> None:
    """One of a few."""
    value, options = getattr(recipe, field), CHOICES[field]
    st.segmented_control(
        LABELS.get(field, (field,))[0], options, default=value, required=True,
        format_func=str.capitalize, **_bound(field, value), **look,
    )  # fmt: skip


def truncation(recipe: Recipe, **look: Any) -> None:
    """From 0.2 to off; a link may name any other."""
    value = recipe.truncation
    options = sorted({*TRUNCATIONS, value})
    shown = lambda t: "off" if t == math.inf else f"±{t:g}"  # noqa: E731
    st.select_slider(
        LABELS["truncation"][0], options, value=value, format_func=shown, **_bound("truncation", value), **look
    )


def sheet(recipe: Recipe, largest: int) -> None:
    """How the sheet is laid out; enlarged at most `largest` times."""
    shown = lambda n: str(n or "auto")  # noqa: E731
    with st.popover("Sheet", icon=":material/grid_view:", type="tertiary"):
        if recipe.view not in ("plane", "arithmetic"):
            value = recipe.columns
            st.select_slider("Columns", range(33), value=value, format_func=shown, **_bound("columns", value))
        slider(recipe, "enlarge")
        if recipe.enlarge > largest:
            st.caption(f"This sheet is so large that it is enlarged {largest} times only.")


def place(recipe: Recipe, field: str, places: list[int], value: int) -> None:
    """One of many numbers, such as saved steps, on a slider."""
    look = _bound(field, value) | {"label_visibility": "collapsed", "format_func": lambda step: f"{step:,}"}
    st.select_slider(LABELS[field][0], places, value=value, **look)


def _bound(field: str, value: Any) -> dict[str, Any]:
    """The widget shows the recipe's value, and what the user makes of it goes back there."""
    st.session_state[f"recipe_{field}"] = value
    help_text = LABELS[field][1] if field in LABELS else None
    return {"key": f"recipe_{field}", "help": help_text, "on_change": _moved, "args": (field,)}


def _moved(field: str) -> None:
    put(**{field: st.session_state[f"recipe_{field}"]})
