"""When the instruments may look, on a clock that only the test moves."""

import random
from collections.abc import Callable

import pytest

from ganlab.runs.look_budget import EARLY, EARLY_SHARE, FIRST, SHARE, LookBudget


class Clock:
    """CPU time that passes only when a test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def watched(steps: int, step: float, cost: Callable[[int], float]) -> tuple[LookBudget, list[int], list[float]]:
    """Steps of `step` seconds, with look i costing cost(i).

    Returns the steps of the looks, and after every step what looks have taken, as a share of what they may take.
    """
    clock = Clock()
    start, budget, looks, shares = clock.now, LookBudget(clock), [], []
    for n in range(1, steps + 1):
        clock.now += step
        if budget.is_due():
            with budget.looking():
                clock.now += cost(len(looks))
            looks.append(n)
        elapsed = clock.now - start
        shares.append(budget.share * elapsed / (SHARE * elapsed + (EARLY_SHARE - SHARE) * min(elapsed, EARLY)))
    return budget, looks, shares


@pytest.mark.parametrize(("step", "cost"), [(0.1, 0.25), (0.016, 0.13), (0.01, 0.9), (2.0, 0.3), (1e-4, 1e-3)])
def test_the_first_look_is_early_and_the_second_waits_until_the_share_is_kept(step: float, cost: float) -> None:
    _, looks, shares = watched(int(60 * max(1, cost) / step), step, lambda _: cost)
    assert looks[0] == FIRST
    kept = next(n for n, share in enumerate(shares, 1) if n > FIRST and share <= 1)
    assert looks[1] >= kept
    assert max(shares[kept - 1 :]) <= 1
    assert len(looks) > 1


def test_looks_are_close_together_while_a_run_begins() -> None:
    _, looks, _ = watched(4000, 0.025, lambda _: 0.4)
    assert looks[1] < 120  # 3 seconds, of which it takes a quarter
    assert looks[2] < 240
    assert looks[-1] - looks[-2] > 300  # 8 seconds


def test_the_share_comes_near_its_limit() -> None:
    _, looks, shares = watched(3000, 0.1, lambda _: 0.25)
    assert 0.8 < shares[-1] <= 1
    gaps = [b - a for a, b in zip(looks[4:], looks[5:], strict=False)]
    assert max(gaps) - min(gaps) <= 1


@pytest.mark.parametrize("seed", range(5))
def test_looks_of_varying_cost_keep_the_share_in_the_long_run(seed: int) -> None:
    draw = random.Random(seed)
    _, looks, shares = watched(3000, 0.1, lambda _: draw.uniform(0.1, 0.5))
    assert max(shares[200:]) <= 1
    assert len(looks) > 20


def test_after_one_expensive_look_the_next_waits() -> None:
    _, looks, shares = watched(6000, 0.1, lambda i: 5.0 if i == 8 else 0.2)
    expensive = looks[8]
    assert shares[expensive - 1] > 1
    assert all(share <= 1 for share in shares[looks[9] - 1 :])
    assert len(looks) > 12
    gaps = [b - a for a, b in zip(looks, looks[1:], strict=False)]
    assert gaps[-1] < 60  # forgotten: looks are as frequent as before


def test_a_time_without_looks_is_not_followed_by_a_burst_of_them() -> None:
    clock = Clock()
    budget = LookBudget(clock)
    clock.now += 1000
    looks = []
    for n in range(200):
        clock.now += 0.1
        if budget.is_due():
            with budget.looking():
                clock.now += 0.2
            looks.append(n)
    assert len(looks) == 5
    assert min(b - a for a, b in zip(looks, looks[1:], strict=False)) > 40


def test_an_extra_look_must_fit_the_share_and_never_is_the_first() -> None:
    clock = Clock()
    budget = LookBudget(clock)
    clock.now += 100
    assert not budget.affords_one()
    with budget.looking():
        clock.now += 3
    clock.now -= 22
    assert not budget.affords_one()  # 6 of 84, which allow 5.2
    clock.now += 17
    assert budget.affords_one()  # 6 of 101
    assert not budget.is_due()


def test_a_quick_look_that_the_user_asked_for_may_exceed_the_share_for_a_while() -> None:
    clock = Clock()
    budget = LookBudget(clock)
    clock.now += 1
    assert not budget.affords_one(for_user=True)
    with budget.looking():
        clock.now += 3
    assert not budget.affords_one(for_user=True)
    budget.expect(0.4)  # the rest is measured once
    for _ in range(4):
        assert budget.affords_one(for_user=True)
        with budget.looking():
            clock.now += 0.4
    assert budget.affords_one(for_user=True)
    assert not budget.affords_one()  # 2 of 5.6, with the next 2.4 of 6
    clock.now += 20  # which allow 2.15
    assert not any(budget.is_due() for _ in range(FIRST))
    clock.now += 6
    assert budget.is_due()
    assert budget.share == pytest.approx(4.6 / 31.6)


def test_a_failed_look_counts() -> None:
    clock = Clock()
    budget = LookBudget(clock)
    clock.now += 1

    def fail() -> None:
        with budget.looking():
            clock.now += 1
            raise ValueError("out of luck")

    with pytest.raises(ValueError, match="out of luck"):
        fail()
    assert budget.share == 0.5


def test_without_looks_the_share_is_zero() -> None:
    assert LookBudget(Clock()).share == 0
