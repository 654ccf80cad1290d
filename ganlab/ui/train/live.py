"""The live parts of Train: one fragment that fills the containers which the page laid out between its controls."""

import streamlit as st
from streamlit.errors import StreamlitInvalidLayoutContextError

from ganlab.plots import curves
from ganlab.runs.run import Run
from ganlab.runs.snapshot import Snapshot, Status
from ganlab.ui.kit import html, late
from ganlab.ui.kit.access import may_act
from ganlab.ui.kit.clip_range import refused
from ganlab.ui.kit.components import panel, plot
from ganlab.ui.train import first_screen, look_back, panels, steer
from ganlab.ui.train.instruments import panel as instruments
from ganlab.ui.train.view import CHARTS, Slots, frozen, layer, view

EVERY, GUESTS_EVERY = 0.5, 2.0  # seconds, also while paused: a Step should be seen, and another tab may resume


def live(run: Run, status: Status, slots: Slots) -> None:
    """Fill the slots now and as long as the run lives; `status` is what the page was drawn for."""
    drawn = _controls(run)
    first = True  # the widgets hold what the page has just put there, not what a browser sent

    @st.fragment(run_every=None if status.ended else EVERY if may_act() else GUESTS_EVERY)
    def tick() -> None:
        nonlocal first
        if not first:
            late.hear()
        first = False
        snapshot = run.latest
        steered = steer.live_values(run) != st.session_state["drawn_for"] or _controls(run) != drawn
        if snapshot.status != status or steered or look_back.outgrown(run):
            st.rerun()  # the whole page, because the controls change too
        try:
            _fill(run, snapshot, slots)
        except StreamlitInvalidLayoutContextError:  # the page's last run was cut short before it had made all slots
            st.rerun()

    tick()


def _controls(run: Run) -> tuple[object, ...]:
    """What can change without the page: a clicked layer, an instrument that another tab or a failure switched."""
    return layer(), instruments.on(run)


def _fill(run: Run, snapshot: Snapshot, slots: Slots) -> None:
    shown, pin = look_back.shown(run, snapshot), look_back.pinned(run)
    refusal = st.session_state.get("clip_refusal", "")
    drawn, pinned = first_screen.histogram(shown.weights), first_screen.histogram(pin.weights) if pin else None
    texts = {
        "state": panels.state_line(snapshot, steer.stopped(run)),
        "look": panels.look(shown.step, snapshot.step, pin.step if pin else None),
        "refusal": refused(refusal, run.wanted.clip_range) if refusal else "",
        "counts": panels.counts_table(drawn, (pin.step, pinned) if pin else None),
        "layers": html.layers_table(shown.weights),
        "record": panels.record(snapshot),
    }
    for name, text in texts.items():
        with slots[name]:
            panel(name, text)
    cursors = [step for step in (shown.step, pin and pin.step) if step and step != snapshot.step]
    charted, wanted = frozen(run) or snapshot, view()._replace(cursors=tuple(cursors))
    first_screen.fill(run, snapshot, shown, pin, (drawn, pinned), slots)
    with slots["estimate"]:
        plot("estimate", curves.critic_estimate(charted, wanted), first_screen.ESTIMATE_HEIGHT)
    for title, figure in CHARTS.items():
        with slots[title]:
            plot(f"chart_{title}", figure(charted, wanted), 210)
    if "whole run" in slots:
        with slots["whole run"]:
            plot("whole_run", look_back.over_the_run(run, layer(), cursors), 330)
    instruments.fill(run, snapshot, slots, wanted.cursors)
