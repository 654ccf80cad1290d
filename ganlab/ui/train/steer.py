"""Steering a run: its buttons, what holds its critic, its rates.

Callbacks call methods of the run; nothing else changes it.
"""

import dataclasses
import secrets
from collections.abc import Sequence
from functools import partial
from typing import Any, Literal

import streamlit as st

from ganlab import settings
from ganlab.config import TrainConfig
from ganlab.gan.holding import LIVE_FIELDS, changed_live
from ganlab.gan.watched import WatchedConfig
from ganlab.runs.disk.damage import is_file
from ganlab.runs.run import Run
from ganlab.runs.snapshot import Status
from ganlab.runs.swept_run import SweptRun
from ganlab.runs.training_run import TrainingRun
from ganlab.ui.compare import picks
from ganlab.ui.kit import access, clip_range, constraints, frame, html, late
from ganlab.ui.kit.access import may_act
from ganlab.ui.kit.clip_range import Range
from ganlab.ui.kit.components import button
from ganlab.ui.kit.server import acting_hub
from ganlab.ui.train import form
from ganlab.ui.train.start import start, start_page_for

Verb = Literal["pause", "step", "stop"]
RATES = {
    "critic_lr": "Takes effect from the next critic update.",
    "generator_lr": "Takes effect from this step or the next.",
    "n_critic": "Takes effect from the next step.",
}
"""The live fields beside the curves, and when a change takes effect."""
CLIP_HELP = (
    "Every critic weight is clamped into this range after each critic update. Drag a bound in the plot or on the "
    "slider, or type it here; it takes effect from the next critic update. The paper used −0.01 to 0.01."
)


def transport(run: Run, status: Status) -> None:
    """Pause or Resume, Step, Stop and New run, each in its place in every state. For a guest, why they are missing."""
    if not may_act():
        access.note()
        return
    wide = partial(button, width="stretch")
    failed_to_resume = status is Status.FAILED and not is_file(run.path / "ended.json")  # before it trained
    resumable = failed_to_resume or status in (Status.STOPPED, Status.INTERRUPTED)
    by_itself = not isinstance(run.config, WatchedConfig) and not isinstance(run, SweptRun)
    resumable = status is Status.PAUSED or (resumable and by_itself)
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
        st.caption("This run trained in your own loop, so it can't be resumed or generated from: run that loop again.")
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


def _again(config: TrainConfig, instead_of: str = "") -> None:
    start(config, instead_of)
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
    """From where a run was stopped that this session watched: by itself, or from another window."""
    if not isinstance(run, TrainingRun) or run.latest.status is not Status.STOPPED:
        return ""
    if st.session_state.get("stopped") == run.run_id:
        return "by you"
    return "from another window" if st.session_state.get("alive") == run.run_id else ""


def take_up(run: Run) -> None:
    """Note which run the page steers, and the values that it is drawn for."""
    state = st.session_state
    if state.get("steered") != run.run_id:
        state.update(steered=run.run_id, tied=True, freeze=False)
        state.pop("clip_refusal", None)
    state["drawn_for"] = live_values(run)
    if not run.latest.status.ended:
        state["alive"] = run.run_id


def live_values(run: Run) -> list[Any]:
    """Everything about a run that can change, as far as it is accepted."""
    return [getattr(run.wanted, field) for field in LIVE_FIELDS]


def constraint_controls(run: Run, ended: bool) -> None:
    """What holds the critic, and its exact numbers."""
    fixed, held = ended or not may_act(), run.wanted.constraint
    refused = {name: "" if fixed else _refusal(run.wanted, name) for name in constraints.CARDS if name != held}
    refused = {name: reason for name, reason in refused.items() if fixed or reason}
    constraints.cards("constraint", held, partial(_hold, run), refused)
    if settings.applying(run.wanted).get("critic_norm") == "batch" and not fixed:
        layer_norm = dataclasses.replace(run.config, critic_norm="layer")
        help = "With the same settings and seed. The current run is paused."
        button("Start again with layer norm", "replay", _again, layer_norm, run.run_id, help=help)
    if held == "clip":
        st.markdown("Clip range", help=CLIP_HELP)
        change = partial(change_clip_range, run)

        def reset() -> None:
            help = "Back to the range that this run started with. The weights stay where training took them."
            button("Reset", "undo", change, run.config.clip_range, type="tertiary", disabled=fixed, help=help)

        clip_range.controls("", lambda: run.wanted.clip_range, change, rungs=None, disabled=fixed, beside=reset)
        with st.container(horizontal=True, gap="medium"):
            for field in ("clip_order", "clip_scope", "clip_scale"):
                _policy(run, field, fixed)
    if held == "gradient-penalty":
        _number(run, "penalty", fixed, "Takes effect from the next critic update.", width=165)


def _refusal(config: TrainConfig, constraint: str) -> str:
    """Why this run can't change to the constraint while it trains."""
    try:
        changed_live(config, {"constraint": constraint})
        return ""
    except ValueError as error:
        return str(error).partition(": ")[2].capitalize()


def _hold(run: Run, constraint: str) -> None:
    change_live(run, constraint=constraint)


def _policy(run: Run, field: str, fixed: bool) -> None:
    rules, value = settings.rules(TrainConfig, field), getattr(run.wanted, field)
    tied = late.tied(field, value, lambda wanted: change_live(run, **{field: wanted}))
    st.segmented_control(
        rules.label,
        rules.choices,
        default=value,
        required=True,
        format_func=html.titled,
        disabled=fixed,
        help=rules.help,
        width="content",
        **tied,
    )


def rates(run: Run, ended: bool) -> None:
    """Learning rates and critic updates per step."""
    fixed, values = ended or not may_act(), settings.applying(run.wanted)
    for field, when in ((field, when) for field, when in RATES.items() if field in values):
        _number(run, field, fixed, when, width=165)


def _number(run: Run, field: str, fixed: bool, when: str, width: int) -> None:
    """A live field as a number; `when` says when a change takes effect."""
    rules, value = settings.rules(TrainConfig, field), getattr(run.wanted, field)
    tied = late.tied(field, value, lambda wanted: change_live(run, **{field: wanted}))
    options = form.of_number(field, value) | {"disabled": fixed, "help": f"{rules.help} {when}"} | tied
    st.number_input(rules.label, value=value, width=width, **options)


@frame.acting(ValueError)
def change_live(run: Run, **values: Any) -> None:
    """Change live settings of a run; a refusal is shown under the state line."""
    acting_hub().training(run.run_id).change(**values)


def pull(run: Run, wanted: Sequence[float]) -> None:
    """Change what the slider under the weights sets; what comes after another constraint is ignored."""
    held = run.wanted.constraint
    if held == "clip" and len(wanted) == 2:
        change_clip_range(run, (wanted[0], wanted[1]))
    elif held == "gradient-penalty" and len(wanted) == 1:
        change_live(run, penalty=wanted[0])


@frame.acting(ValueError, key="clip_refusal")
def change_clip_range(run: Run, wanted: Range | str) -> None:
    """Change a run's clip range, maybe to one in text, "low high"; a refusal is shown beside the one in force."""
    if isinstance(wanted, str):
        wanted = settings.from_text(TrainConfig, "clip_range", wanted)
    acting_hub().training(run.run_id).change(clip_range=wanted)
    st.session_state.pop("clip_refusal", None)
