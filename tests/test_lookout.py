"""TODO."""

import random
from collections.abc import Callable

import pytest

from ganlab.runs.look_budget import FIRST, SHARE, LookBudget


class Clock:
    """CPU time that passes only when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def watched(steps: int, step: float, cost: Callable[[int], float]) -> tuple[LookBudget, list[int], list[float]]:
    """A run of steps of `step` seconds, look number i costing cost(i): at which steps it looked, all shares after."""
    clock = Clock()
    lookout, looks, shares = LookBudget(clock), [], []
    for n in range(1, steps + 1):
        clock.now += step
        if lookout.is_due():
            with lookout.looking():
                clock.now += cost(len(looks))
            looks.append(n)
        shares.append(lookout.share)
    return lookout, looks, shares


@pytest.mark.parametrize(("step", "cost"), [(0.1, 0.25), (0.016, 0.13), (0.01, 0.9), (2.0, 0.3), (1e-4, 1e-3)])
def test_the_first_look_is_early_and_its_debt_is_paid_before_the_second(step: float, cost: float) -> None:
    _, looks, shares = watched(int(60 * max(1, cost) / step), step, lambda _: cost)
    assert looks[0] == FIRST
    paid = next(n for n, share in enumerate(shares, 1) if n > FIRST and share <= SHARE)
    assert looks[1] >= paid
    assert max(shares[paid - 1 :]) <= SHARE
    assert len(looks) > 1


def test_the_share_comes_near_what_is_allowed() -> None:
    _, looks, shares = watched(3000, 0.1, lambda _: 0.25)
    assert 0.04 < shares[-1] <= SHARE
    gaps = [b - a for a, b in zip(looks[1:], looks[2:], strict=False)]
    assert max(gaps) - min(gaps) <= 1


@pytest.mark.parametrize("seed", range(5))
def test_costs_that_vary_keep_to_the_share_in_the_long_run(seed: int) -> None:
    draw = random.Random(seed)
    _, looks, shares = watched(3000, 0.1, lambda _: draw.uniform(0.1, 0.5))
    assert max(shares[200:]) <= SHARE
    assert len(looks) > 20


def test_one_dear_look_is_paid_back() -> None:
    _, looks, shares = watched(6000, 0.1, lambda i: 5.0 if i == 8 else 0.2)
    dear = looks[8]
    assert shares[dear - 1] > SHARE
    assert all(share <= SHARE for share in shares[looks[9] - 1 :])
    assert len(looks) > 12
    gaps = [b - a for a, b in zip(looks, looks[1:], strict=False)]
    assert gaps[-1] < 60  # forgotten: looks are as frequent as before


def test_what_a_time_without_looks_saved_up_is_not_spent_at_once() -> None:
    clock = Clock()
    lookout = LookBudget(clock)
    clock.now += 1000
    looks = []
    for n in range(200):
        clock.now += 0.1
        if lookout.is_due():
            with lookout.looking():
                clock.now += 0.2
            looks.append(n)
    assert len(looks) == 5
    assert min(b - a for a, b in zip(looks, looks[1:], strict=False)) > 40


def test_one_more_look_is_affordable_only_within_the_share_and_after_the_first() -> None:
    clock = Clock()
    lookout = LookBudget(clock)
    clock.now += 100
    assert not lookout.affords_one()
    with lookout.looking():
        clock.now += 3
    assert not lookout.affords_one()  # 6 of 106
    clock.now += 14.5
    assert lookout.affords_one()  # 6 of 120.5
    assert not lookout.is_due()


def test_one_that_is_asked_for_may_be_if_it_is_quick_and_is_paid_back() -> None:
    clock = Clock()
    lookout = LookBudget(clock)
    clock.now += 1
    assert not lookout.affords_one(asked=True)
    with lookout.looking():
        clock.now += 3
    assert not lookout.affords_one(asked=True)
    lookout.expect(0.4)  # the rest was measured once and for all
    assert lookout.affords_one(asked=True)
    assert not lookout.affords_one()
    with lookout.looking():
        clock.now += 0.4
    clock.now += 60  # 3.4 of 64.4
    assert not any(lookout.is_due() for _ in range(FIRST))
    clock.now += 20
    assert lookout.is_due()


def test_a_look_that_fails_is_counted_too() -> None:
    clock = Clock()
    lookout = LookBudget(clock)
    clock.now += 1

    def fail() -> None:
        with lookout.looking():
            clock.now += 1
            raise ValueError("out of luck")

    with pytest.raises(ValueError, match="out of luck"):
        fail()
    assert lookout.share == 0.5


def test_nothing_looked_at_is_no_share() -> None:
    assert LookBudget(Clock()).share == 0
