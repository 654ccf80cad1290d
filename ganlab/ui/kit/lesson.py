"""The frame of a lesson: a question, something to try, and beside it the few lines of PyTorch that do the same."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st
import torch
from streamlit.delta_generator import DeltaGenerator


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
