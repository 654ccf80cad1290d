"""The recipe as widgets. The page's address holds it: edits go there, and what is shown comes from there."""

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from ganlab import settings
from ganlab.gan.recipe import FIELDS, Recipe, from_link
from ganlab.ui.kit import frame
from ganlab.ui.kit.html import plain

TRUNCATIONS = (0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, math.inf)


def requested() -> Recipe:
    """The recipe in the address, with a message for what can't be used."""
    recipe, problem = from_link(st.query_params.to_dict())
    st.session_state["recipe"] = recipe.link()  # so that the link in the sidebar leads back to it
    with st.container():
        if problem:
            st.warning(f"{plain(problem)} The default is used instead.", icon=":material/help:")
        frame.once("refused_recipe", st.error, "error")
    return recipe


def read() -> Recipe:
    """The recipe in the address. For callbacks."""
    return from_link(st.query_params.to_dict())[0]


def put(**values: Any) -> None:
    """Change fields of the recipe in the address, or keep a message that says why not. For callbacks."""
    query = st.query_params.to_dict()
    try:
        recipe = dataclasses.replace(read(), **values)
    except ValueError as error:
        st.session_state["refused_recipe"] = settings.labelled(Recipe, error)
        return
    st.query_params.from_dict({key: text for key, text in query.items() if key not in FIELDS} | recipe.link())


def number(recipe: Recipe, field: str, **options: Any) -> None:
    """A whole number that can be typed; a negative one is shown as 0."""
    value = max(getattr(recipe, field), 0)
    st.number_input(value=value, step=1, **_tied(field, value) | options)


def slider(recipe: Recipe, field: str, **options: Any) -> None:
    value = getattr(recipe, field)
    bounds = settings.rules(Recipe, field).bounds
    assert bounds is not None  # a slider is for numbers
    step = 1 if isinstance(value, int) else 0.01
    st.slider(min_value=bounds[0], max_value=bounds[1], value=value, step=step, **_tied(field, value), **options)


def choice(recipe: Recipe, field: str, **options: Any) -> None:
    value = getattr(recipe, field)
    options |= _tied(field, value) | {"options": settings.rules(Recipe, field).choices, "format_func": str.capitalize}
    st.segmented_control(default=value, required=True, **options)


def truncation(recipe: Recipe) -> None:
    """From 0.2 to off; a link may name any other value."""
    value = recipe.truncation
    rungs = sorted({*TRUNCATIONS, value})
    ladder("truncation", rungs, value, lambda rung: "off" if rung == math.inf else f"±{rung:g}", width=210)


def sheet(recipe: Recipe, largest: int) -> None:
    """How the sheet is laid out; enlarged at most `largest` times."""
    with st.popover("Sheet", icon=":material/grid_view:", type="tertiary"):
        if recipe.view not in ("plane", "arithmetic"):
            ladder("columns", range(33), recipe.columns, lambda columns: str(columns or "auto"))
        slider(recipe, "enlarge")
        if recipe.enlarge > largest:
            st.caption(f"This sheet is large, so it is enlarged only {largest}×.")


def ladder(field: str, rungs: Sequence[Any], value: Any, name: Callable[[Any], str], **options: Any) -> None:
    """One of many values, such as saved steps, on a slider; `name` returns what it shows for each."""
    st.select_slider(options=rungs, value=value, format_func=name, **_tied(field, value), **options)


def _tied(field: str, value: Any) -> dict[str, Any]:
    """Widget options that show the recipe's value and put the user's edits back into the address."""
    key = f"recipe_{field}"
    st.session_state[key] = value
    rules = settings.rules(Recipe, field)
    words = {"label": rules.label, "help": rules.help or None}
    return words | {"key": key, "on_change": lambda: put(**{field: st.session_state[key]})}
