"""How the reader wants the Train page drawn."""

import html

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ganlab.plots import curves
from ganlab.plots.curves import View
from ganlab.runs.run import Run
from ganlab.runs.snapshot import Snapshot
from ganlab.ui.kit import components, drawings, frame, late
from ganlab.ui.kit.components import button

ALL_LAYERS = "All layers"
FINEST = 64  # pixels of a sample's side: enough for a card of 8 columns or more, and it is sent several times a minute
CARD = 438  # pixels of the sample card's pictures
SHARES = "Share of weights clamped"
CHARTS = {"Losses": curves.losses, SHARES: curves.shares}
PRESENT = "For a class: one screen, larger type, and keys."
KEYS = "Escape leaves. Space pauses and resumes, . makes a step, ← and → move the clip range or the penalty."
Slots = dict[str, DeltaGenerator]
"""The containers that the fragment fills, by what goes into them."""


def view() -> View:
    """How the reader wants the charts drawn."""
    state = st.session_state
    along, median = state.get("along", "step"), state.get("median", "25")
    return View(along, int(median) if median else None, layer())


def charts(run: Run) -> list[str]:
    """The names of the charts over time: of shares only if weights are, or were, clamped."""
    clamps = run.wanted.constraint == "clip" or np.isfinite(run.latest.history["clamped_share"]).any()
    return [name for name in CHARTS if clamps or name != SHARES]


def layer() -> str | None:
    """The critic parameter whose weights are shown; None for all together."""
    name = st.session_state.get("layer", ALL_LAYERS)
    return None if name == ALL_LAYERS else name


def chosen_block() -> str | None:
    """The block of the critic that this parameter belongs to; None for all together."""
    name = layer()
    return name and name.split(".")[0]


def show_layer(name: str) -> None:
    """Show this parameter of the critic, or ALL_LAYERS. For callbacks."""
    st.session_state["layer"] = name


def layer_menu(names: list[str]) -> None:
    """The menu: all layers together, or one parameter of the critic."""
    options = [ALL_LAYERS, *names]
    shown = next((name for name in names if name == layer()), ALL_LAYERS)  # another run may have other layers
    show_layer(shown)
    tied = late.tied("layer_menu", shown, show_layer)
    st.selectbox("Layer", options, options.index(shown), label_visibility="collapsed", width=150, **tied)


def present() -> None:
    """The button that shows the page to a class, or that leaves this; its help says which keys there are."""
    on = frame.presents()
    label, icon, help = ("Leave", "close_fullscreen", KEYS) if on else ("Present", "open_in_full", PRESENT)
    with st.container(key="leave" if on else "present", width="content"):
        button(label, icon, _present, not on, type="tertiary", help=help)
        if on:
            components.keys()


def _present(on: bool) -> None:
    st.session_state["present"] = on


def frozen(run: Run) -> Snapshot | None:
    """What the charts show while Freeze is on; None while they follow the run."""
    state = st.session_state
    if not state.get("freeze"):
        state.pop("frozen", None)
    elif "frozen" not in state or state["frozen"].run_id != run.path.name:
        state["frozen"] = run.latest
    return state.get("frozen")


def sheet(samples: np.ndarray, columns: int, alt: str) -> str:
    """Samples uint8 [n, h, w, c] as HTML, about as wide as the card; larger ones than 64 x 64 at half their size."""
    if samples.shape[1] > FINEST:
        n, height, width, channels = samples.shape
        samples = samples.reshape(n, height // 2, 2, width // 2, 2, channels).mean((2, 4)).astype(np.uint8)
    width = drawings.screen_width(samples, columns, CARD)
    uri = drawings.sheet_uri(samples, columns)
    return f"<img src='{uri}' style='width:min(100%,{width}px)' alt='{html.escape(alt)}'>"
