"""The time machine of Train: every panel shows one saved step, and a second one can be pinned over it."""

import dataclasses
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ganlab import lookback, moments, store
from ganlab.hub import Run
from ganlab.lookback import Look
from ganlab.moments import Moment
from ganlab.snapshot import Snapshot, WeightHistogram, pooled

LATEST = "latest"
VIEWS = {"clamp": "Before and after", "ridge": "Ridge", "bands": "Quantiles"}
Place = int | str
"""A step, or LATEST."""


def controls(run: Run, snapshot: Snapshot, slots: dict[str, DeltaGenerator]) -> None:
    """A slider over the saved steps, the way back to the newest, and the pin."""
    state = st.session_state
    if state.get("looks_at") != run.run_id:
        state.update(looks_at=run.run_id, step_shown=LATEST, pinned=None)
    state.setdefault("weights_view", "clamp")
    places = _places(run, snapshot)
    if state["step_shown"] not in places:
        state["step_shown"] = LATEST
    with st.container(key="past", horizontal=True, vertical_alignment="center", gap="small"):
        slots["look"] = st.container(width=150)
        with st.container(width="stretch"):
            st.select_slider(
                "Look back", places, value=state["step_shown"], key="step_shown", label_visibility="collapsed",
                format_func=lambda place: place if place == LATEST else f"{place:,}", disabled=len(places) < 2,
            )  # fmt: skip
        _button("Latest", "last_page", "Follow the run again.", not looks_back(), _go, LATEST)
        if state["pinned"] is None:
            told = "Keep this step as a dotted outline over the others."
            _button("Pin", "keep", told, not store.moments(run.path), _pin, run)
        else:
            _button("Unpin", "keep_off", f"Take the outline of step {state['pinned']:,} away.", False, _unpin)
        told = "The weights of one step, or of the whole run: before each clamp, and what it put onto the bounds."
        st.selectbox("Weights", list(VIEWS), key="weights_view", format_func=VIEWS.get, width=170,
                     label_visibility="collapsed", persist_state="session", help=told)  # fmt: skip


def _button(label: str, icon: str, told: str, disabled: bool, call: Callable[..., None], *args: object) -> None:
    look = {"icon": f":material/{icon}:", "type": "tertiary", "help": told, "disabled": disabled}
    st.button(label, on_click=call, args=args, **look)


def _places(run: Run, snapshot: Snapshot) -> list[Place]:
    """The saved steps, and while the run goes on those to come: a slider whose ends move would be hard to hold."""
    saved = set(store.moments(run.path))
    coming = set() if snapshot.status.ended else moments.schedule(snapshot.config.steps)
    return [*sorted(saved | coming), LATEST]


def _go(place: Place) -> None:
    st.session_state["step_shown"] = place


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
    step = st.session_state.get("pinned")
    return None if step is None else _saved(run, step)


def of_layer(weights: tuple[WeightHistogram, ...], layer: str | None) -> WeightHistogram:
    """The layer of that name, or all together."""
    return {histogram.name: histogram for histogram in weights}.get(layer) or pooled(weights)


def looks(run: Run, layer: str | None, most: int | None = None) -> list[Look]:
    """The weights at all saved steps, or at so many of them."""
    steps = store.moments(run.path)
    steps = lookback.evenly(steps, most) if most else steps
    return [Look(step, weights) for step in steps if (weights := _weights(run.path, step, layer))]


def looks_back() -> bool:
    """Whether a saved step is on the page, not the newest."""
    return place() != LATEST


def place() -> Place:
    """The step that the reader chose, or LATEST."""
    return st.session_state.get("step_shown", LATEST)


def _saved(run: Run, place: Place) -> Moment | None:
    """The newest look at or before a step; None if there is none that can be read."""
    steps = [step for step in store.moments(run.path) if place == LATEST or step <= place]
    return _moment(run.path, steps[-1]) if steps else None


@lru_cache(maxsize=16)
def _moment(path: Path, step: int) -> Moment | None:
    try:
        return store.moment(path, step)
    except ValueError:
        return None


@lru_cache(maxsize=1024)
def _weights(path: Path, step: int, layer: str | None) -> WeightHistogram | None:
    """Of one layer, or of all: small enough to keep those of every step."""
    try:
        return of_layer(store.moment(path, step).weights, layer)
    except ValueError:
        return None
