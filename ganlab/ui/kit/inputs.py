"""What a lesson lets the reader set, and one place to show why a setting is refused."""

from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from ganlab.ui.kit import html

Setting = TypeVar("Setting")


def last_valid(key: str, read: Callable[[], Setting], default: Setting) -> Setting:
    """What `read` returns; if it raises ValueError, show its message and return the last valid setting instead."""
    saved = f"{key}_valid"
    try:
        st.session_state[saved] = read()
    except ValueError as error:
        st.error(html.plain(str(error)) + " Nothing changed.", icon=":material/error:")
    return st.session_state.get(saved, default)


def shape_input(key: str, default: str) -> str:
    """The text of a shape, which `examples` can fill in."""
    st.session_state.setdefault(key, default)
    return st.text_input("Shape", key=key, persist_state="session", width=150)


def examples(key: str, shapes: dict[str, str]) -> None:
    """Shapes worth trying, by name; one click fills in the shape input of that key."""

    def fill() -> None:
        if chosen := st.session_state[f"{key}_example"]:
            st.session_state[key] = shapes[chosen]
            st.session_state[f"{key}_example"] = None

    st.pills("Examples", list(shapes), key=f"{key}_example", on_change=fill, label_visibility="collapsed")
