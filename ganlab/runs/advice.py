"""What to try against a finding of the diagnosis, in sentences. Pure."""

from typing import NamedTuple

import numpy as np

from ganlab.config import TrainConfig
from ganlab.formatting import range_in_words
from ganlab.measure.gradients import Gradients
from ganlab.runs.history import History

WINDOW = 50  # steps that weights take to settle in a clip range; before them, gradients are those of the start
USUAL = 3.0  # fold per layer, in the middle of the presets: digits 1.2 to 1.6, points 2 to 17
# Times the clip range: a range further away is not worth advising. From 1, 0.003 (8 Gaussians) and 0.1 (digits), the
# advice led to 0.1, 0.08 and 0.01; the presets have 0.1 and 0.01.
FURTHEST = 30.0
BECAUSE = f"If all weights scaled with it, gradients would get {USUAL:g}× larger per layer, as with the presets."


class Advice(NamedTuple):
    """One thing to try, and why; `clip_range` is the one that it names, if any."""

    words: str
    because: str = ""
    clip_range: tuple[float, float] | None = None


def settled(history: History, steps: int = WINDOW) -> bool:
    """Whether the critic was clamped the same way over the last steps, so that the weights have adapted to it."""
    low, high = history["clip_low"][-steps:], history["clip_high"][-steps:]
    same = len(low) == steps and bool((low == low[-1]).all() and (high == high[-1]).all())
    return same and bool(history["step"][-steps] > history.held)


def widen(gradients: Gradients | None, history: History, config: TrainConfig) -> Advice:
    """Widen the clip range, to what gradients tell or to a wider one before it; wait first, if it has just widened."""
    width, target, former = _width(config.clip_range), _target(gradients, config), _former(history)
    if not settled(history) and former and _width(former) < width:
        return Advice("Wait until the weights have grown into the new clip range.")
    if settled(history) and gradients and gradients.per_layer < 1 and target and _width(target) > width:
        return Advice(f"Widen the clip range to about {range_in_words(target)}.", BECAUSE, target)
    return back(former) if former and _width(former) > width else Advice("Widen the clip range.")


def narrow(gradients: Gradients, history: History, config: TrainConfig) -> Advice:
    """Narrow the clip range, to what gradients tell or to a narrower one before it."""
    width, target, former = _width(config.clip_range), _target(gradients, config), _former(history)
    if settled(history) and target and _width(target) < width:
        return Advice(f"Narrow the clip range to about {range_in_words(target)}.", BECAUSE, target)
    return back(former) if former and _width(former) < width else Advice("Narrow the clip range.")


def back(former: tuple[float, float]) -> Advice:
    return Advice(f"Go back to {range_in_words(former)}.", clip_range=former)


def slow_generator(config: TrainConfig) -> Advice:
    return Advice(f"Halve the generator's learning rate, to {config.generator_lr / 2:g}.")


def _width(clip_range: tuple[float, float]) -> float:
    return clip_range[1] - clip_range[0]


def _former(history: History) -> tuple[float, float] | None:
    """The clip range before the one in force; None if it never changed."""
    if not (since := history.range_since):
        return None
    at = np.searchsorted(history["step"], since)
    return float(history["clip_low"][at]), float(history["clip_high"][at])


def _target(gradients: Gradients | None, config: TrainConfig) -> tuple[float, float] | None:
    """The clip range at which gradients would grow as with the presets; None if unknown, or too far away.

    Approximate: it assumes that every weight, and with it every layer's gain, scales with the range, which batch norm
    and biases do not quite. Measured after such a change, gains were 0.85 to 1.0 of the target.
    """
    if not gradients or not gradients.per_layer > 0:
        return None
    factor = USUAL / gradients.per_layer
    low, high = (float(f"{bound * factor:.1g}") for bound in config.clip_range)
    if not 1 / FURTHEST <= factor <= FURTHEST or max(-low, high) > 1 or low >= high:
        return None
    return low, high
