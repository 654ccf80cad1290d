"""The two-ended clip range as widgets: a slider, two exact numbers, and what a move of one of them asks for."""

from typing import Any

import streamlit as st

from ganlab.config import checked_clip_range
from ganlab.formatting import number, range_in_words
from ganlab.ui.kit import html
from ganlab.ui.kit.components import panel

RUNGS = [round(m * 10.0**e, 6) for e in (-4, -3, -2, -1, 0) for m in (1, 1.5, 2, 3, 5, 7)] + [10.0]
LADDER = [rung for rung in RUNGS if rung <= 1]


def signed(rungs: list[float]) -> list[float]:
    """A ladder to both sides of 0."""
    return [-rung for rung in reversed(rungs)] + [0.0, *rungs]


def slider(clip_range: tuple[float, float], key: str, rungs: list[float] = LADDER, **look: Any) -> None:
    """Two thumbs on a ladder that takes in the exact values of now."""
    st.select_slider(
        "Clip range",
        sorted({*signed(rungs), *clip_range}),
        value=clip_range,
        key=key,
        format_func=number,
        label_visibility="collapsed",
        **look,
    )


def bound(label: str, value: float, key: str, **look: Any) -> None:
    """Low or high as an exact number."""
    st.number_input(label, value=value, key=key, format="%.6g", step=tenth(value), width=125, **look)


def tenth(value: float) -> float:
    """The step of a number field: a tenth of the value's leading digit."""
    return 10.0 ** (int(f"{value:e}".split("e")[1]) - 1) if value else 0.001


def asked_for(clip_range: tuple[float, float], widget: str, value: Any, symmetric: bool) -> tuple[float, float]:
    """The range that a move of `clip`, `low` or `high` asks for; if symmetric, the other bound comes along."""
    low, high = clip_range
    wanted = {"clip": value, "low": (value, high), "high": (low, value)}[widget]
    if not symmetric:
        return wanted
    moved = wanted[0] if wanted[0] != low else wanted[1]
    return -abs(moved), abs(moved)


def choose(
    name: str, default: tuple[float, float], rungs: list[float] = LADDER, tied: bool = True
) -> tuple[float, float]:
    """A clip range of the page's own, kept under `name` in the session; a bad one is refused in a sentence.

    `tied` is whether Symmetric is on at first.
    """
    state = st.session_state
    clip_range = state.setdefault(name, default)
    symmetric = state.setdefault(f"{name}_tied", tied) and clip_range[0] == -clip_range[1]
    keys = {widget: f"{name}_{widget}" for widget in ("clip", "low", "high", "symmetric")}
    state.update(zip(keys.values(), (clip_range, *clip_range, symmetric), strict=True))
    with st.container(gap="xxsmall"):
        st.markdown("Clip range", help="The slider has uneven steps, finer near 0. Low and High take any value.")
        slider(clip_range, keys["clip"], rungs, on_change=_moved, args=(name, "clip"))
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        bound("Low", clip_range[0], keys["low"], on_change=_moved, args=(name, "low"))
        bound("High", clip_range[1], keys["high"], on_change=_moved, args=(name, "high"))
        told = "Low and high mirror each other. Switch it off to move them apart."
        st.toggle("Symmetric", value=symmetric, key=keys["symmetric"], on_change=_tied, args=(name,), help=told)
    with st.container():
        if refusal := state.pop(f"{name}_refused", ""):
            panel(f"{name}_refusal", html.refused(refusal, range_in_words(clip_range)))
    return clip_range


def _moved(name: str, widget: str) -> None:
    state = st.session_state
    value = state[f"{name}_{widget}"]
    _set(name, asked_for(state[name], widget, value, state[f"{name}_symmetric"]))


def _tied(name: str) -> None:
    state = st.session_state
    state[f"{name}_tied"] = state[f"{name}_symmetric"]
    if state[f"{name}_tied"]:
        widest = max(map(abs, state[name]))
        _set(name, (-widest, widest))


def _set(name: str, wanted: tuple[float, float]) -> None:
    try:
        st.session_state[name] = checked_clip_range(wanted)
    except ValueError as error:
        st.session_state[f"{name}_refused"] = str(error)
