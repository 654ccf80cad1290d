"""How far a sweep is, and how long the rest of it takes."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import joblib

from ganlab.config import TrainConfig
from ganlab.runs.disk import tables
from ganlab.runs.ranges import cost, span
from ganlab.runs.run import Run
from ganlab.runs.snapshot import Status
from ganlab.runs.sweep import OVER


class Progress(NamedTuple):
    """How far the runs of a sweep are."""

    runs: int
    over: int  # of the runs
    training: list[tuple[Run, int]]  # those that train, each with its newest step
    share: float  # of all that is to be computed
    seconds_left: float  # on this computer; NaN until the pace of a run is known


def progress(runs: Sequence[tuple[Run, TrainConfig]]) -> Progress:
    """How far these runs are, by the last lines of their tables."""
    over, training = 0, list[tuple[Run, int]]()
    done, left, paces = 0.0, list[float](), list[float]()  # in units of `cost`; and seconds per unit
    for run, config in runs:
        status, row = status_of(run), tables.newest_row(run.path)
        step = min(int(row.get("step", 0)), config.steps)
        made = cost(config) * step / config.steps
        if made and row.get("seconds", 0) > 0:
            paces.append(row["seconds"] / made)
        if status in OVER:
            over, made = over + 1, cost(config)
        elif status is not Status.WAITING and not status.ended:
            training.append((run, step))
        done += made
        left.append(cost(config) - made)
    pace = sum(paces) / len(paces) if paces else math.nan
    seconds = pace * span(sorted(left, reverse=True), joblib.cpu_count())
    return Progress(len(runs), over, training, done / (done + sum(left)), seconds)


def status_of(run: Run) -> Status:
    """The status of a run; FAILED if its settings can't be read."""
    try:
        return run.summary.status
    except ValueError:
        return Status.FAILED
