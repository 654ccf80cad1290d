"""Steering a run: transport and clip range. Callbacks call methods of the run, and nothing else changes it."""

import dataclasses
import secrets
from collections.abc import Callable
from typing import Any

import streamlit as st

from ganlab.config import LIVE_FIELDS
from ganlab.runs.hub import Refused
from ganlab.runs.run import Run
from ganlab.runs.snapshot import Status
from ganlab.ui.kit import clip_range
from ganlab.ui.kit.server import hub
from ganlab.ui.train import form, start

RATES = {
    "critic_lr": "A change acts from the next critic update on.",
    "generator_lr": "A change acts from this step or the next.",
    "n_critic": "A change acts from the next step on.",
}
"""The live fields beside the curves, and when a change acts."""


def transport(run: Run, status: Status) -> None:
    """The player's buttons: Pause or Resume, Step, Stop; after the end, how to go on."""
    if status.ended:
        resumable = status in (Status.STOPPED, Status.INTERRUPTED)
        if status is Status.FAILED and not (run.path / "ended.json").exists():
            resumable = True  # it failed while it was resumed, before it trained
        with st.container(horizontal=True, width=540 if resumable else 430, gap="xsmall", key="transport"):
            if resumable:
                _button("Resume", "play_arrow", _resume, run, type="primary", help="Goes on from the last checkpoint.")
            _button("New run", "add", start.start_page_for, run.config, type="secondary" if resumable else "primary")
            _button("Run again", "replay", start.start, run.config)
            again = dataclasses.replace(run.config, seed=secrets.randbelow(10_000))
            _button("Run again, new seed", "casino", start.start, again)
        return
    paused = status is Status.PAUSED
    with st.container(horizontal=True, width=430, gap="xsmall", key="transport"):
        if paused:
            _button("Resume", "play_arrow", _resume, run, type="primary")
        else:
            _button("Pause", "pause", run.pause, type="primary", disabled=status is not Status.RUNNING)
        _button("Step", "step_over", run.step, disabled=not paused, help="One generator update, then wait again.")
        _button("Stop", "stop", run.stop, help="End this run. What it has learned stays on this page.")
        _button("New run", "add", start.start_page_for, run.config, type="tertiary", help="This one goes on.")


def _button(label: str, icon: str, call: Callable[..., None], *args: object, **look: object) -> None:
    st.button(label, icon=f":material/{icon}:", width="stretch", on_click=call, args=args, **look)


def _resume(run: Run) -> None:
    try:
        hub().resume(run)
    except Refused as error:
        st.session_state["refused"] = str(error)


def show_wanted(run: Run) -> None:
    """Set the live widgets to what the run has accepted: it owns every live value, whoever moved it.

    A message that the browser sent before it heard of this still carries the old values; `stale` remembers
    them, so that they do not count as moves of the user's. Each widget also gets its value as its default:
    one that the browser builds anew would else send back a default of its own.
    """
    state = st.session_state
    low, high = run.wanted.clip_range
    if state.get("steered") != run.run_id:
        state.update(steered=run.run_id, stale={}, mirror=low == -high, freeze=False)
        state.pop("clip_refusal", None)
    wanted = _widgets(run)
    if late := {key: state[key] for key, value in wanted.items() if state.get(key, value) != value}:
        state["stale"] = late
    state.update(wanted, shown=live_values(run))


def _widgets(run: Run) -> dict[str, Any]:
    """What the live widgets have to show."""
    low, high = run.wanted.clip_range
    # Streamlit forgets a widget's value when its page is left.
    mirror = st.session_state.get("mirror", True) and low == -high
    return {"clip": (low, high), "low": low, "high": high, "mirror": mirror} | {
        field: getattr(run.wanted, field) for field in RATES
    }


def heard(run: Run) -> None:
    """Once a message carries every wanted value, the browser knows them: old values are moves of the user's again."""
    if all(st.session_state.get(key) == value for key, value in _widgets(run).items()):
        st.session_state["stale"] = {}


def live_values(run: Run) -> list[Any]:
    """Everything about a run that can change, as far as it is accepted."""
    return [getattr(run.wanted, field) for field in LIVE_FIELDS]


def _is_late(key: str) -> bool:
    """Whether a widget's value was sent before the browser heard of the newest one.

    Widget by widget: while a page is on its way, a message may have some values old and some new.
    """
    stale = st.session_state["stale"]
    return key in stale and st.session_state[key] == stale[key]


def clip_slider(run: Run, ended: bool) -> None:
    """The two-ended clip range."""
    clip_range.slider(run.wanted.clip_range, "clip", disabled=ended, on_change=_moved, args=(run, "clip"))


def clip_numbers(run: Run, ended: bool) -> None:
    """Exact low and high, the switch that ties them, and the way back."""
    for key, label, value in zip(("low", "high"), ("Low", "High"), run.wanted.clip_range, strict=True):
        clip_range.bound(label, value, key, disabled=ended, on_change=_moved, args=(run, key))
    st.toggle(
        "Symmetric",
        value=st.session_state["mirror"],
        key="mirror",
        disabled=ended,
        on_change=_tied,
        args=(run,),
        help="Low and high mirror each other. Switch it off to move them apart.",
    )
    st.button(
        "Reset",
        icon=":material/undo:",
        type="tertiary",
        disabled=ended,
        help="Back to the range that this run started with. The weights stay where training took them.",
        on_click=steer,
        args=(run, run.config.clip_range),
    )


def rates(run: Run, ended: bool) -> None:
    """Learning rates and critic updates per step."""
    for field, when in RATES.items():
        value = getattr(run.wanted, field)
        look = {"format": "%e", "step": clip_range.tenth(value)} if isinstance(value, float) else {}
        label, told = form.FIELDS[field]
        st.number_input(
            label,
            value=value,
            key=field,
            width=165,
            disabled=ended,
            help=f"{told} {when}",
            on_change=_rate_moved,
            args=(run, field),
            **look,
        )


def _rate_moved(run: Run, field: str) -> None:
    if not _is_late(field):
        try:
            run.change(**{field: st.session_state[field]})
        except ValueError as error:
            st.session_state["refused"] = form.labelled(error)


def _moved(run: Run, key: str) -> None:
    """The slider or a number field was moved."""
    if not _is_late(key):
        _wish(run, key, st.session_state[key])


def pulled(run: Run, name: str, value: float) -> None:
    """A rule of the histogram was pulled: `name` is low or high."""
    _wish(run, name, value)


def _wish(run: Run, widget: str, value: Any) -> None:
    steer(run, clip_range.asked_for(run.wanted.clip_range, widget, value, st.session_state["mirror"]))


def _tied(run: Run) -> None:
    """Symmetric was switched on or off; on, the wider bound is mirrored."""
    if st.session_state["mirror"] and not _is_late("mirror"):
        widest = max(map(abs, run.wanted.clip_range))
        steer(run, (-widest, widest))


def steer(run: Run, wanted: tuple[float, float]) -> None:
    """Ask the run for a clip range; a refusal is kept and shown beside the range that stays in force."""
    try:
        run.change(clip_range=wanted)
        st.session_state.pop("clip_refusal", None)
    except ValueError as error:
        st.session_state["clip_refusal"] = str(error)
