"""The frame of a lesson: a question, something to try, and beside it the few lines of PyTorch that do the same."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

import streamlit as st
import torch
from streamlit.delta_generator import DeltaGenerator

from ganlab.ui.kit import html

Setting = TypeVar("Setting")
Number = TypeVar("Number", int, float)


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


def valid_or_last(key: str, read: Callable[[], Setting], default: Setting) -> tuple[Setting, str]:
    """What `read` returns; if it raises ValueError, the last valid setting and the message."""
    saved = f"{key}_valid"
    try:
        setting = st.session_state[saved] = read()
    except ValueError as error:
        return st.session_state.get(saved, default), str(error)
    return setting, ""


def last_valid(key: str, read: Callable[[], Setting], default: Setting) -> Setting:
    """As `valid_or_last`, with the message shown."""
    setting, refusal = valid_or_last(key, read, default)
    if refusal:
        st.error(html.plain(refusal) + " Nothing changed.", icon=":material/error:")
    return setting


def row() -> DeltaGenerator:
    return st.container(horizontal=True, vertical_alignment="bottom", gap="small")


def number_input(label: str, value: Number, key: str, width: int, **options: Any) -> Number:
    """A number whose entry outlives a visit to another page."""
    return st.number_input(label, value=value, key=key, width=width, persist_state="session", **options)


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


def choice(label: str, titles: dict[Setting, str], key: str) -> Setting:
    """One of the settings, chosen by its title; the first at first."""
    settings, title = list(titles), titles.__getitem__
    return st.segmented_control(
        label, settings, default=settings[0], required=True, key=key, format_func=title, persist_state="session"
    )


def headline(big: str, text: str) -> str:
    """The one big number of a lesson, and what it counts."""
    return f"<div class='headline'><span class='big'>{big}</span><span>{text}</span></div>"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], css_class: str = "lesson") -> str:
    """A table of HTML cells; the caller escapes text that is not its own."""
    heads = "<tr>" * bool(head) + "".join(f"<th>{name}" if name else "<td>" for name in head)
    body = "".join("<tr>" + "".join(f"<td>{cell}" for cell in row) for row in rows)
    return f"<div class='wide-table'><table class='{css_class}'>{heads}{body}</table></div>"
