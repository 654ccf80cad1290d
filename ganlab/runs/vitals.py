"""The six numbers of a run's first screen: as they are now, and as they were before a change. Pure."""

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from ganlab.formatting import short
from ganlab.measure.reading import READINGS
from ganlab.runs.history import Change, History
from ganlab.runs.range_change import RangeChange

RECENT = 25  # steps whose median stands for a number that every step has: a single one is noise
SHOWN = 400  # steps in a sparkline


class Vital(NamedTuple):
    """One number, with its line over the steps. NaN: not measured."""

    name: str
    how: Literal["share", "size", "times", "count"]
    now: float
    was: float
    note: str
    steps: np.ndarray
    values: np.ndarray


def vitals(
    history: History,
    readings: np.ndarray,
    counted: str,
    change: RangeChange | None = None,
    changes: Sequence[Change] = (),
    clamps: bool = True,
) -> list[Vital]:
    """Moved, on a bound, slope, estimate, distance, coverage, from a history and its looks, float64 [looks, READINGS].

    Where nothing is clamped, which before the first step `clamps` tells, the first two are slopes too. `counted` is
    what samples are counted by, as in `config.DATASETS`.
    `now` is of the critic as it is held: of shares the newest, else the median of up to 25 steps; or the newest look.
    With `change`, the newest of `changes`, `was` is what came just before it, the look if it was taken for the
    comparison.
    """
    looks = {column: readings[:, i] for i, column in enumerate(READINGS)}
    since = change.step if change else history.held_since(changes)
    weights = f"of {history.covered:,} weights" if len(history) else ""

    def of_steps(name: str, column: str, how: Literal["share", "size"], note: str) -> Vital:
        steps, values = history["step"], history[column]
        after = values[np.searchsorted(steps, since, side="right") :]
        before = values[: np.searchsorted(steps, change.before, side="right")] if change else values[:0]
        now = _last(after) if how == "share" else _median(after)  # shares are those of the clamp that is drawn
        steps, values = steps[-SHOWN:], values[-SHOWN:]
        measured = np.isfinite(values)
        return Vital(name, how, now, _median(before), note, steps[measured], values[measured])

    def of_looks(name: str, values: np.ndarray, how: Literal["size", "times", "count"], note: str) -> Vital:
        measured = np.isfinite(values)
        steps, values = looks["step"][measured], values[measured]
        after = values[steps > since]
        before = values[steps == change.reading.step] if change and change.reading else values[:0]
        # A run changes most while it is young: what was true at step 5 is not at step 100.
        if len(after) and len(history) and 2 * steps[-1] < history["step"][-1]:
            note = f"at step {steps[-1]:,.0f}"
        return Vital(name, how, _last(after), _last(before), note, steps, values)

    newest = {column: _last(values[np.isfinite(values)]) for column, values in looks.items()}
    total, norms = newest["modes"], _last(looks["lipschitz_product"][looks["step"] > since])
    allowed = f"its weights allow {short(norms)}" if not math.isnan(norms) else "at the samples"
    low, high = (newest[f"real_to_real_{end}"] / newest["real_to_real"] for end in ("low", "high"))
    perfect = "real samples: 1×" if math.isnan(low) else f"perfect: {low:.1f}–{high:.1f}×"
    if not counted:
        coverage = of_looks("Spread", looks["spread"], "times", "of the real samples’")
    else:
        of_all = "" if math.isnan(total) else f"of {total:.0f}"
        coverage = of_looks(f"{counted.capitalize()} found", modes_found(readings), "count", of_all)
    first = [
        of_steps("Moved by this clamp", "clamped_share", "share", weights),
        of_steps("On a bound", "at_bound_share", "share", ""),
    ]
    if math.isnan(history["clamped_share"][-1]) if len(history) else not clamps:
        first = [
            of_looks("Slope at real samples", looks["largest_gradient_real"], "size", "the steepest of 128"),
            of_looks("Slope in between", looks["largest_gradient_between"], "size", "of real and generated"),
        ]
    return [
        *first,
        of_looks("Steepest slope", looks["largest_gradient"], "size", allowed),
        of_steps("Critic's estimate", "critic_estimate", "size", "real minus generated"),
        of_looks("Distance", looks["w1"] / looks["real_to_real"], "times", perfect),
        coverage,
    ]


def modes_found(readings: np.ndarray) -> np.ndarray:
    """Modes with a sample within 3 sd (Lin et al. 2018), classes with a quarter of those expected: float64 [looks]."""
    columns = (READINGS.index(name) for name in ("modes_covered", "modes", "modes_missing"))
    covered, of_all, missing = (readings[:, column] for column in columns)
    return np.where(np.isfinite(covered), covered, of_all - missing)


def _median(values: np.ndarray) -> float:
    recent = values[-RECENT:]
    recent = recent[np.isfinite(recent)]
    return float(np.median(recent)) if len(recent) else math.nan


def _last(values: np.ndarray) -> float:
    return float(values[-1]) if len(values) else math.nan
