"""What the first screen of a run shows: six numbers and a verdict, the clamp, samples, the estimate."""

import dataclasses
import math

import numpy as np
import streamlit as st

from ganlab.formatting import range_in_words
from ganlab.gan.clipping import WeightHistogram, axis_limit, pooled
from ganlab.plots.clamp import clamp
from ganlab.plots.samples import points
from ganlab.runs.disk.moments import Moment
from ganlab.runs.range_change import COMPARED, HELD, RangeChange
from ganlab.runs.run import Run
from ganlab.runs.snapshot import Snapshot, Status
from ganlab.runs.verdict import verdict
from ganlab.runs.vitals import Vital, vitals
from ganlab.ui.kit import components
from ganlab.ui.kit.clip_range import LADDER
from ganlab.ui.kit.components import choices, panel, plot
from ganlab.ui.train import look_back, steer, strip
from ganlab.ui.train.view import Slots, layer, sheet

CLAMP_HEIGHT, ESTIMATE_HEIGHT, POINTS_HEIGHT = 410, 128, 232  # pixels
ROWS, COLUMNS = 6, 12  # samples shown
SENT_FOR = 1.2  # seconds in which the first clamp under a new range is sent, so that no browser misses it
PATIENCE = 5.0  # seconds after a change in which its measurement may be said to be under way


Drawn = tuple[WeightHistogram | None, WeightHistogram | None]


def fill(run: Run, snapshot: Snapshot, shown: Snapshot, pin: Moment | None, drawn: Drawn, slots: Slots) -> None:
    """Fill its slots from the newest snapshot, and from the one `shown`, which may be looked back at.

    `drawn` are the histograms of the latter and of the pinned step.
    """
    change = snapshot.change if snapshot.change and not look_back.looks_back() else None
    comparing = change if change and change.age < COMPARED else None
    _numbers(run, snapshot, shown, change, comparing, slots)
    with slots["clamp"]:
        _clamp(run, shown, drawn, change)
    _samples(shown, change, pin, slots)
    with slots["estimate head"]:
        changed = any(one.field == "clip_range" for one in snapshot.changes)
        apart = "<span>not comparable across dotted lines</span>" if changed else ""
        panel("estimate_head", f"<div class='ch'><b>Critic’s estimate</b>{apart}</div>")


def _numbers(
    run: Run,
    snapshot: Snapshot,
    shown: Snapshot,
    change: RangeChange | None,
    comparing: RangeChange | None,
    slots: Slots,
) -> None:
    history, readings = snapshot.history.until(shown.step), snapshot.readings
    numbers = vitals(history, readings[readings[:, 0] <= shown.step], snapshot.config.kind, comparing)
    running = snapshot.status is Status.RUNNING and bool(snapshot.instruments)
    measuring = bool(comparing and running and comparing.age < PATIENCE)
    _tries(run, comparing, numbers, slots)
    with slots["strip"]:
        panel("strip", strip.strip(numbers, change.step if change else None, bool(comparing), measuring))
    reading = snapshot.reading or run.reading
    in_force = shown.weights[0].clip_range if shown.weights else snapshot.config.clip_range
    config = dataclasses.replace(snapshot.config, clip_range=in_force)
    judged = verdict(reading, history, config, comparing, numbers, measuring)
    with slots["verdict"]:
        choices("verdict", strip.sentence(judged, snapshot.status.ended), lambda _: steer.go_back(run))


def _tries(run: Run, comparing: RangeChange | None, numbers: list[Vital], slots: Slots) -> None:
    """Under each thing to try what it promises, or what it did when it was last tried."""
    state = st.session_state
    if state.get("results_of") != run.run_id:
        state.update(results_of=run.run_id, results={})
    slope, estimate = numbers[2:4]
    _, label, wanted = state.get("tried", ("", "", None))
    measured = comparing and not any(map(math.isnan, (slope.was, slope.now, estimate.was, estimate.now)))
    if measured and comparing and wanted == comparing.clip_range:
        state["results"][label] = strip.tried(slope, estimate)
    for name, (_, promise) in steer.TRIES.items():
        with slots[f"try {name}"]:
            panel(f"tried_{name}", state["results"].get(name, f"<p class='muted small'>{promise}</p>"))


def histogram(weights: tuple[WeightHistogram, ...]) -> WeightHistogram | None:
    """The shown layer's, or that of all together; None before the first clamp."""
    if not weights:
        return None
    return next((one for one in weights if one.name == layer()), None) or pooled(weights)


def _clamp(run: Run, shown: Snapshot, both: Drawn, change: RangeChange | None) -> None:
    saved = look_back.looks_back()
    (drawn, pinned), limit = both, None
    if change and shown.held and change.age < HELD and (held := histogram(shown.held)):
        drawn, limit = held, max(map(axis_limit, (change.former, held.clip_range)))
    figure = clamp(
        drawn,
        drawn.clip_range if drawn and (saved or shown.status.ended) else run.wanted.clip_range,
        LADDER,
        live=not saved and not shown.status.ended,
        mirror=st.session_state["symmetric"],
        log_y=st.session_state.get("log_y", False),
        limit=limit,
        pinned=pinned,
        change=change if change and change.age < COMPARED else None,
        fold=histogram(change.fold) if change and _is_new(change) else None,
        update=None if saved else shown.update,
    )
    components.clamp("clamp", figure, CLAMP_HEIGHT, lambda wanted: steer.change_clip_range(run, wanted))


def _is_new(change: RangeChange) -> bool:
    """Whether this session has seen the change for the first time, or only just."""
    key, first_seen = st.session_state.get("fold_seen", (None, 0.0))
    if key != change.critic_step:
        first_seen = change.age
        st.session_state["fold_seen"] = (change.critic_step, first_seen)
    return change.age - first_seen < SENT_FOR


def _samples(shown: Snapshot, change: RangeChange | None, pin: Moment | None, slots: Slots) -> None:
    """The newest samples, and beside them what the reader wants to compare with."""
    compare, in_force = st.session_state.get("compare"), shown.weights[0].clip_range if shown.weights else None
    beside, name = None, ""
    if compare == "Real":
        beside, name = shown.real, "real"
    elif compare == "Before" and change:
        beside, name = change.samples, f"{range_in_words(change.former)}, step {change.before:,}"
    elif pin:
        beside, name = pin.samples, f"pinned, step {pin.step:,}"
    now = f"step {shown.step:,}" if look_back.looks_back() else "now"
    if beside is None and compare == "Before":
        caption = "The clip range has not changed yet."
    elif beside is None:
        caption = f"{512 if shown.config.kind == 'point' else ROWS * COLUMNS} fixed latents, {now}"
    else:
        of = f"<b>{range_in_words(in_force)}</b>, {now}" if in_force else now
        caption = f"<span>{of}</span><span>{name}</span>"
    with slots["caption"]:
        panel("caption", f"<div class='caption muted small'>{caption}</div>")
    with slots["samples"]:
        if shown.config.kind == "point":
            others = None if compare == "Real" else beside  # real points are always there
            plot("points", points(shown.real, shown.samples, pinned=others), POINTS_HEIGHT)
        else:
            _sheet(shown, beside)


def _sheet(shown: Snapshot, beside: np.ndarray | None) -> None:
    size = shown.config.image_size
    samples = shown.samples if shown.samples is not None else np.zeros((ROWS * COLUMNS, size, size, 1), np.uint8)
    alt = f"{ROWS * COLUMNS} generated images at step {shown.step:,}"
    if beside is not None and len(beside) >= ROWS * COLUMNS // 2:
        half = COLUMNS // 2
        rows = [part[i * half : (i + 1) * half] for i in range(ROWS) for part in (samples, beside)]
        samples, alt = np.concatenate(rows), f"{ROWS * half} generated images at step {shown.step:,}, and others beside"
    sheet(samples[: ROWS * COLUMNS], COLUMNS, alt)
