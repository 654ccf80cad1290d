"""What a lesson asks the reader for, and one place to say why it can't be had."""

import re
from collections.abc import Callable
from typing import TypeVar

import streamlit as st

from ganlab.ui.kit import html

Asked = TypeVar("Asked")


def in_force(key: str, ask: Callable[[], Asked], at_first: Asked) -> Asked:
    """What is asked for; or, if that raises ValueError, its sentence, and what was in force before."""
    before = st.session_state.get(f"{key}_in_force", at_first)
    try:
        st.session_state[f"{key}_in_force"] = ask()
    except ValueError as error:
        st.error(html.plain(str(error)) + " Nothing changed.", icon=":material/error:")
        return before
    return st.session_state[f"{key}_in_force"]


def shape(text: str) -> tuple[int, ...]:
    """(2, 5) of "2, 5". Raises ValueError, one sentence, for anything but whole numbers."""
    sizes = re.split(r"[\s,x×]+", text.strip().strip("()[]").strip(" ,"))
    if not all(re.fullmatch(r"\d{1,12}", size, re.ASCII) for size in sizes):
        raise ValueError(f"A shape is whole numbers with commas between, such as 2, 5; “{text[:40]}” is none.")
    return tuple(map(int, sizes))


def shape_input(key: str, at_first: str) -> str:
    """The text of a shape, which `examples` may fill in."""
    st.session_state.setdefault(key, at_first)
    return st.text_input("Shape", key=key, persist_state="session", width=150)


def examples(key: str, shapes: dict[str, str]) -> None:
    """Shapes worth trying, by name: one click fills them in."""

    def fill() -> None:
        if chosen := st.session_state[f"{key}_example"]:
            st.session_state[key] = shapes[chosen]
            st.session_state[f"{key}_example"] = None

    st.pills("Examples", list(shapes), key=f"{key}_example", on_change=fill, label_visibility="collapsed")
