"""Steering a run: its buttons, clip range, rates, and things to try.

Callbacks call methods of the run; nothing else changes it.
"""

import dataclasses
import secrets
from functools import partial
from typing import Any, Literal

import streamlit as st

from ganlab import settings
from ganlab.config import LIVE_FIELDS, TrainConfig, WatchedConfig
from ganlab.formatting import range_in_words
from ganlab.plots.base import rounded
from ganlab.runs.disk.damage import is_file
from ganlab.runs.run import Run
from ganlab.runs.snapshot import Status
from ganlab.runs.training_run import TrainingRun
from ganlab.ui.compare import picks
from ganlab.ui.kit import access, clip_range, frame, late
from ganlab.ui.kit.access import may_act
from ganlab.ui.kit.clip_range import Range
from ganlab.ui.kit.components import button, panel
from ganlab.ui.kit.server import acting_hub
from ganlab.ui.train import form
from ganlab.ui.train.start import start, start_page_for
from ganlab.ui.train.view import Slots

Verb = Literal["pause", "step", "stop"]
RATES = {
    "critic_lr": "A change acts from the next critic update.",
    "generator_lr": "A change acts from this step or the next.",
    "n_critic": "A change acts from the next step.",
}
"""The live fields beside the curves, and when a change acts."""
TRIES = {
    "10× tighter": ((0.1, 0.1), "Watch slope and estimate collapse."),
    "10× wider": ((10.0, 10.0), "Watch slope and estimate grow."),
    "Forbid negative weights": ((0.0, 1.0), "Watch the estimate nearly vanish."),
}
"""Clip ranges to try, as multiples of the bounds in force, and what to expect.

Measured by bench/tries.py on five seeds of digits and of 8 Gaussians, 25 steps after the change: ten times tighter left
at most 0.0006 of the slope and 0.0009 of the estimate; ten times wider made them at least 8 and 4 times as large;
without negative weights at most 0.03 of the estimate was left.
"""


def transport(run: Run, status: Status) -> None:
    """Pause or Resume, Step, Stop and New run, each in its place in every state. For a guest, why they are missing."""
    if not may_act():
        access.note()
        return
    wide = partial(button, width="stretch")
    failed_to_resume = status is Status.FAILED and not is_file(run.path / "ended.json")  # before it trained
    resumable = failed_to_resume or status in (Status.STOPPED, Status.INTERRUPTED)
    resumable = status is Status.PAUSED or (resumable and not isinstance(run.config, WatchedConfig))
    with st.container(horizontal=True, width=430, gap="xsmall", key="transport"):
        if resumable:
            help = "Resumes from the last checkpoint." if status.ended else None
            wide("Resume", "play_arrow", _resume, run, type="primary", help=help, disabled=run.latest.read_only)
        else:
            running = status is Status.RUNNING
            kind = "secondary" if status.ended else "primary"
            wide("Pause", "pause", _command, run, "pause", type=kind, disabled=not running)
        step_help = "One generator update, then wait again."
        paused = status is Status.PAUSED
        wide("Step", "step_over", _command, run, "step", disabled=not paused, help=step_help)
        stop_help = "End this run. This page keeps what it learned."
        wide("Stop", "stop", _command, run, "stop", disabled=status.ended, help=stop_help)
        kind = "primary" if status.ended and not resumable else "tertiary"
        help = None if status.ended else "The current run continues."
        like = TrainConfig() if isinstance(run.config, WatchedConfig) else run.config
        wide("New run", "add", start_page_for, like, type=kind, help=help)


def again(run: Run) -> None:
    """What starts another run like an ended one, or compares it; far from Stop: a second click there starts nothing."""
    if isinstance(run.config, WatchedConfig):
        st.caption("This run trained in a loop of your own, so it can't be resumed or generated from: run that again.")
        return
    new_seed = dataclasses.replace(run.config, seed=secrets.randbelow(10_000))
    with st.container(horizontal=True, gap="small", key="again", vertical_alignment="center"):
        button("Run again", "replay", _again, run.config, help="With the same settings and the same seed.")
        button(
            "Run again, new seed", "casino", _again, new_seed, help=f"With the same settings and seed {new_seed.seed}."
        )
        picks.link("Compare with…", run.run_id)
    with st.container():
        frame.once("again_refused", st.error, "error")


def _again(config: TrainConfig) -> None:
    start(config)
    st.session_state["again_refused"] = st.session_state.pop("refused", "")


@frame.acting(ValueError)
def _resume(run: Run) -> None:
    if isinstance(run, TrainingRun) or run.latest.status.ended:
        acting_hub().resume(run)
    else:
        acting_hub().training(run.run_id).resume()


@frame.acting(ValueError)
def _command(run: Run, verb: Verb) -> None:
    training = acting_hub().training(run.run_id)
    {"pause": training.pause, "step": training.step, "stop": training.stop}[verb]()
    if verb == "stop":
        st.session_state["stopped"] = run.run_id


def stopped(run: Run) -> str:
    """From where a run was stopped, if this server trained it: by this session, or from another window."""
    if not isinstance(run, TrainingRun) or run.latest.status is not Status.STOPPED:
        return ""
    return "by you" if st.session_state.get("stopped") == run.run_id else "from another window"


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


def clip_controls(run: Run, ended: bool, slots: Slots) -> None:
    """The clip range in numbers, and the way back to the first one."""
    change, fixed = partial(change_clip_range, run), ended or not may_act() or run.wanted.constraint != "clip"

    def reset() -> None:
        help = "Back to the range that this run started with. The weights stay where training took them."
        button("Reset", "undo", change, run.config.clip_range, type="tertiary", disabled=fixed, help=help)

    clip_range.controls("", lambda: run.wanted.clip_range, change, rungs=None, disabled=fixed, beside=reset)
    slots["refusal"] = st.container()


def rates(run: Run, ended: bool) -> None:
    """Learning rates and critic updates per step."""
    values = settings.applying(run.wanted)
    for field, when in ((field, when) for field, when in RATES.items() if field in values):
        rules, value = settings.rules(TrainConfig, field), values[field]
        options = form.of_number(field, value) | late.tied(field, value, partial(_change_rate, run, field))
        help = f"{rules.help} {when}"
        st.number_input(rules.label, value=value, width=165, disabled=ended or not may_act(), help=help, **options)


@frame.acting(ValueError)
def _change_rate(run: Run, field: str, value: float) -> None:
    acting_hub().training(run.run_id).change(**{field: value})


def results(run: Run) -> dict[str, str]:
    """What each of TRIES did in this run when it was last tried, as HTML."""
    state = st.session_state
    if state.get("results_of") != run.run_id:
        state.update(results_of=run.run_id, results={})
    return state["results"]


def tries(run: Run) -> None:
    """A card for each of TRIES, with a button and what it promises, or did when it was last tried."""
    low, high = run.wanted.clip_range
    for column, (label, (factors, promise)) in zip(st.columns(3, gap="small"), TRIES.items(), strict=True):
        # Without float noise: 0.1 * 0.1 is 0.01, and -0 is 0.
        wanted = (rounded(factors[0] * low, 6) + 0.0, rounded(factors[1] * high, 6) + 0.0)
        with column.container(border=True, height="stretch", gap="xsmall"):
            possible = wanted != (low, high) and max(map(abs, wanted)) <= 1 and wanted[0] < wanted[1]
            possible = possible and run.wanted.constraint == "clip"
            options = {"key": f"try_{label}", "type": "tertiary", "disabled": not possible}
            button(f"{label}: {range_in_words(wanted)}", "science", _try, run, label, wanted, **options)
            panel(f"tried_{label}", results(run).get(label, f"<p class='muted small'>{promise}</p>"))


@frame.acting()
def _try(run: Run, label: str, wanted: Range) -> None:
    st.session_state["tried"] = (run.run_id, label, wanted)
    change_clip_range(run, wanted)


@frame.acting(ValueError, key="clip_refusal")
def change_clip_range(run: Run, wanted: Range | str) -> None:
    """Change a run's clip range, maybe to one in text, "low high"; a refusal is shown beside the one in force."""
    if isinstance(wanted, str):
        wanted = settings.from_text(TrainConfig, "clip_range", wanted)
    acting_hub().training(run.run_id).change(clip_range=wanted)
    st.session_state.pop("clip_refusal", None)
