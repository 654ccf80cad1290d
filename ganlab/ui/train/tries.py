"""Things to try while a run trains: each a button that changes what holds the critic, with what it did."""

import dataclasses
from typing import Any, NamedTuple

import numpy as np
import streamlit as st

from ganlab.config import TrainConfig
from ganlab.formatting import short
from ganlab.gan.holding import changed_live, clamps_as_in_paper, constraint_in_words, holding
from ganlab.measure.reading import Reading
from ganlab.plots.base import Figure, rounded
from ganlab.plots.readings import empty
from ganlab.runs.range_change import RangeChange
from ganlab.runs.run import Run
from ganlab.runs.snapshot import Snapshot
from ganlab.ui.kit import frame
from ganlab.ui.kit.components import Caption, button, panel, plot
from ganlab.ui.kit.live import once
from ganlab.ui.kit.server import acting_hub
from ganlab.ui.train.instruments import plane
from ganlab.ui.train.view import Slots

SURFACES, SURFACE_HEIGHT = ("before", "now"), 330  # pixels


class Try(NamedTuple):
    """A change to try: its name, the live settings that it changes, and what it does or will show."""

    label: str
    values: dict[str, Any]
    promise: str

    def named(self, config: TrainConfig) -> str:
        """The name, with the constraint that it would bring."""
        return f"{self.label}: {constraint_in_words(dataclasses.replace(config, **self.values))}"


def tries_of(config: TrainConfig) -> list[Try]:
    """What there is to try with these settings.

    What is promised of clip ranges was measured by bench/tries.py on five seeds of digits and of 8 Gaussians, 25 steps
    after the change: ten times tighter left at most 0.0006 of the slope and 0.0009 of the estimate; ten times wider
    made them at least 8 and 4 times as large; without negative weights at most 0.03 of the estimate was left.
    """
    high = config.clip_range[1]
    penalty = 0.1 if config.kind == "point" else 10.0  # Gulrajani et al. 2017, in their code for points and for images
    by_gradient = Try(
        "Constrain the slope instead",
        {"constraint": "gradient-penalty", "penalty": penalty},
        "No clamp: a term in the loss pulls the slope to 1.",
    )
    clip = Try("Clamp it", {"constraint": "clip"}, "Every weight is clamped into this range again.")
    if config.constraint == "clip":
        found = [
            Try("10× tighter", _scaled(config, 0.1), "Watch slope and estimate collapse."),
            Try("10× wider", _scaled(config, 10.0), "Watch slope and estimate grow."),
            Try("Forbid negative weights", {"clip_range": (0.0, high)}, "Watch the estimate nearly vanish."),
        ]
        if not clamps_as_in_paper(config):
            found = [one._replace(promise="Not measured with this way of clamping.") for one in found]
        if config.kind == "point":
            found[-1] = by_gradient
    elif config.constraint == "gradient-penalty":
        found = [
            Try("10× weaker", {"penalty": rounded(config.penalty / 10, 6)}, "Pulls the slope to 1 less strongly."),
            Try("10× stronger", {"penalty": rounded(config.penalty * 10, 6)}, "Pulls the slope to 1 more strongly."),
            clip,
        ]
    else:
        found = [by_gradient, clip]
    return [one for one in found if _is_possible(config, one.values)]


def _scaled(config: TrainConfig, factor: float) -> dict[str, Any]:
    # Without float noise: 0.1 * 0.1 is 0.01, and -0 is 0.
    low, high = (rounded(factor * bound, 6) + 0.0 for bound in config.clip_range)
    return {"clip_range": (low, high)}


def _is_possible(config: TrainConfig, values: dict[str, Any]) -> bool:
    """Whether a change is allowed and is one, within what the slider reaches."""
    try:
        wanted = changed_live(config, values)
    except ValueError:
        return False
    held = holding(wanted)
    reached = max(map(abs, held.get("clip_range", (0.0,)))) <= 1 and held.get("penalty", 0.0) <= 1000
    return reached and held != holding(config)


def results(run: Run) -> dict[str, str]:
    """What each thing to try did in this run when it was last tried, as HTML."""
    state = st.session_state
    if state.get("results_of") != run.run_id:
        state.update(results_of=run.run_id, results={})
    return state["results"]


def tries(run: Run) -> None:
    """A card for each of `tries_of`, with a button and what it promises, or did when it was last tried."""
    found = tries_of(run.wanted)
    for column, one in zip(st.columns(len(found) or 1, gap="small"), found, strict=False):
        with column.container(border=True, height="stretch", gap="xsmall"):
            label = one.named(run.wanted)
            button(label, "science", _try, run, one, key=f"try_{one.label}", type="tertiary")
            panel(f"tried_{one.label}", results(run).get(one.label, f"<p class='muted small'>{one.promise}</p>"))


@frame.acting(ValueError)
def _try(run: Run, one: Try) -> None:
    st.session_state["tried"] = (run.run_id, one.label, holding(dataclasses.replace(run.wanted, **one.values)))
    acting_hub().training(run.run_id).change(**one.values)


def of_two_constraints(snapshot: Snapshot) -> RangeChange | None:
    """The newest change, if it is one from a constraint to another and the critic has a surface over the plane."""
    change = snapshot.change
    if not change or snapshot.config.kind != "point" or change.former.constraint == change.config.constraint:
        return None
    return change


def surfaces(run: Run, slots: Slots) -> None:
    """The critic's scores over the plane just before such a change, and now."""
    if not of_two_constraints(run.latest):
        return
    with st.container(border=True):
        st.subheader("The critic’s surface", anchor=False)
        for column, name in zip(st.columns(2, gap="large"), SURFACES, strict=True):
            with column:
                slots[f"head {name}"], slots[name] = st.container(), st.container()


def fill_surfaces(snapshot: Snapshot, slots: Slots) -> None:
    """Both as they were measured: the look for the comparison, and the newest one since the change."""
    change = of_two_constraints(snapshot)
    if not change or "before" not in slots:
        return
    newest = snapshot.reading if snapshot.reading and snapshot.reading.step > change.step else None
    for name, config, reading in (("before", change.former, change.reading), ("now", change.config, newest)):
        caption, drawn = _surface(name, config, reading, snapshot.real)
        with slots[f"head {name}"]:
            panel(f"head_{name}", caption.head())
        with slots[name]:
            plot(f"surface_{name}", drawn, SURFACE_HEIGHT, caption)


def _surface(
    name: str, config: TrainConfig, reading: Reading | None, real: np.ndarray | None
) -> tuple[Caption, Figure]:
    title, measured = f"{name.capitalize()}: {constraint_in_words(config)}", reading and reading.plane
    if not reading or not measured:
        return Caption(title, "<span>not measured</span>"), empty()
    low, high = (short(float(score)) for score in (measured.values.min(), measured.values.max()))
    legend = f"<span>step {reading.step:,} · scores {low} to {high}</span>"
    drawn = once(reading, "surface", lambda: plane.figure(measured, real, ("values", "points")))
    return Caption(title, legend, reading.step), drawn
