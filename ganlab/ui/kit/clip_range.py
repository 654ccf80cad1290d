"""The two-ended clip range as widgets: a slider, two exact numbers, and a switch that mirrors them."""

from collections.abc import Callable
from functools import partial
from html import escape
from typing import Any

import streamlit as st

from ganlab.config import checked_clip_range
from ganlab.formatting import number, range_in_words
from ganlab.ui.kit import frame, late
from ganlab.ui.kit.components import panel

RUNGS = [round(m * 10.0**e, 6) for e in (-4, -3, -2, -1, 0) for m in (1, 1.5, 2, 3, 5, 7)] + [10.0]
LADDER = [rung for rung in RUNGS if rung <= 1]
Range = tuple[float, float]


def controls(
    prefix: str,
    current: Callable[[], Range],
    change: Callable[[Range], None],
    *,
    rungs: list[float] | None = LADDER,
    tied: bool = True,
    disabled: bool = False,
    beside: Callable[[], None] = lambda: None,
) -> None:
    """The widgets, set to the `current` range; `change` is called with the range that a move asks for.

    Their keys begin with `prefix`. Without `rungs` there is no slider. `tied` is whether Symmetric is on at first;
    `beside` draws more beside it.
    """
    state, clip_range = st.session_state, current()
    symmetric = state.setdefault(f"{prefix}tied", tied) and clip_range[0] == -clip_range[1]

    def move(widget: str, value: Any) -> None:
        change(requested(current(), widget, value, state[f"{prefix}symmetric"]))

    def mirror(on: bool) -> None:
        state[f"{prefix}tied"] = on
        if on:
            widest = max(map(abs, current()))
            change((-widest, widest))

    values = {"clip": clip_range, "low": clip_range[0], "high": clip_range[1]}
    options = {name: late.tied(f"{prefix}{name}", value, partial(move, name)) for name, value in values.items()}
    switch = late.tied(f"{prefix}symmetric", symmetric, mirror)
    if rungs:
        st.select_slider(
            "Clip range",
            sorted({0.0, *rungs, *(-rung for rung in rungs), *clip_range}),
            value=clip_range,
            format_func=number,
            label_visibility="collapsed",
            disabled=disabled,
            **options["clip"],
        )
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        for name, bound in zip(("low", "high"), clip_range, strict=True):
            label, step = name.capitalize(), tenth(bound)
            st.number_input(label, value=bound, format="%.6g", step=step, width=125, disabled=disabled, **options[name])
        help = "Low and high mirror each other. Switch it off to move each alone."
        st.toggle("Symmetric", value=symmetric, disabled=disabled, help=help, **switch)
        beside()


def choose(name: str, default: Range, rungs: list[float] | None = LADDER, tied: bool = True) -> Range:
    """A clip range that the page owns, kept under `name` in the session; a bad one is refused in a sentence."""
    state = st.session_state
    clip_range = state.setdefault(name, default)
    st.markdown("Clip range", help="The slider has uneven steps, finer near 0. Low and High take any value.")
    controls(f"{name}_", lambda: state[name], lambda wanted: set_range(name, wanted), rungs=rungs, tied=tied)
    with st.container():
        if refusal := state.pop(f"{name}_refused", ""):
            panel(f"{name}_refusal", refused(refusal, clip_range))
    return clip_range


def set_range(name: str, wanted: Range) -> None:
    """Change the range that `choose` keeps under `name`, or keep the reason why not. For callbacks."""
    with frame.refusing(ValueError, key=f"{name}_refused"):
        st.session_state[name] = checked_clip_range(wanted)


def refused(refusal: str, stays: Range) -> str:
    """Why a clip range was rejected, and that it stays at `stays`, as HTML."""
    message = f"{escape(refusal)} The range stays at {range_in_words(stays)}."
    return f"<div class='force refused' role='alert'>{message}</div>"


def tenth(value: float) -> float:
    """The step of a number field: a tenth of the value's leading digit."""
    return 10.0 ** (int(f"{value:e}".split("e")[1]) - 1) if value else 0.001


def requested(clip_range: Range, widget: str, value: Any, symmetric: bool) -> Range:
    """The range that a move of `clip`, `low` or `high` asks for; if symmetric, the other bound follows."""
    low, high = clip_range
    wanted: Range = {"clip": value, "low": (value, high), "high": (low, value)}[widget]
    if not symmetric:
        return wanted
    moved = wanted[0] if wanted[0] != low else wanted[1]
    return -abs(moved), abs(moved)
