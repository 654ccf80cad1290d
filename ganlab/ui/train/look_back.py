"""The time machine of Train: every panel shows one saved step, and a second one can be pinned over it."""

import dataclasses
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ganlab.gan.clipping import WeightHistogram, pooled
from ganlab.plots import base, whole_run
from ganlab.plots.whole_run import Look
from ganlab.runs.disk import contents
from ganlab.runs.disk.moments import Moment, stamp
from ganlab.runs.run import Run
from ganlab.runs.snapshot import Snapshot

LATEST = "latest"
VIEWS = {"clamp": "Before and after", "ridge": "Ridge", "bands": "Quantiles"}
Place = int | str
"""A step, or LATEST."""


def controls(run: Run, slots: dict[str, DeltaGenerator]) -> None:
    """A slider over the saved steps, the way back to the newest, and the pin."""
    state = st.session_state
    if state.get("looks_at") != run.run_id:
        state.update(looks_at=run.run_id, step_shown=LATEST, pinned=None)
    state.setdefault("weights_view", "clamp")
    places = state["places"] = [*contents.moment_steps(run.path), LATEST]
    if state["step_shown"] not in places:
        state["step_shown"] = LATEST
    with st.container(key="past", horizontal=True, vertical_alignment="center", gap="small"):
        slots["look"] = st.container(width=150)
        with st.container(width="stretch"):
            # Another widget for other places: the browser tells a place by its number among them.
            key = state["look_widget"] = f"look_back_{len(places)}"
            state[key] = state["step_shown"]
            st.select_slider(
                "Look back", places, value=state["step_shown"], key=key, label_visibility="collapsed",
                format_func=lambda place: place if place == LATEST else f"{place:,}", disabled=len(places) < 2,
                on_change=_chosen, args=(key,),
            )  # fmt: skip
        _button("Latest", "last_page", "Follow the run again.", not looks_back(), _go, LATEST)
        if state["pinned"] is None:
            told = "Keep this step as a dotted outline over the others."
            _button("Pin", "keep", told, not contents.moment_steps(run.path), _pin, run)
        else:
            _button("Unpin", "keep_off", f"Take the outline of step {state['pinned']:,} away.", False, _unpin)
        told = "The weights of one step, or of the whole run: before each clamp, and what it put onto the bounds."
        st.selectbox("Weights", list(VIEWS), key="weights_view", format_func=VIEWS.get, width=170,
                     label_visibility="collapsed", persist_state="session", help=told)  # fmt: skip


def _button(label: str, icon: str, told: str, disabled: bool, call: Callable[..., None], *args: object) -> None:
    look = {"icon": f":material/{icon}:", "type": "tertiary", "help": told, "disabled": disabled}
    st.button(label, on_click=call, args=args, **look)


def outgrown(run: Run) -> bool:
    """Whether there are so many more saved steps that the slider should be drawn anew; rarely, for it is in a hand."""
    return len(contents.moment_steps(run.path)) > 2 * len(st.session_state["places"]) + 4


def _go(place: Place) -> None:
    """Show this place. What the browser sends of the slider before it has heard of that does not count."""
    st.session_state.update(look_stale=st.session_state["step_shown"], step_shown=place)


def heard() -> None:
    """Once a message carries the place that is shown, old ones are choices of the reader's again."""
    state = st.session_state
    if state.get(state.get("look_widget")) == state.get("step_shown"):
        state["look_stale"] = None


def _chosen(key: str) -> None:
    if st.session_state[key] != st.session_state.get("look_stale"):
        st.session_state["step_shown"] = st.session_state[key]


def _pin(run: Run) -> None:
    """The step that is shown, or the newest that is saved."""
    found = _saved(run, st.session_state["step_shown"])
    st.session_state["pinned"] = found.step if found else None


def _unpin() -> None:
    st.session_state["pinned"] = None


def shown(run: Run, snapshot: Snapshot) -> Snapshot:
    """The snapshot as it was at the chosen step: its weights and samples; the newest one while none is chosen."""
    return at(run, place(), snapshot)


def at(run: Run, place: Place, snapshot: Snapshot | None = None) -> Snapshot:
    """The same for any place; `snapshot` is the newest if it is known already. For downloads, which have no session."""
    snapshot = snapshot or run.latest
    found = None if place == LATEST else _saved(run, place)
    if found is None:
        return snapshot
    return dataclasses.replace(
        snapshot, step=found.step, critic_step=found.critic_step, weights=found.weights, samples=found.samples
    )


def pinned(run: Run) -> Moment | None:
    """The pinned step."""
    step = place_pinned()
    return None if step is None else _saved(run, step)


def place_pinned() -> int | None:
    """The pinned step."""
    return st.session_state.get("pinned")


def of_layer(weights: tuple[WeightHistogram, ...], layer: str | None) -> WeightHistogram:
    """The layer of that name, or all together."""
    return {histogram.name: histogram for histogram in weights}.get(layer) or pooled(weights)


def over_the_run(run: Run, layer: str | None, ridge: bool) -> base.Figure:
    """The ridge or the quantiles of the weights at the saved steps; drawn anew only when there is another step."""
    steps = contents.moment_steps(run.path)
    steps = whole_run.evenly(steps, whole_run.RIDGES) if ridge else steps
    return _over_the_run(run.path, tuple(steps), stamp(run.path, steps[-1]) if steps else 0, layer, ridge)


@lru_cache(maxsize=8)
def _over_the_run(path: Path, steps: tuple[int, ...], _: int, layer: str | None, ridge: bool) -> base.Figure:
    read = ((step, _moment_weights(path, step, stamp(path, step))) for step in steps)
    looks = [Look(step, weights.get(layer) or weights[""]) for step, weights in read if weights]
    return whole_run.ridge(looks) if ridge else whole_run.bands(looks)


def looks_back() -> bool:
    """Whether a saved step is on the page, not the newest."""
    return place() != LATEST


def name(run: Run) -> str:
    """What a file of the shown step is called: `latest`, or the step whose look it is."""
    found = _saved(run, place()) if looks_back() else None
    return f"step{found.step}" if found else LATEST


def place() -> Place:
    """The step that the reader chose, or LATEST."""
    return st.session_state.get("step_shown", LATEST)


def _saved(run: Run, place: Place) -> Moment | None:
    """The newest look at or before a step; None if there is none that can be read."""
    steps = [step for step in contents.moment_steps(run.path) if place == LATEST or step <= place]
    return _moment(run.path, steps[-1], stamp(run.path, steps[-1])) if steps else None


@lru_cache(maxsize=16)
def _moment(path: Path, step: int, _: int) -> Moment | None:
    try:
        return contents.read_moment(path, step)
    except ValueError:
        return None


@lru_cache(maxsize=320)
def _moment_weights(path: Path, step: int, _: int) -> dict[str, WeightHistogram]:
    """Of each layer, and of all as ""; small enough to keep those of every step. Empty if it can't be read."""
    try:
        weights = contents.read_moment(path, step).weights
    except ValueError:
        return {}
    return {histogram.name: histogram for histogram in weights} | {"": pooled(weights)}
