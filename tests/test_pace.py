"""How long a run will take: a few updates are measured, in the background, once for all runs of their cost."""

import dataclasses
import itertools
import math

import pytest
from stubs import TINY, TINY_IMAGES, wait_until

from ganlab.config import TrainConfig
from ganlab.gan.training import Trainer
from ganlab.runs import pace
from ganlab.runs.hub import RunHub
from ganlab.runs.pace import Pace


def test_a_run_takes_as_long_as_its_updates() -> None:
    config = TrainConfig(steps=100, n_critic=5, warm_up=0)
    assert Pace(critic=2.0, generator=3.0).seconds(config) == 100 * (5 * 2 + 3)
    assert Pace(2.0, 3.0).seconds(dataclasses.replace(config, warm_up=10)) == 10 * 100 * 2 + 90 * 5 * 2 + 100 * 3
    assert Pace(2.0, 3.0).seconds(dataclasses.replace(config, warm_up=1000)) == 100 * (100 * 2 + 3)


@pytest.mark.parametrize("config", [TINY, TINY_IMAGES, dataclasses.replace(TINY_IMAGES, dataset="images")])
def test_three_updates_are_made_if_they_take_long(config: TrainConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "SECONDS", 0)
    made: list[str] = []
    update = Trainer.critic_update
    monkeypatch.setattr(Trainer, "critic_update", lambda self: (made.append(self.config.dataset), update(self))[1])
    measured = pace.measure(config, lambda _: None)
    assert made == [config.dataset] * 3
    assert all(0 < seconds < math.inf for seconds in measured)


def test_an_update_takes_the_mean_of_those_that_wait_and_those_that_do_not() -> None:
    now, waits = 0.0, itertools.chain([100.0], itertools.cycle([0.25, 0.5]))  # the first one prepares memory

    def update() -> None:
        nonlocal now
        now += next(waits)

    assert pace.mean_seconds(update, 2, 3.0, lambda: now) == 0.375  # of eight
    assert pace.mean_seconds(update, 1, 0.0, lambda: now) == 0.5  # of one


def test_what_is_too_large_is_not_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(Trainer, "__init__")
    for large in ({"batch_size": 4096, "image_size": 64, "width": 256}, {"width": 1024, "image_size": 64}):
        with pytest.raises(ValueError, match="bytes"):
            pace.measure(TrainConfig(**large, threads=1), lambda _: None)
    with pytest.raises(ValueError, match="1024 threads"):
        pace.measure(TrainConfig(threads=1024), lambda _: None)


def test_the_hub_measures_once_and_says_when_it_knows(the_hub: RunHub, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    monkeypatch.setattr(pace, "measure", lambda config, _: calls.append(config) or Pace(2.0, 3.0))
    wait_until(lambda: the_hub.seconds_of(TINY))
    assert the_hub.seconds_of(TINY) == TINY.steps * (TINY.n_critic * 2 + 3)
    longer = dataclasses.replace(TINY, steps=100, seed=7, clip_range=(-1, 1))
    assert the_hub.seconds_of(longer) == 100 * (TINY.n_critic * 2 + 3)
    assert calls == [TINY]
    wait_until(lambda: the_hub.seconds_of(dataclasses.replace(TINY, width=9)))
    assert len(calls) == 2


def test_a_pace_that_cannot_be_measured_is_not_tried_again(the_hub: RunHub, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def measure(config: TrainConfig, _: object) -> Pace:
        calls.append(config)
        raise ValueError("too large")

    monkeypatch.setattr(pace, "measure", measure)
    wait_until(lambda: the_hub.seconds_of(TINY) or calls)
    for _ in range(20):
        assert the_hub.seconds_of(TINY) is None
    assert len(calls) == 1
