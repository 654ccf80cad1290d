"""The newest change of the clip range, with what was just before it, so that the two can be compared."""

import time
from dataclasses import dataclass

import numpy as np

from ganlab.gan.clipping import WeightHistogram

GROUPED = 1.0  # seconds: changes so close together, as from a held arrow key, are compared as one
COMPARED = 20.0  # seconds after a change during which the page compares
HELD = 6.0  # seconds for which the axis stays as wide as the wider of the two ranges


@dataclass(frozen=True, kw_only=True)
class RangeChange:
    """A change that has come into force, or several that were grouped: `former` is from before the first of them.

    `before` is the number of steps before the first, `step` and `critic_step` those before the last; `acted` is when a
    clamp first used it, in seconds of time.monotonic(). `reading_step` is the step of the look that the instruments
    took for this comparison, None if there was none. `samples` were generated from the fixed latents just before the
    first; `fold` has a histogram per critic parameter of the first clamp after the last, on an axis that holds both
    ranges, and is empty until that clamp.
    """

    former: tuple[float, float]
    clip_range: tuple[float, float]
    before: int
    step: int
    critic_step: int
    reading_step: int | None
    samples: np.ndarray
    fold: tuple[WeightHistogram, ...] = ()
    acted: float = 0.0

    @property
    def age(self) -> float:
        """Seconds since it acted."""
        return time.monotonic() - self.acted
