"""Looks at one moment of a run with every instrument that is on. Works on copies and changes nothing."""

import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from torch import nn

from ganlab.config import TrainConfig
from ganlab.data.dataset import Dataset
from ganlab.measure import subject
from ganlab.measure.reading import MODULES, Reading

# CPU milliseconds of one look, one thread, for digits / 8 Gaussians after 5 to 60 steps: drawing 28 / 3,
# gradients 19 / 5, lipschitz 45 / 4, spectra 13 / 2, distances 50-120 / 70-120 (mostly the assignment), coverage 8 / 1,
# copies 3 / -, plane - / 3; 170-250 / 85-135 in all. The first look also measures the baselines, about 40 more.
# Copies among 60,000 images of 28 x 28 take 270-450; a first look at MNIST 1,000 in all, at CIFAR-10 2,400.

INSTRUMENTS = frozenset(MODULES)
"""The names of all instruments."""
Result = TypeVar("Result")


class Broken(Exception):
    """An instrument failed, or the `drawing` that all of them need: its name, and the error's message."""

    def __init__(self, name: str, error: Exception) -> None:
        super().__init__(str(error) or type(error).__name__)
        self.name = name


def available(kind: str) -> frozenset[str]:
    """The instruments that apply to data of a kind, `image` or `point`."""
    return frozenset(name for name, module in MODULES.items() if kind in module.KINDS)


def look(
    critic: nn.Sequential,
    generator: nn.Sequential,
    dataset: Dataset,
    config: TrainConfig,
    *,
    which: frozenset[str] = INSTRUMENTS,
    step: int = 0,
    before: Reading | None = None,
) -> Reading:
    """Measure the networks, which may be in training and stay unchanged.

    Each instrument has its own random stream, seeded from the run's seed and the step, so its result does not depend
    on other instruments or earlier looks. `before` is an earlier reading of the same run: what training does not
    change is copied from it. Raises Broken for an instrument that fails, and FloatingPointError if samples or weights
    are not finite.
    """
    cost = {"baselines": 0.0}

    def timed(name: str, baseline_seconds: list[float], measure: Callable[[], Result]) -> Result:
        start = time.thread_time()
        try:
            return measure()
        except FloatingPointError:
            raise
        except Exception as error:
            raise Broken(name, error) from error
        finally:
            once = sum(baseline_seconds)
            baseline_seconds.clear()
            cost[name] = time.thread_time() - start - once
            cost["baselines"] += once

    earlier = before.results.values() if before else ()
    one = timed("drawing", [], lambda: subject.draw(critic, generator, dataset, config, step, earlier))
    for name, module in MODULES.items():
        if name in which & available(config.kind):
            one.results[name] = timed(name, one.baseline_seconds, partial(module.measure, one))
    return Reading(step=step, cost=cost, **one.results)
