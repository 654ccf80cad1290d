import streamlit as st

from ganlab.hub import Run
from ganlab.snapshot import Status
from ganlab.ui import cards, frame, instruments, past, start, steer, watch, words
from ganlab.ui.components import panel
from ganlab.ui.hub import find_run
from ganlab.ui.tries import tries


def start_page() -> None:
    """Choose the data and start."""
    start.notices()
    config = start.settings()
    with st.container(key="statebar", horizontal=True, vertical_alignment="center", gap="small"):
        with st.container():
            panel("state", words.ready_line(config))
        start.buttons(config)
    start.choices(config)


def run_page(run: Run) -> None:
    """Watch and steer one run."""
    snapshot = run.latest
    slots: watch.Slots = {}
    steer.show_wanted(run)
    with st.container(key="statebar", horizontal=True, vertical_alignment="center", gap="small"):
        slots["state"] = st.container()
        steer.transport(run, snapshot.status)
    start.notices()
    if snapshot.status is Status.FAILED:
        cards.failure(snapshot)
        if snapshot.generator is None:  # it failed while loading: there is nothing else to show
            watch.state_line(snapshot, slots)
            return
    past.controls(run, slots)
    left, right = st.columns([1.41, 1], gap="small")
    with left.container(border=True, height="stretch"):
        cards.weights(run, snapshot, slots)
    with right.container(border=True, height="stretch"):
        cards.samples(run, snapshot, slots)
    tries(run, snapshot.status.ended)
    cards.over_time(run, snapshot.status.ended, slots)
    instruments.place(run, slots)
    cards.layers(slots)
    cards.notes(run, slots)
    watch.live(run, snapshot.status, slots)


with frame.page("Train"):
    if run := find_run():
        run_page(run)
    else:
        start_page()
