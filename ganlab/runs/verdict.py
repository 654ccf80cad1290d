"""The one sentence about a run, with the one thing to try. Pure."""

import math
from typing import NamedTuple

from ganlab.formatting import short, times, width_in_words
from ganlab.gan.holding import constraint_in_words
from ganlab.measure.distances import Distances
from ganlab.measure.reading import Reading
from ganlab.runs.advice import WINDOW, Advice, back
from ganlab.runs.diagnosis import YOUNG, Finding
from ganlab.runs.history import History
from ganlab.runs.range_change import RangeChange
from ganlab.runs.vitals import Vital

FLAT = STEEP = 3.0  # fold: a slope that changed by less is called unchanged
BLIND = 10.0  # fold: without negative weights at most 0.03 of the estimate was left, on five seeds of two presets

NOT_AGAIN = "Not judged: these numbers are from the last look, which can't be repeated here."
UNKNOWN = "Not judged: most rules are about clipped critics with the paper's objective"


class Verdict(NamedTuple):
    """`severity` is as in a Finding, 0 for no problem."""

    severity: int
    sentence: str
    advice: Advice | None = None


def verdict(
    reading: Reading | None,
    findings: list[Finding],
    history: History,
    change: RangeChange | None,
    vitals: list[Vital],
    comparing: bool,
    measuring: bool,
    known: bool,
    since: int,
) -> Verdict:
    """A dead critic first, then what the newest change did, then the most serious finding, then that there is none.

    `findings` are those of the reading, `change` is the one that `vitals` compare, if any, `comparing` whether it is so
    recent that it comes first, `measuring` whether what it did is about to be measured, `known` whether the
    diagnosis knows this kind of critic, and `since` after which step it has been held as it is.
    """
    if findings and findings[0].dead:
        return _of(findings[0])
    stale = reading and len(history) and reading.step <= since
    of_range = change if change and change.of_range else None
    if change and comparing:
        if stale and measuring:
            return Verdict(1, f"Changed from {constraint_in_words(change.former)}: measuring what that did.")
        if of_range and (told := _collapse(of_range, vitals) or _steeper(of_range, vitals, bool(findings))):
            return told
    if stale:
        return Verdict(1, "Not measured since the constraint last changed.")
    if findings:
        return _of(findings[0])
    # Before all rules apply, no finding does not mean that a critic that went flat has recovered.
    if of_range and len(history) < max(YOUNG, of_range.step + WINDOW) and (told := _collapse(of_range, vitals)):
        return told
    if not known and reading:
        distance = reading.distances
        return Verdict(1, f"{UNKNOWN}; {_far(distance)}." if distance and distance.perfect.mean > 0 else f"{UNKNOWN}.")
    if len(history) < WINDOW:
        return Verdict(1, "Too early to judge.")
    if not reading:
        of_looks = [vitals[2], *vitals[4:]]
        return Verdict(1, NOT_AGAIN if any(not math.isnan(one.now) for one in of_looks) else "Nothing is measured.")
    if reading.step < YOUNG:
        return Verdict(1, f"No problems so far; some rules wait for a look from step {YOUNG} on.")
    if (distance := reading.distances) and distance.w1 > distance.perfect.high:
        return Verdict(1, f"No problems found; {_far(distance)}.")
    return Verdict(0, "No problems found.")


def _far(distance: Distances) -> str:
    here, perfect = (value / distance.perfect.mean for value in (distance.w1, distance.perfect.high))
    known = f", a perfect sampler's at most {perfect:.1f}×" if math.isfinite(perfect) else " that of real samples"
    return f"the distance is {here:.2f}×{known}"


def _collapse(change: RangeChange, vitals: list[Vital]) -> Verdict | None:
    """That the change left the critic without a slope or without an estimate, and the way back."""
    slope, estimate = vitals[2:4]
    width = width_in_words(change.config.clip_range, change.former.clip_range)
    if slope.now < slope.was / FLAT:
        smaller = f"{times(slope.was / slope.now)} smaller" if slope.now else "zero"
        sentence = f"The critic went flat: {width} made its slope, all the generator learns from, {smaller}."
        return Verdict(2, sentence, back(change.former.clip_range))
    if estimate.was > 0 and estimate.now < estimate.was / BLIND:
        fall = f"{width} made its estimate fall from {short(estimate.was)} to {short(estimate.now)}"
        return Verdict(2, f"The critic can barely tell real from generated: {fall}.", back(change.former.clip_range))
    return None


def _steeper(change: RangeChange, vitals: list[Vital], is_sick: bool) -> Verdict | None:
    slope, estimate = vitals[2:4]
    if not slope.now > STEEP * slope.was > 0:
        return None
    width = width_in_words(change.config.clip_range, change.former.clip_range)
    sentence = f"The critic got {times(slope.now / slope.was)} steeper: {width}."
    if estimate.was > 0 and estimate.now > estimate.was:
        sentence = f"{sentence[:-1]}, and its estimate {times(estimate.now / estimate.was)} larger."
    return Verdict(2, sentence, back(change.former.clip_range)) if is_sick else Verdict(1, sentence)


def _of(finding: Finding) -> Verdict:
    return Verdict(finding.severity, finding.sentence, finding.advice)
