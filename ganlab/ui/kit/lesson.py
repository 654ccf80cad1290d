"""The frame of a lesson: a question, something to try, and beside it the few lines of PyTorch that do the same."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import streamlit as st
import torch
from streamlit.delta_generator import DeltaGenerator

from ganlab.ui.kit import html

Setting = TypeVar("Setting")


@contextmanager
def lesson(name: str, anchor: str, question: str) -> Iterator[tuple[DeltaGenerator, DeltaGenerator]]:
    """A card with a title and a question; yields its two `columns`.

    Pages compute on one thread: where they share cores with a run, two threads would wait for each other at every step,
    and half a second became fifteen. A run sets its own number of threads when it begins, whatever is set here later.
    """
    torch.set_num_threads(1)
    with st.container(border=True, key=f"lesson_{anchor}"):
        st.subheader(name, anchor=anchor)
        st.markdown(f":gray[{question}]")
        yield columns()


def columns() -> tuple[DeltaGenerator, DeltaGenerator]:
    """A wide column to try things in, and a narrow one for the code."""
    wide, narrow = st.columns([1.41, 1], gap="medium")
    return wide, narrow


def in_code(code: str, printed: str, wrap: bool = False) -> None:
    """Lines to copy, and what they print; with `wrap`, long printed lines are wrapped. Tests compare the two."""
    st.code(code, language="python")
    st.caption("prints")
    st.code(printed, language=None, wrap_lines=wrap)


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
