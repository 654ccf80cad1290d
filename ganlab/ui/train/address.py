"""The view of Train in the page's address."""

import streamlit as st

from ganlab.gan.building import critic_layers
from ganlab.plots.curves import ALONG
from ganlab.runs.disk import moments
from ganlab.runs.run import Run
from ganlab.ui.kit import address
from ganlab.ui.train import look_back

FIELDS = ("present", "step", "pin", "layer", "log", "plot", "compare", "along", "median")


def _fields(run: Run) -> address.Fields:
    steps = {str(step): step for step in moments.steps(run.path)}
    latest = run.latest
    layers = {name: name for name, _ in critic_layers(latest.config)} if latest.weights else {}
    fields = (
        ("present", {"1": True}),
        ("step_shown", steps),
        ("pinned", steps),
        ("layer", layers),
        ("log_y", {"1": True}),
        ("whole_run_view", {name.lower(): name for name in look_back.VIEWS}),
        ("compare", {"real": "Real", "before": "Before"}),
        ("along", {name: name for name in ALONG if name != "step"}),
        ("median", {"101": "101", "none": None}),
    )
    return dict(zip(FIELDS, fields, strict=True))


def read(run: Run) -> None:
    """Show what the address says, if this session opens the run."""
    state = st.session_state
    if state.get("opened") == run.run_id:
        return
    state.update(opened=run.run_id, step_shown=look_back.LATEST, pinned=None)
    address.read(_fields(run))


def write(run: Run) -> None:
    """Put the view into the address; call this after the widgets."""
    address.write(_fields(run))
