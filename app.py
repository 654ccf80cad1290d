"""Home: what a WGAN with weight clipping is, a button that trains one, and all runs."""

from collections.abc import Mapping
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ganlab.presets import PRESETS
from ganlab.runs import background
from ganlab.runs.disk import library
from ganlab.runs.run import Run
from ganlab.ui.home.introduction import FIVE_SENTENCES, LEAD, draw, in_picture
from ganlab.ui.home.runs import earlier_runs, in_progress_card
from ganlab.ui.kit import access, frame, server
from ganlab.ui.kit.components import panel
from ganlab.ui.kit.html import plain
from ganlab.ui.kit.server import hub


def runs_in_progress(picture: DeltaGenerator, shown: Run | None, known_sweeps: Mapping[str, Path]) -> None:
    """A card for every run that has not ended, and a link to every sweep that trains.

    The newest run that trains is in the picture too.
    """
    runs = hub().in_progress
    names = [run.run_id for run in runs]
    # One has moved to the earlier runs, or back; or another one belongs in the picture.
    if st.session_state.get("in_progress", names) != names or shown is not in_picture():
        st.session_state["in_progress"] = names
        st.rerun()
    st.session_state["in_progress"] = names
    if shown:
        draw(picture, shown)
    sweeps = background.all_under_way(known_sweeps)
    for sweep in sweeps:
        label = f"The sweep {plain(sweep)} is training: see it on Compare"
        st.page_link(frame.COMPARE, label=label, icon=":material/compare_arrows:", query_params={"sweep": sweep})
    if not runs and not sweeps:
        st.markdown(
            ":gray[Nothing is training. Start with digits: the generated ones become readable within fifteen seconds.]"
        )
    with st.container(key="in_progress"):
        columns = st.columns(2)
    for i, run in enumerate(runs):
        with columns[i % 2].container(border=True, horizontal=True, wrap=False, vertical_alignment="center"):
            panel(f"card_{run.run_id}", in_progress_card(run))
            st.page_link(
                frame.TRAIN,
                label="Open",
                icon=":material/arrow_forward:",
                icon_position="right",
                query_params={"run": run.run_id},
            )


def start_buttons() -> None:
    """The default run at once, or the form for another one; or to pause the run that is in the way."""
    if st.button(
        "Train on digits",
        type="primary",
        icon=":material/play_arrow:",
        help="Starts the default run on this computer and opens it.",
    ):
        if hub().in_the_way:
            st.switch_page(frame.TRAIN, query_params={"preset": "digits"})
        if run_id := server.try_to_start(PRESETS["digits"]):
            st.switch_page(frame.TRAIN, query_params={"run": run_id})
    st.page_link(
        frame.TRAIN,
        label="Choose other data",
        icon=":material/arrow_forward:",
        icon_position="right",
        query_params={"preset": "8-gaussians"},
    )


with frame.page("Home"):
    st.title("Watch weight clipping happen", anchor=False)
    panel("lead", LEAD)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        if access.may_act():
            start_buttons()
        else:
            access.note()
    frame.notices()
    st.space("xsmall")
    picture, shown = st.container(gap="small"), in_picture()
    if not shown:
        draw(picture, None)
    panel("steps", FIVE_SENTENCES)
    st.space("xsmall")
    st.header("Runs in progress", anchor=False)
    st.fragment(runs_in_progress, run_every=1.0 if access.may_act() else 2.0)(picture, shown, library.sweep_paths())
    earlier_runs()
