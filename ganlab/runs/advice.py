"""What to try against a finding of the diagnosis, in sentences. Pure."""

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


def settled(history: History, steps: int = WINDOW) -> bool:
    """Whether the clip range has stayed the same over the last steps, so that the weights have adapted to it."""
    low, high = history["clip_low"][-steps:], history["clip_high"][-steps:]
    return len(low) == steps and bool((low == low[-1]).all() and (high == high[-1]).all())


def widen(gradients: Gradients | None, history: History, config: TrainConfig) -> str:
    """Widen the clip range; by how much, where vanishing gradients tell; or wait until the weights fill a new one."""
    if settled(history):
        target = _target(gradients, config) if gradients and gradients.per_layer < 1 else ""
        return f"Widen the clip range{target}."
    if _has_grown(history):
        return "Wait: the weights are still growing into the new clip range."
    return "Widen the clip range."


def narrow(gradients: Gradients, history: History, config: TrainConfig) -> str:
    """Narrow the clip range; by how much, once the weights have settled in the present one."""
    return f"Narrow the clip range{_target(gradients, config) if settled(history) else ''}."


def slow_generator(config: TrainConfig) -> str:
    return f"Halve the generator's learning rate, to {config.generator_lr / 2:g}."


def _has_grown(history: History) -> bool:
    widths = history["clip_high"] - history["clip_low"]
    return bool(history.range_since > 0 and widths[-1] > widths[np.searchsorted(history["step"], history.range_since)])


def _target(gradients: Gradients, config: TrainConfig) -> str:
    """The clip range at which gradients would grow as with the presets; empty if it is too far away.

    Approximate: it assumes that every weight, and with it every layer's gain, scales with the range, which batch norm
    and biases do not quite. Measured after such a change, gains were 0.85 to 1.0 of the target.
    """
    factor = USUAL / gradients.per_layer
    low, high = (float(f"{bound * factor:.1g}") for bound in config.clip_range)
    if not 1 / FURTHEST <= factor <= FURTHEST or max(-low, high) > 1:
        return ""
    growth = f"gradients would grow {USUAL:g}-fold per layer, as with the presets"
    return f" to about {range_in_words((low, high))}: if all weights scaled with it, {growth}"
