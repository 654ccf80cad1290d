"""The time machine of Train: every panel shows one saved step, and a second one can be pinned over it."""

import dataclasses
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache, partial
from pathlib import Path

import streamlit as st

from ganlab.config import TrainConfig
from ganlab.gan.histograms import WeightHistogram, pooled
from ganlab.plots import whole_run
from ganlab.plots.base import Figure
from ganlab.runs.disk import moments
from ganlab.runs.disk.moments import Moment, stamp
from ganlab.runs.history import in_force
from ganlab.runs.run import Run
from ganlab.runs.snapshot import Snapshot, Status
from ganlab.ui.kit import html, late
from ganlab.ui.kit.components import Caption, button
from ganlab.ui.kit.live import once
from ganlab.ui.train.view import Slots

LATEST = "latest"
VIEWS = ("Ridge", "Quantiles")
MOST_BANDS = 200  # steps; a run saves about 150
Place = int | str
"""A step, or LATEST."""


def controls(run: Run, slots: Slots) -> None:
    """A slider over the saved steps, a button back to the newest one, and the pin."""
    state = st.session_state
    steps = moments.steps(run.path)
    places: list[Place] = [*steps, LATEST]
    state["places"] = places
    if state["step_shown"] not in places:
        state["step_shown"] = LATEST
    with st.container(key="past", horizontal=True, vertical_alignment="center", gap="small"):
        slots["look"] = st.container(width=150)
        with st.container(width="stretch"):
            st.select_slider(
                "Look back",
                places,
                value=state["step_shown"],
                label_visibility="collapsed",
                format_func=lambda place: place if isinstance(place, str) else f"{place:,}",
                disabled=len(places) < 2,
                # Another widget for other places: the browser identifies a place by its number among them.
                **late.tied(f"look_back_{len(places)}", state["step_shown"], _go),
            )
        quiet = partial(button, type="tertiary")
        quiet("Latest", "last_page", _go, LATEST, help="Follow the run again.", disabled=not looks_back())
        if state["pinned"] is None:
            quiet("Pin", "keep", _pin, run, help="Overlay this step as a dotted outline.", disabled=not steps)
        else:
            help = f"Remove the outline of step {state['pinned']:,}."
            quiet("Unpin", "keep_off", _unpin, help=help)
        help = "The weights over the whole run: before each clamp, and what it put onto the bounds."
        chosen = st.segmented_control("Whole run", VIEWS, key="whole_run_view", label_visibility="collapsed", help=help)
    if chosen:
        with st.container(border=True):
            slots["whole run"] = st.container()


def outgrown(run: Run) -> bool:
    """Whether to redraw the slider for more saved steps; rarely while a run trains, when the user may be dragging."""
    places = len(st.session_state["places"])
    if run.latest.status is not Status.RUNNING:  # a pause saves a moment after it has been shown
        return len(moments.steps(run.path)) >= places
    return once(run.latest, "moments", lambda: len(moments.steps(run.path))) > 2 * places + 4


def _go(place: Place) -> None:
    st.session_state["step_shown"] = place


def _pin(run: Run) -> None:
    moment = _saved(run, place())  # or the newest saved one
    st.session_state["pinned"] = moment.step if moment else None


def _unpin() -> None:
    st.session_state["pinned"] = None


def shown(run: Run, snapshot: Snapshot) -> Snapshot:
    """The snapshot with the weights and samples of the chosen step; unchanged while none is chosen."""
    return at(run, place(), snapshot)


def at(run: Run, place: Place, snapshot: Snapshot | None = None) -> Snapshot:
    """The same for any place; `snapshot` is the newest one, if known. For downloads, which have no session."""
    snapshot = snapshot or run.latest
    moment = None if place == LATEST else _saved(run, place)
    if moment is None:
        return snapshot
    return once(snapshot, ("at", moment.step), partial(_with, snapshot, moment))


def _with(snapshot: Snapshot, moment: Moment) -> Snapshot:
    return dataclasses.replace(
        snapshot, step=moment.step, critic_step=moment.critic_step, weights=moment.weights, samples=moment.samples
    )


def settings(run: Run, shown: Snapshot) -> TrainConfig:
    """What holds the critic as it is asked for; in a picture that no longer changes, as it was when that was made."""
    if looks_back() or shown.status.ended:
        return in_force(run.config, shown.changes, shown.step)
    return run.wanted


def pinned(run: Run) -> Moment | None:
    """The pinned moment."""
    step = st.session_state.get("pinned")
    return None if step is None else _saved(run, step)


def over_the_run(run: Run, layer: str | None, cursors: Sequence[int]) -> Figure:
    """The ridge or the quantiles of the weights at the saved steps; redrawn only when there is another step."""
    ridge = st.session_state.get("whole_run_view") == "Ridge"
    steps = moments.steps(run.path)
    figure = _over_the_run(run.path, tuple(steps), stamp(run.path, steps[-1]) if steps else 0, layer, ridge)
    return figure if ridge else whole_run.marked(figure, cursors)


def caption(layer: str | None) -> Caption:
    """What that figure is called."""
    key = html.BEFORE.format("before the clamp") + html.AFTER.format("at a bound after it")
    ridge = st.session_state.get("whole_run_view") == "Ridge"
    return Caption(f"Weights over the whole run, {layer or 'all layers'}", key if ridge else "")


@lru_cache(maxsize=8)
def _over_the_run(path: Path, steps: tuple[int, ...], _stamp: int, layer: str | None, ridge: bool) -> Figure:
    most, since = whole_run.RIDGES if ridge else MOST_BANDS, 0
    saved = _saved_weights(path, whole_run.evenly(steps, most), layer)
    while unlike := whole_run.unlike_newest(saved):
        since = unlike
        saved = _saved_weights(path, whole_run.evenly([step for step in steps if step > since], most), layer)
    return whole_run.ridge(saved, since) if ridge else whole_run.bands(saved, since)


def _saved_weights(path: Path, steps: Sequence[int], layer: str | None) -> list[whole_run.StepWeights]:
    """One layer's, or those of all together, at each of these steps that can be read."""
    read = ((step, _weights(path, step, stamp(path, step))) for step in steps)
    return [whole_run.StepWeights(step, weights.get(layer or "") or weights[""]) for step, weights in read if weights]


def looks_back() -> bool:
    """Whether the page shows a saved step, not the newest."""
    return place() != LATEST


def name(run: Run) -> str:
    """What a file of the shown step is called: `latest`, or `step120`."""
    moment = _saved(run, place()) if looks_back() else None
    return f"step{moment.step}" if moment else LATEST


def place() -> Place:
    """The step that the reader chose, or LATEST."""
    return st.session_state.get("step_shown", LATEST)


def _saved(run: Run, place: Place) -> Moment | None:
    """The newest moment at or before a step; None if none can be read."""
    steps = [step for step in moments.steps(run.path) if isinstance(place, str) or step <= place]
    return _moment(run.path, steps[-1], stamp(run.path, steps[-1])) if steps else None


@lru_cache(maxsize=16)
def _moment(path: Path, step: int, _stamp: int) -> Moment | None:
    with suppress(ValueError):
        return moments.read(path, step)
    return None


@lru_cache(maxsize=2 * MOST_BANDS)
def _weights(path: Path, step: int, _stamp: int) -> dict[str, WeightHistogram]:
    """Each layer's, and "" for all together; small enough to keep for every step. Empty if it can't be read."""
    with suppress(ValueError):
        weights = moments.read(path, step).weights
        return {histogram.name: histogram for histogram in weights} | {"": pooled(weights)}
    return {}
