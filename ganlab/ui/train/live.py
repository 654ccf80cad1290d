"""The live parts of Train: one fragment that fills the containers which the page laid out between its controls."""

import time
from collections.abc import Callable

import streamlit as st

from ganlab.config import TrainConfig
from ganlab.gan.histograms import WeightHistogram
from ganlab.plots import curves
from ganlab.plots.base import Figure
from ganlab.plots.curves import View
from ganlab.runs.disk import contents
from ganlab.runs.run import Run
from ganlab.runs.snapshot import Snapshot, Status
from ganlab.ui.kit import html, late
from ganlab.ui.kit.access import may_act
from ganlab.ui.kit.clip_range import refused
from ganlab.ui.kit.components import NO_FIGURE, Caption, feed, panel, plot
from ganlab.ui.kit.html import CLAMP_KEY
from ganlab.ui.kit.live import feeding, mounting, once
from ganlab.ui.train import first_screen, look_back, panels, steer, tries
from ganlab.ui.train.instruments import panel as instruments
from ganlab.ui.train.view import CHARTS, Slots, frozen, layer, view

EVERY, GUESTS_EVERY = 0.5, 2.0  # seconds, also while paused: a Step should be seen, and another tab may resume
PATIENCE = 1.0  # seconds in which most changes come into force, also in another process
FOLDS = 3.0  # seconds after a pull at the clamp in which its fold is played: redrawing the page would disturb it
BELOW = 1.7  # seconds after which what lies below the first screen of a running run is drawn again


def live(run: Run, status: Status, slots: Slots) -> None:
    """Fill the slots now and as long as the run lives; `status` is what the page was drawn for."""
    mounted = run.latest

    def answer(used: str) -> None:
        if "refused" in st.session_state:
            st.rerun()  # the page shows why
        if _awaits_range(run, run.latest):
            run.uses_range(PATIENCE)
        st.session_state["answered"] = time.monotonic()
        with st.container(key=f"answer_{used}"), feeding(feed, f"feed_{used}"):
            _fill(run, run.latest, slots, below=False)

    with mounting(answer):
        _fill(run, mounted, slots, below=True)
    drawn, awaits_range = _controls(run), _awaits_range(run, mounted)
    first = True  # the page has just been drawn: the widgets hold what it put there, not what a browser sent

    @st.fragment(run_every=None if status.ended else EVERY if may_act() else GUESTS_EVERY)
    def tick() -> None:
        nonlocal first
        with feeding(feed):
            if first:
                first = False
                if not (awaits_range and run.uses_range(PATIENCE)):
                    return  # else what the new range does is shown at once, without a tick
            else:
                late.hear()
            snapshot, state = run.latest, st.session_state
            below = status is not Status.RUNNING or time.monotonic() > state.get("drew_below", 0.0) + BELOW
            steered = steer.live_values(run) != state.get("drawn_for") or _controls(run) != drawn
            steered = steered and time.monotonic() > state.get("answered", 0.0) + FOLDS
            # A tick that was on its way while the page went to another run has drawn this one again.
            left = st.query_params.get("run") != run.run_id
            if left or snapshot.status != status or steered or (below and look_back.outgrown(run)):
                st.rerun()  # the whole page, because the controls change too
            _fill(run, snapshot, slots, below)

    with st.container(key="live"):
        tick()


def _awaits_range(run: Run, mounted: Snapshot) -> bool:
    """Whether a clamp is about to use another clip range than the one in this snapshot."""
    if mounted.status is not Status.RUNNING or not mounted.weights or run.wanted.constraint != "clip":
        return False
    return mounted.weights[0].clip_range != run.wanted.clip_range


def _controls(run: Run) -> tuple[object, ...]:
    """What can change without the page: a clicked layer, an instrument that another tab or a failure switched.

    And whether there are two surfaces of the critic to compare.
    """
    return layer(), instruments.on(run), tries.of_two_constraints(run.latest) is None


def _histogram(shown: Snapshot) -> WeightHistogram | None:
    """The shown layer's, or that of all together, pooled once for all ticks and visitors."""
    return once(shown, ("histogram", layer()), lambda: first_screen.histogram(shown.weights))


def _fill(run: Run, snapshot: Snapshot, slots: Slots, below: bool) -> None:
    """The first screen, and what lies `below` it."""
    shown, pin = look_back.shown(run, snapshot), look_back.pinned(run)
    refusal = st.session_state.get("clip_refusal", "")
    drawn = _histogram(shown)
    pinned = once(shown, ("pinned", pin.step, layer()), lambda: first_screen.histogram(pin.weights)) if pin else None
    cursors = [step for step in (shown.step, pin and pin.step) if step and step != snapshot.step]
    charted, wanted = frozen(run) or snapshot, view()._replace(cursors=tuple(cursors))
    name, stopped = contents.name(run.path), steer.stopped(run)
    texts = {
        "state": once(snapshot, ("state", name, stopped), lambda: panels.state_line(snapshot, name, stopped)),
        "refusal": refused(refusal, run.wanted.clip_range) if refusal else "",
        "look": panels.look(shown.step, snapshot.step, pin.step if pin else None),
    }
    _panels(texts, slots)
    first_screen.fill(run, snapshot, shown, pin, (drawn, pinned), slots)
    tries.fill_surfaces(snapshot, slots)
    with slots["estimate"]:
        estimate, step = _chart(run, charted, wanted, curves.critic_estimate, run.config)
        plot("estimate", estimate, first_screen.ESTIMATE_HEIGHT, Caption("Critic’s estimate", step=step))
    if not below:
        return
    st.session_state["drew_below"] = time.monotonic()
    texts = {
        "counts": panels.counts_table(shown.step, drawn, (pin.step, pinned) if pin else None),
        "layers": once(shown, "layers", lambda: html.layers_table(shown.weights)),
        "record": once(snapshot, "record", lambda: panels.record(snapshot)),
    }
    _panels(texts, slots, {"layers": Caption("Layer by layer", CLAMP_KEY, shown.step)})
    for title, figure in CHARTS.items():
        if title not in slots:
            continue
        with slots[title]:
            chart, step = _chart(run, charted, wanted, figure)
            plot(f"chart_{title}", chart, 210, panels.chart_caption(title, wanted, step))
    if "whole run" in slots:
        with slots["whole run"]:
            plot("whole_run", look_back.over_the_run(run, layer(), cursors), 330, look_back.caption(layer()))
    instruments.fill(run, snapshot, slots, wanted.cursors)


def _chart(
    run: Run, charted: Snapshot, wanted: View, figure: Callable[..., Figure], *more: TrainConfig
) -> tuple[Figure, int]:
    """A chart over time, and its step: snapshots of a long run share one until it has a new point."""
    key = (figure, wanted, curves.drawn_steps(charted.history), charted.changes, charted.status)
    return once(run, key, lambda: (figure(charted, wanted, *more), charted.step))


def _panels(texts: dict[str, str], slots: Slots, captions: dict[str, Caption] | None = None) -> None:
    for name, text in texts.items():
        with slots[name]:
            panel(name, text, (captions or {}).get(name, NO_FIGURE))
