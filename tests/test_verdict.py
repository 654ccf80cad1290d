"""The sentence under the six numbers: what comes first, and what it never says."""

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

from ganlab.config import TrainConfig
from ganlab.measure.distances import Distances, Perfect
from ganlab.measure.reading import Reading
from ganlab.runs.advice import Advice
from ganlab.runs.diagnosis import Finding
from ganlab.runs.history import METRICS, History
from ganlab.runs.range_change import RangeChange
from ganlab.runs.verdict import NOT_AGAIN, Verdict, verdict
from ganlab.runs.vitals import Vital

CHANGE = RangeChange(
    former=TrainConfig(clip_range=(-0.01, 0.01)),
    config=TrainConfig(clip_range=(-0.001, 0.001)),
    before=100,
    step=100,
    critic_step=500,
    reading=Reading(step=100),
    samples=np.zeros((1, 2), np.float32),
)
SICK = Finding(2, "Something is wrong.", Advice("Do this."))
DEAD = Finding(3, "The critic is dead.", Advice("Start again."), dead=True)


def said(
    *findings: Finding,
    slope: tuple[float, float] = (math.nan, math.nan),
    estimate: tuple[float, float] = (1.0, 1.0),
    change: RangeChange | None = CHANGE,
    comparing: bool = True,
    measuring: bool = False,
    steps: int = 200,
    looked_at: int = 200,
    distances: Distances | None = None,
    known: bool = True,
    again: bool = True,
) -> Verdict:
    rows = np.zeros((steps, len(METRICS)))
    rows[:, METRICS.index("step")] = np.arange(1, steps + 1)
    rows[:100, METRICS.index("clip_high")] = 1.0  # until the change after step 100
    history = History(rows, (), np.zeros((steps, 0, 2), np.int32))
    nothing = np.empty(0)
    numbers = [Vital("", "size", now, was, "", nothing, nothing) for was, now in ((0, 0), (0, 0), slope, estimate)]
    reading = Reading(step=min(looked_at, steps), distances=distances) if again else None
    return verdict(reading, list(findings), history, change, numbers, comparing, measuring, known, history.range_since)


def test_a_dead_critic_comes_before_what_the_change_did() -> None:
    assert said(DEAD, slope=(1.0, 0.0)).sentence == DEAD.sentence


def test_a_flat_critic_says_by_how_much_and_the_way_back() -> None:
    verdict = said(SICK, slope=(0.0267, 2.0e-6))
    assert (
        verdict.sentence
        == "The critic went flat: 10× tighter made its slope, all the generator learns from, 13,000× smaller."
    )
    assert (verdict.severity, verdict.advice) == (2, Advice("Go back to ±0.01.", clip_range=(-0.01, 0.01)))


@pytest.mark.parametrize("values", [{"constraint": "none"}, {"clip_order": "before", "clip_range": (-0.001, 0.001)}])
def test_a_smaller_slope_is_no_collapse_where_more_than_the_range_changed(values: dict[str, Any]) -> None:
    """With a penalty, measured on 8 Gaussians, a slope 5 times smaller came with a smaller distance."""
    other = dataclasses.replace(CHANGE, config=dataclasses.replace(CHANGE.former, **values))
    assert said(SICK, slope=(0.0267, 2.0e-6), estimate=(1.0, 0.01), change=other).sentence == SICK.sentence


def test_a_slope_of_nothing_has_no_ratio() -> None:
    assert said(slope=(0.0267, 0.0)).sentence.endswith("made its slope, all the generator learns from, zero.")


def test_a_flat_critic_is_told_until_all_rules_apply() -> None:
    slope = 0.0267, 2.0e-6
    for steps in (120, 149):
        assert said(slope=slope, comparing=False, steps=steps, looked_at=110).severity == 2
    assert said(slope=slope, comparing=False, steps=150, looked_at=149).severity < 2
    assert said(SICK, slope=slope, comparing=False, steps=120, looked_at=110).sentence == SICK.sentence
    assert said(slope=(0.0267, 0.03), comparing=False, steps=120, looked_at=110).severity < 2


def test_a_steeper_critic_is_told_with_its_estimate() -> None:
    wider = dataclasses.replace(CHANGE, config=TrainConfig(clip_range=(-0.1, 0.1)))
    sentence = "The critic got 30× steeper: 10× wider, and its estimate 25× larger."
    assert said(slope=(1.0, 30.0), estimate=(0.1, 2.5), change=wider) == Verdict(1, sentence)
    verdict = said(SICK, slope=(1.0, 30.0), estimate=(0.1, 2.5), change=wider)
    assert verdict == Verdict(2, sentence, Advice("Go back to ±0.01.", clip_range=(-0.01, 0.01)))


@pytest.mark.parametrize(("w1", "high", "severity"), [(0.2, 0.25, 0), (0.75, 0.25, 1), (0.75, math.nan, 0)])
def test_a_result_beyond_the_band_of_a_perfect_sampler_is_not_green(w1: float, high: float, severity: int) -> None:
    distances = Distances(w1, False, Perfect(0.2, 0.15, high), *[math.nan] * 5)
    verdict = said(change=None, distances=distances)
    assert verdict.severity == severity
    assert verdict.sentence.endswith("the distance is 3.75×, a perfect sampler's at most 1.2×.") == bool(severity)


def test_an_estimate_that_fell_to_nothing_is_told_where_the_slope_stayed() -> None:
    verdict = said(slope=(1.0, 0.9), estimate=(1.1, 0.0))
    assert verdict.sentence.startswith("The critic can barely tell real from generated: ")
    assert verdict.sentence.endswith("made its estimate fall from 1.1 to 0.")
    assert verdict.severity == 2
    assert said(slope=(1.0, 0.9), estimate=(-1.0, -2.0)).severity == 0


def test_an_unchanged_slope_never_hides_a_finding() -> None:
    for slope in ((1.0, 1.1), (math.nan, 1.0), (0.0, 1.0)):
        assert said(SICK, slope=slope) == Verdict(2, SICK.sentence, SICK.advice)


def test_what_is_being_measured_is_not_judged() -> None:
    verdict = said(SICK, measuring=True, looked_at=100)
    assert verdict == Verdict(1, "Changed from ±0.01: measuring what that did.")


def test_a_finding_from_before_the_change_is_not_told_after_it() -> None:
    for change in (CHANGE, None):
        verdict = said(SICK, change=change, looked_at=100)
        assert verdict == Verdict(1, "Not measured since the constraint last changed.")


def test_without_findings_there_are_no_problems_once_there_are_enough_steps() -> None:
    assert said(change=None) == Verdict(0, "No problems found.")
    early = "No problems so far; some rules wait for a look from step 150 on."
    assert said(change=None, looked_at=149) == Verdict(1, early)
    assert said(change=None, steps=20) == Verdict(1, "Too early to judge.")


def test_of_a_critic_that_is_not_known_nothing_good_is_said() -> None:
    assert said(change=None, known=False).severity == 1
    for high, end in (
        (0.25, "is 3.75×, a perfect sampler's at most 1.2×."),
        (math.nan, "3.75× that of real samples."),
    ):
        distances = Distances(0.75, False, Perfect(0.2, 0.15, high), *[math.nan] * 5)
        assert said(change=None, known=False, distances=distances).sentence.endswith(end)
    equal = Distances(0.75, False, Perfect(math.nan, math.nan, math.nan), *[math.nan] * 5)
    assert said(change=None, known=False, distances=equal).sentence == said(change=None, known=False).sentence
    assert said(SICK, change=None, known=False).sentence == SICK.sentence
    assert said(change=None).severity == 0


def test_numbers_of_a_look_that_can_not_be_made_again_are_not_called_unmeasured() -> None:
    assert said(change=None, again=False).sentence == "Nothing is measured."
    assert said(change=None, slope=(math.nan, 0.2), again=False) == Verdict(1, NOT_AGAIN)
