"""The frame of a lesson: a question, the doing, and beside it the few lines of PyTorch that do the same."""

from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st
import torch
from streamlit.delta_generator import DeltaGenerator


@contextmanager
def lesson(name: str, anchor: str, question: str) -> Iterator[tuple[DeltaGenerator, DeltaGenerator]]:
    """A card with a title and a question; yields the wide column for the doing and the narrow one for the code.

    Pages compute on one thread: sharing cores with a run, two would wait for each other at every step, and half a
    second became a quarter of a minute. A run takes its own number when it begins, whatever is set elsewhere later.
    """
    torch.set_num_threads(1)
    with st.container(border=True, key=f"lesson_{anchor}"):
        st.subheader(name, anchor=anchor)
        st.markdown(f":gray[{question}]")
        doing, beside = st.columns([1.41, 1], gap="medium")
        yield doing, beside


def in_code(code: str, printed: str, wrap: bool = False) -> None:
    """Lines to copy, and what they print, long lines wrapped if told so; `tests/` runs them and compares."""
    st.code(code, language="python")
    st.caption("prints")
    st.code(printed, language=None, wrap_lines=wrap)
