"""A run in Compare's table: its name, and what its tables say at their ends."""

import math
from contextlib import suppress
from typing import NamedTuple

import numpy as np

from ganlab.measure.reading import READINGS
from ganlab.runs.disk import contents, tables
from ganlab.runs.history import Change
from ganlab.runs.run import Run
from ganlab.runs.snapshot import Snapshot, Status
from ganlab.ui.kit import drawings
from ganlab.ui.kit.live import once

POINTS = 40  # of a sparkline
FINEST = 16  # pixels of a sample's side
SAMPLES, COLUMNS, DOTS = 8, 4, 64  # of a thumbnail: images, in so many columns; or points


class Row(NamedTuple):
    """A run in the table; one that can't be read has a `problem`, and nothing else."""

    run: Run
    summary: Snapshot | None = None  # of a run that trains, its record
    name: str = ""
    usual: str = ""  # the name that it has without one from its user
    problem: str = ""

    @classmethod
    def of(cls, run: Run) -> "Row":
        """The run as it is now."""
        try:
            summary = run.summary
            if not summary.status.ended:
                summary = run.record  # what another process shows of it is newer than what it has saved
            usual = once(summary, "usual name", lambda: run.usual_name)
        except ValueError as error:
            return cls(run, problem=str(error))
        return cls(run, summary, contents.name(run.path) or usual, usual)

    @property
    def trains(self) -> bool:
        """Whether it has begun and may still change, in this process or another one."""
        return self.summary is not None and not (self.summary.status.ended or self.summary.status is Status.WAITING)


class Facts(NamedTuple):
    """What the tables of a run say at their ends."""

    w1: float  # the newest one, as all of the instruments'
    real_to_real: float
    precision: float
    recall: float
    share: float  # of the weights at a bound, after the newest clamp
    sparkline: str  # of the estimate, as SVG
    changes: tuple[Change, ...]


NO_FACTS = Facts(math.nan, math.nan, math.nan, math.nan, math.nan, "", ())


def facts(row: Row) -> Facts:
    """What its tables say, read once; nothing if they can't be read."""
    summary = row.summary
    with suppress(ValueError):  # it may have been deleted since its summary was read
        if summary:
            return once(summary, "table facts", lambda: _facts(summary if row.trains else row.run.tables))
    return NO_FACTS


def _facts(known: Snapshot) -> Facts:
    share = float(known.history["at_bound_share"][-1]) if len(known.history) else math.nan
    looks = known.readings[np.isfinite(known.readings[:, READINGS.index("w1")])]

    def newest(column: str) -> float:
        return float(looks[-1, READINGS.index(column)]) if len(looks) else math.nan

    measured = newest("w1"), newest("real_to_real"), newest("precision"), newest("recall")
    return Facts(*measured, share, _sparkline(known.history["critic_estimate"]), known.changes)


def _sparkline(values: np.ndarray) -> str:
    """Values as a line the size of a word, linear near 0 and logarithmic further away."""
    values = values[np.isfinite(values)]
    if len(values) < 2:
        return ""
    k = -(-len(values) // POINTS)
    values = values[-(len(values) // k * k) :].reshape(-1, k).mean(axis=1)
    values = np.arcsinh(values / max(np.quantile(np.abs(values), 0.02), 1e-12))
    low, high = min(values.min(), 0.0), max(values.max(), 0.0)
    y = 26 - 24 * (values - low) / (high - low or 1)
    x = np.linspace(0, 100, len(y))
    path = "L".join(f"{a:.0f} {b:.0f}" for a, b in zip(x.tolist(), y.tolist(), strict=True))
    head = "<svg class='spark' viewBox='0 0 100 28' preserveAspectRatio='none' aria-hidden='true'>"
    return f"{head}<path d='M{path}'/></svg>"


def steps(row: Row) -> int:
    """How many steps a run has made; of one that another process trains, those in its table."""
    if row.summary and row.summary.status is Status.ELSEWHERE:
        return tables.newest_step(row.run.path)
    return row.summary.steps_made if row.summary else 0


def thumbnail(row: Row) -> str:
    """Its newest samples as a small picture, drawn once."""
    return once(row.summary, "thumbnail", lambda: _thumbnail(row)) if row.summary else ""


def _thumbnail(row: Row) -> str:
    samples = row.summary.samples if row.summary and row.trains else None
    if samples is None:
        samples = row.run.newest_samples
    if samples is None:
        return "<i class='thumb'></i>"
    if samples.ndim == 2:
        inside = samples[:DOTS][(np.abs(samples[:DOTS]) <= 2).all(axis=1)]
        path = "".join(f"M{33 + 16 * x:.0f} {33 - 16 * y:.0f}h0" for x, y in inside.tolist())
        return f"<svg class='thumb' viewBox='0 0 66 66' aria-hidden='true'><path d='{path}'/></svg>"
    every = max(1, samples.shape[1] // FINEST)
    uri = drawings.sheet_uri(samples[:SAMPLES, ::every, ::every], COLUMNS)
    return f"<img class='thumb' src='{uri}' alt=''>"
