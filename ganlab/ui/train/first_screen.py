"""What the first screen of a run shows: six numbers and a verdict, the clamp, samples, the estimate."""

import math

import numpy as np
import streamlit as st

from ganlab.config import DATASETS, TrainConfig
from ganlab.gan.histograms import WeightHistogram, pooled
from ganlab.gan.holding import HOLDING, constraint_in_words, holding
from ganlab.plots.clamp import Change, Slider, bounds, clamp
from ganlab.plots.samples import points
from ganlab.runs.diagnosis import diagnose, knows
from ganlab.runs.disk.moments import Moment
from ganlab.runs.history import in_force
from ganlab.runs.range_change import HELD, RangeChange
from ganlab.runs.run import Run
from ganlab.runs.snapshot import Snapshot, Status
from ganlab.runs.verdict import Verdict, verdict
from ganlab.runs.vitals import Vital, vitals
from ganlab.ui.kit import components
from ganlab.ui.kit.access import may_act
from ganlab.ui.kit.clip_range import LADDER, RUNGS
from ganlab.ui.kit.components import Caption, choices, panel, plot
from ganlab.ui.kit.html import AFTER, BEFORE, CLAMP_KEY, points_key
from ganlab.ui.kit.live import once
from ganlab.ui.train import look_back, steer, strip, tries
from ganlab.ui.train.view import Slots, layer, sheet

CLAMP_HEIGHT, ESTIMATE_HEIGHT, POINTS_HEIGHT = 417, 128, 232  # pixels
ROWS, COLUMNS = 6, 12  # samples shown
SENT_FOR = 1.2  # seconds in which the first clamp under a new range is sent, so that no browser misses it
PENALTIES = [rung for rung in (100 * rung for rung in RUNGS) if 0.01 <= rung <= 1000]
HELD_BY = {
    "spectral-norm": "Spectral norm constrains this critic: each layer’s weights are divided by their norm.",
    "none": "Nothing constrains this critic: it may become as steep as it likes.",
}
NOT_PLAYED = "Steps are not played where the clamp comes first."
Drawn = tuple[WeightHistogram | None, WeightHistogram | None]


def fill(run: Run, snapshot: Snapshot, shown: Snapshot, pin: Moment | None, drawn: Drawn, slots: Slots) -> None:
    """Fill its slots from the newest snapshot, and from the one `shown`, which may be looked back at.

    `drawn` are the histograms of the latter and of the pinned step.
    """
    change = snapshot.change if snapshot.change and not look_back.looks_back() else None
    comparing = change if change and change.left > 0 else None
    _numbers(run, snapshot, shown, change, comparing, slots)
    _clamp(run, shown, drawn, change, slots)
    _samples(shown, change, pin, slots)


def _numbers(
    run: Run,
    snapshot: Snapshot,
    shown: Snapshot,
    change: RangeChange | None,
    comparing: RangeChange | None,
    slots: Slots,
) -> None:
    history, counted = snapshot.history.until(shown.step), DATASETS[snapshot.config.dataset].counted
    readings = snapshot.readings[snapshot.readings[:, 0] <= shown.step]
    key, clamps = ("vitals", change and change.critic_step), snapshot.config.constraint == "clip"
    numbers = once(shown, key, lambda: vitals(history, readings, counted, change, snapshot.changes, clamps))
    running = snapshot.status is Status.RUNNING and bool(snapshot.instruments)
    measuring = bool(comparing and running)
    _note_try(run, comparing, numbers)
    with slots["strip"]:
        drawn = (change.step if change else None, bool(comparing), measuring)
        panel("strip", once(shown, ("strip", *drawn), lambda: strip.strip(numbers, *drawn)))
    judged = Verdict(1, f"You are looking back at step {shown.step:,}.")
    if not look_back.looks_back():
        reading, since = snapshot.reading or run.reading, history.held_since(snapshot.changes)
        looked_at = reading.step if reading else math.inf
        config, then = in_force(run.config, snapshot.changes, looked_at), history.until(looked_at)
        problems = (
            once(reading, "findings", lambda: diagnose(reading, then, config, snapshot.changes)) if reading else []
        )
        judged = verdict(reading, problems, history, change, numbers, bool(comparing), measuring, knows(config), since)
    with slots["verdict"]:
        html = strip.sentence(judged, snapshot.status.ended or not may_act())
        choices("verdict", html, lambda picked: steer.change_clip_range(run, picked), answered=True)


def _note_try(run: Run, comparing: RangeChange | None, numbers: list[Vital]) -> None:
    """Write what a thing to try did on its card, once it is measured; the page is redrawn with it."""
    slope, estimate = numbers[2:4]
    run_id, label, wanted = st.session_state.get("tried", ("", "", None))
    if not comparing or (run_id, wanted) != (run.run_id, holding(comparing.config)):
        return
    if not any(map(math.isnan, (slope.was, slope.now, estimate.was, estimate.now))):
        del st.session_state["tried"]
        tries.results(run)[label] = strip.tried(comparing, slope, estimate)
        st.rerun()


def histogram(weights: tuple[WeightHistogram, ...]) -> WeightHistogram | None:
    """The shown layer's, or that of all together; None before the first clamp."""
    if not weights:
        return None
    name = layer()
    return next((one for one in weights if one.name == name), None) or pooled(weights)


def _clamp(run: Run, shown: Snapshot, both: Drawn, change: RangeChange | None, slots: Slots) -> None:
    saved = look_back.looks_back()
    (drawn, pinned), limit = both, None
    if change and change.limit and shown.held and change.age < HELD and (held := histogram(shown.held)):
        drawn, limit = held, max(change.limit, held.limit)
    still = saved or shown.status.ended
    figure = clamp(
        drawn,
        _slider(look_back.settings(run, shown), drawn if still else None),
        live=may_act() and not still,
        mirror=st.session_state.get("symmetric", True),
        log_y=st.session_state.get("log_y", False),
        limit=limit,
        next="" if still else _next(run, shown),
        pinned=pinned,
        change=_to_play(run, change) if change and change.limit and change.left > 0 else None,
        update=None if saved else shown.update,
        note=NOT_PLAYED if not saved and shown.status is Status.PAUSED and _clamps_first(shown.config) else "",
    )
    title, key = f"Critic weights, {layer() or 'all layers'}", BEFORE.format("weights")
    clamps = figure["clamp"]["range"]
    if clamps:
        title, key = f"Critic weights around the clamp, {layer() or 'all layers'}", CLAMP_KEY
    with slots["clamp key"]:
        before_after = f"{BEFORE.format('before')}&emsp;{AFTER.format('after')}"
        panel("clamp_key", f"<div class='small'>{before_after if clamps else ''}</div>")
    with slots["clamp"]:
        caption = Caption(title, key, shown.step)
        components.clamp("clamp", figure, CLAMP_HEIGHT, caption, lambda wanted: steer.pull(run, wanted))


def _slider(config: TrainConfig, drawn: WeightHistogram | None) -> Slider:
    """What holds the critic by these settings, or the clamp around which these weights were drawn."""
    if drawn and drawn.clip_range:  # also where changes.csv can't be read
        return bounds(drawn.clip_range, LADDER)
    if config.constraint == "clip":
        return bounds(config.clip_range, LADDER)
    if config.constraint == "gradient-penalty":
        return Slider(("Penalty",), (config.penalty,), PENALTIES, "penalty: how strongly the slope is pulled to 1")
    return Slider(sentence=HELD_BY.get(config.constraint, ""))


def _clamps_first(config: TrainConfig) -> bool:
    return config.constraint == "clip" and config.clip_order == "before"


def _next(run: Run, shown: Snapshot) -> str:
    """What holds the critic from the next update on, if that is not what held it in the last one."""
    changes = (one for one in shown.changes[-len(HOLDING) :] if one.field in HOLDING)
    waits = holding(run.wanted) != holding(shown.config) or any(one.critic_step == shown.critic_step for one in changes)
    return constraint_in_words(run.wanted) if waits and shown.weights else ""


def _to_play(run: Run, change: RangeChange) -> Change:
    first = histogram(change.fold) if _is_new(run, change) else None
    # Under another scale the former range has another unit: it has no place on this axis.
    former = change.former if change.former.clip_scale == change.config.clip_scale else change.config
    return Change(change.critic_step, former.clip_range, change.left, first)


def _is_new(run: Run, change: RangeChange) -> bool:
    """Whether this session has seen the change for the first time, or only just."""
    this = (run.run_id, change.critic_step)
    seen, first_seen = st.session_state.get("fold_seen", (None, 0.0))
    if seen != this:
        first_seen = change.age
        st.session_state["fold_seen"] = (this, first_seen)
    return change.age - first_seen < SENT_FOR


def _samples(shown: Snapshot, change: RangeChange | None, pin: Moment | None, slots: Slots) -> None:
    """The newest samples, and beside them what the reader wants to compare with."""
    compare, points_only = st.session_state.get("compare"), shown.config.kind == "point"
    beside, name = (pin.samples, f"pinned, step {pin.step:,}") if pin else (None, "")
    if compare == "Before":
        beside, name = None, "nothing has changed yet"
        if change:
            beside, name = change.samples, f"{constraint_in_words(change.former)}, step {change.before:,}"
    elif compare == "Real" and not points_only:  # real points are always there
        beside = shown.real
        name = "" if beside is None else f"{min(len(beside), ROWS * COLUMNS // 2)} real"
    now = f"step {shown.step:,}" if look_back.looks_back() else "now"
    if shown.samples is None:
        caption = "<span>no samples</span>" if shown.status.ended else "<span>no samples yet</span>"
    elif points_only:
        real = 0 if shown.real is None else len(shown.real)
        fake = f"{len(shown.samples)} generated, {now}"
        caption = points_key(real, fake) + (f"<span>× {name}</span>" if name else "")
    else:
        many = min(ROWS * COLUMNS if beside is None else ROWS * COLUMNS // 2, len(shown.samples))
        caption = f"<span>{many} fixed latents, {now}</span><span>{name}</span>"
    place = "caption" if points_only or beside is None else "halves"
    with slots["caption"]:
        panel("caption", f"<div class='{place} muted small'>{caption}</div>")
    with slots["samples"]:
        if points_only:
            figure = once(shown, ("points", name), lambda: points(shown.real, shown.samples, pinned=beside))
            plot("points", figure, POINTS_HEIGHT, Caption("Samples", caption, shown.step))
        else:
            panel("sheet", once(shown, ("sheet", name), lambda: _sheet(shown, beside)))


def _sheet(shown: Snapshot, beside: np.ndarray | None) -> str:
    size, many, samples = shown.config.image_size, ROWS * COLUMNS, shown.samples
    if samples is None:
        return sheet(np.zeros((many, size, size, 1), np.uint8), COLUMNS, "no samples yet")
    generated = f"generated images at step {shown.step:,}"
    if beside is None:
        return sheet(samples[:many], COLUMNS, f"{many} {generated}")
    now, then = (_filled(pictures, many // 2) for pictures in (samples, beside))
    halves = sheet(now, COLUMNS // 2, f"{many // 2} {generated}"), sheet(then, COLUMNS // 2, "As many to compare")
    return f"<div class='halves'>{''.join(halves)}</div>"


def _filled(pictures: np.ndarray, many: int) -> np.ndarray:
    """So many pictures, black ones where there are fewer."""
    missing = max(0, many - len(pictures))
    return np.concatenate([pictures[:many], np.zeros((missing, *pictures.shape[1:]), pictures.dtype)])
