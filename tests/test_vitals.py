import math

import numpy as np
import pytest

from ganlab.config import TrainConfig
from ganlab.measure.reading import READINGS, Reading, no_readings
from ganlab.runs.history import METRICS, Change, History
from ganlab.runs.range_change import RangeChange
from ganlab.runs.vitals import vitals


def history(shares: np.ndarray) -> History:
    rows = np.zeros((len(shares), len(METRICS)))
    rows[:, METRICS.index("step")] = np.arange(1, len(shares) + 1)
    rows[:, METRICS.index("clamped_share")] = rows[:, METRICS.index("critic_estimate")] = shares
    return History(rows, (), np.zeros((len(shares), 0, 2), np.int32))


def looks(**columns: list[float]) -> np.ndarray:
    table = np.full((len(columns["step"]), len(READINGS)), math.nan)
    for name, values in columns.items():
        table[:, READINGS.index(name)] = values
    return table


def change(before: int, step: int, reading_step: int | None) -> RangeChange:
    return RangeChange(
        former=TrainConfig(clip_range=(-0.1, 0.1)),
        config=TrainConfig(clip_range=(-0.01, 0.01)),
        before=before,
        step=step,
        critic_step=5 * step,
        reading=reading_step and Reading(step=reading_step),
        samples=np.zeros((1, 2), np.float32),
    )


def test_steps_are_the_median_of_25_on_each_side_of_the_change() -> None:
    shares = np.concatenate([np.linspace(0, 1, 40), [0.9, 0.8, 0.7]])
    moved, _, _, estimate, *_ = vitals(history(shares), looks(step=[1.0]), "classes", change(40, 40, None))
    assert moved.was == estimate.was == pytest.approx(np.median(shares[15:40]))
    assert estimate.now == pytest.approx(0.8)
    assert moved.now == pytest.approx(0.7)  # of the clamp that is drawn


def test_the_steps_between_grouped_changes_count_for_neither_side() -> None:
    shares = np.array([0.1, 0.1, 0.5, 0.5, 0.9])
    moved = vitals(history(shares), looks(step=[1.0]), "classes", change(2, 4, None))[0]
    assert (moved.was, moved.now) == (pytest.approx(0.1), pytest.approx(0.9))


def test_a_look_compares_only_if_it_was_taken_for_the_change() -> None:
    table = looks(step=[5, 30, 47], largest_gradient=[3.0, 2.0, 0.5], w1=[4.0, 3.0, 3.0], real_to_real=[2.0, 2.0, 2.0])
    with_one, without = (vitals(history(np.zeros(50)), table, "classes", change(41, 41, at)) for at in (30, None))
    assert [(v.was, v.now) for v in (with_one[2], with_one[4])] == [(2.0, 0.5), (1.5, 1.5)]
    assert math.isnan(without[2].was)
    assert without[2].now == 0.5


def test_a_number_from_before_the_change_is_never_shown_as_now() -> None:
    table = looks(step=[5, 41], largest_gradient=[3.0, 2.0])
    slope = vitals(history(np.zeros(43)), table, "classes", change(41, 41, 41))[2]
    assert slope.was == 2.0
    assert math.isnan(slope.now)


def test_also_without_a_comparison_only_the_range_in_force_counts() -> None:
    rows = history(np.array([*[0.5] * 40, 0.9, 0.8, 0.7])).rows
    rows[40:, METRICS.index("clip_high")] = 0.01
    table = looks(step=[25, 41], largest_gradient=[3.0, 2.0], lipschitz_product=[9.0, 8.0])
    earlier, now = (
        vitals(History(rows[:n], (), np.zeros((n, 0, 2), np.int32)), table[: n // 20], "classes") for n in (39, 43)
    )
    assert [v.now for v in (earlier[2], earlier[3])] == [3.0, 0.5]
    assert earlier[2].note.endswith("allow 9")
    assert now[3].now == pytest.approx(0.8)
    assert (now[2].now, now[2].note.endswith("allow 8")) == (2.0, True)
    assert math.isnan(vitals(History(rows, (), np.zeros((43, 0, 2), np.int32)), table[:1], "classes")[2].now)


def test_an_old_look_of_a_young_run_says_its_step() -> None:
    table = looks(step=[5.0], largest_gradient=[3.0], w1=[0.3], real_to_real=[0.1])
    fresh, old = (vitals(history(np.zeros(n)), table, "classes") for n in (10, 11))
    assert "at step 5" not in [vital.note for vital in fresh]
    assert [vital.note for vital in old].count("at step 5") == 2


def test_modes_are_counted_where_there_are_any_else_the_spread() -> None:
    modes = looks(step=[5.0], modes=[8.0], modes_missing=[3.0], modes_covered=[6.0], spread=[0.7])
    classes = looks(step=[5.0], modes=[10.0], modes_missing=[3.0], spread=[0.7])
    spread = looks(step=[5.0], spread=[0.7])
    of_modes, of_spread = (
        vitals(history(np.zeros(9)), table, counted)[5] for table, counted in ((modes, "modes"), (spread, ""))
    )
    assert (of_modes.name, of_modes.now, of_modes.note) == ("Modes found", 6.0, "of 8")  # as the card Modes counts
    assert vitals(history(np.zeros(9)), classes, "classes")[5].now == 7.0
    assert (of_spread.name, of_spread.now) == ("Spread", 0.7)
    unmeasured = vitals(history(np.zeros(0)), modes[:0], "modes")
    assert [(vital.name, vital.note) for vital in (unmeasured[0], unmeasured[5])] == [
        ("Moved by this clamp", ""),
        ("Modes found", ""),
    ]


def test_the_distance_stands_beside_the_band_of_a_perfect_sampler_where_it_is_known() -> None:
    old = looks(step=[5.0], w1=[0.3], real_to_real=[0.1])
    new = looks(step=[5.0], w1=[0.3], real_to_real=[0.1], real_to_real_low=[0.08], real_to_real_high=[0.131])
    notes = [vitals(history(np.zeros(9)), table, "modes")[4].note for table in (old, new)]
    assert notes == ["real samples: 1×", "perfect: 0.8–1.3×"]


def test_without_a_clamp_slopes_stand_in_place_of_shares() -> None:
    rows = history(np.zeros(50)).rows
    rows[:, METRICS.index("clamped_share")] = rows[:, METRICS.index("at_bound_share")] = math.nan
    table = looks(step=[5.0, 45.0], largest_gradient_real=[3.0, 2.0], largest_gradient_between=[5.0, 1.0])
    free = History(rows, (), np.zeros((50, 0, 2), np.int32))
    first, second, *_ = vitals(free, table, "modes")
    assert (first.now, second.now) == (2.0, 1.0)
    changed = [Change(235, 47, "penalty", 0.1), Change(240, 48, "critic_lr", 0.1), Change(250, 50, "penalty", 1.0)]
    assert free.held_since(changed) == 47  # no update has used the last one yet
    assert math.isnan(vitals(free, table, "modes", changes=changed)[0].now)


def test_before_the_first_step_the_constraint_tells_what_will_stand_there() -> None:
    for clamps, names in (
        (True, ("Moved by this clamp", "On a bound")),
        (False, ("Slope at real samples", "Slope in between")),
    ):
        numbers = vitals(history(np.empty(0)), no_readings(), "modes", clamps=clamps)
        assert tuple(one.name for one in numbers[:2]) == names


def test_looks_whose_steps_were_lost_are_shown() -> None:
    """As in a run whose metrics.csv can't be read."""
    table = looks(step=[5.0, 10.0], largest_gradient=[2.0, 3.0])
    assert vitals(history(np.zeros(0)), table, "classes")[2].now == 3
