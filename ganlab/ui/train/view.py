"""How the reader wants the Train page drawn."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ganlab.data import images
from ganlab.plots import curves
from ganlab.plots.curves import View
from ganlab.runs.run import Run
from ganlab.runs.snapshot import Snapshot
from ganlab.ui.train import layer

CARD = 438  # pixels of the sample card's pictures
CHARTS = {
    "Critic estimate": curves.critic_estimate,
    "Losses": curves.losses,
    "Share of weights clamped": curves.shares,
}
Slots = dict[str, DeltaGenerator]
"""The containers that the fragment fills, by what goes into them."""


def view() -> View:
    """How the reader wants the charts drawn."""
    state = st.session_state
    along, median = state.get("along", "step"), state.get("median", "25")
    return View(along, int(median) if median else None, layer.shown())


def frozen(run: Run) -> Snapshot | None:
    """What the charts show while Freeze is on; None while they follow the run."""
    state = st.session_state
    if not state.get("freeze"):
        state.pop("frozen", None)
    elif "frozen" not in state or state["frozen"].run_id != run.run_id:
        state["frozen"] = run.latest
    return state.get("frozen")


def sheet_width(size: int, columns: int) -> int:
    """Screen pixels: as wide as the card, or a little less for a whole number of them per pixel of a sample."""
    native = (size + images.GAP) * columns + images.GAP
    whole = native * (CARD // native)
    return whole if whole >= 0.8 * CARD else CARD
