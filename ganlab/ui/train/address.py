"""The view of Train in the page's address: a copied link, or a reload, shows the same picture.

The session owns the view. The address is read once, when a session opens a run, and from then on only written: a
message of the browser that is on its way while a widget changes still carries the old address.
"""

from typing import Any

import streamlit as st

from ganlab.gan.building import critic_layers
from ganlab.plots.curves import ALONG
from ganlab.runs.disk import moments
from ganlab.runs.run import Run
from ganlab.ui.train import look_back

FIELDS = ("present", "step", "pin", "layer", "log", "plot", "compare", "along", "median")


def _fields(run: Run) -> dict[str, tuple[str, dict[str, Any]]]:
    """For each of FIELDS, its key in the session, and its values by their texts; a default has no text."""
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
    """Show what the address says, if this session opens the run; what it can't have is ignored."""
    state = st.session_state
    if state.get("opened") == run.run_id:
        return
    state.update(opened=run.run_id, step_shown=look_back.LATEST, pinned=None)
    for field, (key, values) in _fields(run).items():
        if (text := st.query_params.get(field)) in values:
            state[key] = values[text]


def write(run: Run) -> None:
    """Put the view into the address, unless it is there already; call this after the widgets."""
    state = st.session_state
    view = {
        field: text
        for field, (key, values) in _fields(run).items()
        if key in state
        for shown in [state[key]]  # once, because Streamlit takes its time
        for text, value in values.items()
        if value == shown
    }
    if state.get("in_address") == view:  # the address itself may be an old one, or the Back button's
        return
    state["in_address"] = view
    others = {field: text for field, text in st.query_params.to_dict().items() if field not in FIELDS}
    if others | view != st.query_params.to_dict():
        st.query_params.from_dict(others | view)
