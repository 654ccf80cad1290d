"""Steering a run: its buttons, clip range and rates. Callbacks call methods of the run; nothing else changes it."""

import dataclasses
import secrets
from collections.abc import Callable
from typing import Any

import streamlit as st

from ganlab import settings
from ganlab.config import LIVE_FIELDS, TrainConfig
from ganlab.runs.hub import Refused
from ganlab.runs.run import Run
from ganlab.runs.snapshot import Status
from ganlab.runs.training_run import TrainingRun
from ganlab.ui.kit import clip_range, late
from ganlab.ui.kit.clip_range import Range
from ganlab.ui.kit.refusals import refuse
from ganlab.ui.kit.server import hub
from ganlab.ui.train import form, start

RATES = {
    "critic_lr": "A change acts from the next critic update.",
    "generator_lr": "A change acts from this step or the next.",
    "n_critic": "A change acts from the next step.",
}
"""The live fields beside the curves, and when a change acts."""


def transport(run: Run, status: Status) -> None:
    """Pause or Resume, Step, Stop; after the end, ways to continue."""
    if status.ended:
        resumable = status in (Status.STOPPED, Status.INTERRUPTED)
        if status is Status.FAILED and not (run.path / "ended.json").exists():
            resumable = True  # it failed on being resumed, before it trained
        with st.container(horizontal=True, width=540 if resumable else 430, gap="xsmall", key="transport"):
            if resumable:
                _button("Resume", "play_arrow", _resume, run, type="primary", help="Resumes from the last checkpoint.")
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
            running = status is Status.RUNNING
            _button("Pause", "pause", _command, run, TrainingRun.pause, type="primary", disabled=not running)
        step_help = "One generator update, then wait again."
        _button("Step", "step_over", _command, run, TrainingRun.step, disabled=not paused, help=step_help)
        _button("Stop", "stop", _command, run, TrainingRun.stop, help="End this run. This page keeps what it learned.")
        new_run_help = "The current run continues."
        _button("New run", "add", start.start_page_for, run.config, type="tertiary", help=new_run_help)


def _button(label: str, icon: str, call: Callable[..., None], *args: object, **options: Any) -> None:
    st.button(label, icon=f":material/{icon}:", width="stretch", on_click=call, args=args, **options)


def _resume(run: Run) -> None:
    try:
        hub().resume(run)
    except Refused as error:
        refuse(str(error))


def _command(run: Run, verb: Callable[[TrainingRun], None]) -> None:
    try:
        verb(hub().training(run.run_id))
    except Refused as error:
        refuse(str(error))


def take_up(run: Run) -> None:
    """Note which run the page steers, and the values that it is drawn for."""
    state = st.session_state
    if state.get("steered") != run.run_id:
        state.update(steered=run.run_id, tied=True, freeze=False)
        state.pop("clip_refusal", None)
    state["drawn_for"] = live_values(run)


def live_values(run: Run) -> list[Any]:
    """Everything about a run that can change, as far as it is accepted."""
    return [getattr(run.wanted, field) for field in LIVE_FIELDS]


def clip_controls(run: Run, ended: bool, beside: Callable[[], None]) -> None:
    """The clip range, the way back to the first one, and more beside it."""

    def rest() -> None:
        st.button(
            "Reset",
            icon=":material/undo:",
            type="tertiary",
            disabled=ended,
            help="Back to the range that this run started with. The weights stay where training took them.",
            on_click=change_clip_range,
            args=(run, run.config.clip_range),
        )
        st.space("stretch")
        beside()

    clip_range.controls(
        "", lambda: run.wanted.clip_range, lambda wanted: change_clip_range(run, wanted), disabled=ended, beside=rest
    )


def rates(run: Run, ended: bool) -> None:
    """Learning rates and critic updates per step."""
    for field, when in RATES.items():
        value = getattr(run.wanted, field)
        late.show(field, value)
        rules = settings.rules(TrainConfig, field)
        st.number_input(
            rules.label,
            value=value,
            key=field,
            width=165,
            disabled=ended,
            help=f"{rules.help} {when}",
            on_change=_change_rate,
            args=(run, field),
            **form.of_number(field, value),
        )


def _change_rate(run: Run, field: str) -> None:
    if not late.is_late(field):
        try:
            hub().training(run.run_id).change(**{field: st.session_state[field]})
        except ValueError as error:
            refuse(settings.labelled(TrainConfig, error))
        except Refused as error:
            refuse(str(error))


def pull(run: Run, name: str, value: float) -> None:
    """A rule of the histogram was pulled: `name` is low or high."""
    wanted = clip_range.requested(run.wanted.clip_range, name, value, st.session_state["symmetric"])
    change_clip_range(run, wanted)


def change_clip_range(run: Run, wanted: Range) -> None:
    """Change a run's clip range; a refusal is shown beside the range that stays in force."""
    try:
        hub().training(run.run_id).change(clip_range=wanted)
        st.session_state.pop("clip_refusal", None)
    except (ValueError, Refused) as error:
        st.session_state["clip_refusal"] = str(error)
