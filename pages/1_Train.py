"""Start a run, watch it and steer it; or look at an earlier one."""

import streamlit as st

from ganlab.runs.run import Run
from ganlab.runs.snapshot import Status
from ganlab.ui.kit import access, frame
from ganlab.ui.kit.components import panel
from ganlab.ui.kit.server import find_run
from ganlab.ui.train import address, layout, live, look_back, panels, ranges, start, steer, tries, view
from ganlab.ui.train.instruments import panel as instruments


def start_page() -> None:
    """Choose the data and start."""
    if not access.may_act():
        access.note()
        st.page_link(frame.HOME, label="Runs to watch", icon=":material/home:")
        return
    config = start.settings()
    start.state_bar(config)
    start.choices(config)
    if start.has_data(config):
        ranges.control(config)


def run_page(run: Run) -> None:
    """Watch and steer one run."""
    snapshot = run.latest
    slots: view.Slots = {}
    address.read(run)
    steer.take_up(run)
    with st.container(key="statebar", horizontal=True, vertical_alignment="center", gap="small"):
        slots["state"] = st.container()
        steer.transport(run, snapshot.status)
        view.present()
    frame.notices()
    if snapshot.status is Status.FAILED:
        layout.failure(snapshot)
        if snapshot.generator is None:  # it failed while loading: there is nothing else to show
            with slots["state"]:
                panel("state", panels.state_line(snapshot, ""))
            return
    layout.numbers(slots)
    left, right = st.columns([1.41, 1], gap="small")
    with left.container(border=True, height="stretch"):
        layout.weights(run, snapshot, slots)
    with right.container(border=True, height="stretch"):
        layout.samples(run, snapshot, slots)
    if access.may_act() and snapshot.status.ended:
        steer.again(run)
    elif access.may_act() and not frame.presents():
        tries.tries(run)
    if access.may_act() and not frame.presents():
        ranges.control(run.config)
    tries.surfaces(run, slots)
    look_back.controls(run, slots)
    layout.over_time(run, snapshot.status.ended, slots)
    instruments.place(run, slots)
    layout.details(run, slots)
    address.write(run)
    live.live(run, snapshot.status, slots)


with frame.page("Train"):
    if run := find_run():
        st.set_page_config(page_title=f"{run.name} · ganlab")
        run_page(run)
    else:
        start_page()
