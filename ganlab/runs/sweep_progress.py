"""How far a sweep is, and how long the rest of it takes."""

from collections.abc import Callable, Iterable, Sequence
from statistics import mean
from typing import NamedTuple

import joblib

from ganlab.config import TrainConfig
from ganlab.runs import pace
from ganlab.runs.disk import tables
from ganlab.runs.run import Run
from ganlab.runs.snapshot import Status
from ganlab.runs.sweep import OVER
from ganlab.runs.swept_run import SweptRun

LIKE_OTHERS = (0.9, 1.3)  # of the seconds that runs like it took here: a run takes at least and at most so much
BY_UPDATES = (1.1, 2.2)  # of what a few updates say: a run also looks and saves, and others train beside it
BEGIN = (1.0, 5.0)  # seconds until a run trains, and after it
ENOUGH = 0.1  # of its steps, after which a run tells how long it takes: its first looks take longest
START = (3.0, 20.0)  # seconds until the first run begins


class Progress(NamedTuple):
    """How far the runs of a sweep are."""

    runs: int
    over: int  # of the runs
    failed: int  # of those that are over
    training: list[tuple[SweptRun, int]]  # those that train, each with its newest step
    share: float  # of all that is to be computed
    left: tuple[float, float] | None  # seconds on this computer, at least and at most; None until that is known


def progress(runs: Sequence[SweptRun], seconds_of: Callable[[TrainConfig], float | None] = lambda _: None) -> Progress:
    """How far these runs are, by the last lines of their tables.

    `seconds_of` says by a few updates how long a run takes; it is asked where no run like that has trained here.
    """
    over = failed = 0
    training, made = list[tuple[SweptRun, int]](), list[float]()
    paces: dict[object, list[float]] = {}  # seconds per update, of runs that are alike
    for run in runs:
        config, status, row = run.planned, status_of(run), tables.newest_row(run.path)
        step = min(int(row.get("step", 0)), config.steps)
        if step >= ENOUGH * config.steps and row.get("seconds", 0) > 0:
            updates = pace.critic_updates(config) * step / config.steps
            paces.setdefault(pace.key(config), []).append(row["seconds"] / updates)
        if status in OVER:
            over, step = over + 1, config.steps
            failed += status is Status.FAILED
        elif status is not Status.WAITING and not status.ended:
            training.append((run, step))
        made.append(step / config.steps)
    known = {key: mean(each) for key, each in paces.items()}  # once: there may be ten thousand runs of the same key
    whole = [_seconds(run.planned, known, seconds_of) for run in runs]
    sizes = [most for _, most in filter(None, whole)] if all(whole) else [float(run.planned.steps) for run in runs]
    share = sum(size * part for size, part in zip(sizes, made, strict=True)) / sum(sizes)
    left = _left(whole, made)
    if left and left[1] and not training:
        left = left[0] + START[0], left[1] + START[1]
    return Progress(len(runs), over, failed, training, share, left)


def _seconds(
    config: TrainConfig, paces: dict[object, float], seconds_of: Callable[[TrainConfig], float | None]
) -> tuple[float, float] | None:
    """How long a whole run takes, at least and at most; None if that is not known."""
    known, factors = paces.get(pace.key(config)), LIKE_OTHERS
    seconds = known * pace.critic_updates(config) if known else None
    if seconds is None:
        seconds, factors = seconds_of(config), BY_UPDATES
    return (factors[0] * seconds, factors[1] * seconds) if seconds else None


def _left(whole: Sequence[tuple[float, float] | None], made: Sequence[float]) -> tuple[float, float] | None:
    """How long all that is not made takes together, at least and at most."""
    if not all(seconds for seconds, part in zip(whole, made, strict=True) if part < 1):
        return None
    rest = [(seconds, 1 - part) for seconds, part in zip(whole, made, strict=True) if seconds and part < 1]
    least, most = (span([part * seconds[i] + BEGIN[i] for seconds, part in rest], joblib.cpu_count()) for i in (0, 1))
    return least, most


def span(durations: Iterable[float], cores: int) -> float:
    """How long runs of these durations take together, if each begins as soon as a core is free."""
    ends = [0.0] * cores
    for each in durations:
        ends[ends.index(min(ends))] += each
    return max(ends)


def status_of(run: Run) -> Status:
    """The status of a run; FAILED if its settings can't be read."""
    try:
        return run.summary.status
    except ValueError:
        return Status.FAILED
