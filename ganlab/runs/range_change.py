"""The newest change of the clip range, with what was just before it, so that the two can be compared."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ganlab.gan.clipping import ClipReport
from ganlab.gan.histograms import WeightHistogram, axis_limit, bin_edges

GROUPED = 1.0  # seconds: changes so close together, as from a held arrow key, are compared as one
COMPARED = 20.0  # seconds after a change during which the page compares
HELD = 6.0  # seconds for which the axis stays as wide as the wider of the two ranges
MOST_BINS = 320  # on an axis that holds both ranges


@dataclass(frozen=True)
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

    def histograms(self, clip: ClipReport) -> tuple[WeightHistogram, ...]:
        """One per critic parameter, on an axis that holds both ranges; none if the clamp is gone."""
        if clip.clip_range is None:
            return ()
        limit = max(axis_limit(self.former), axis_limit(clip.clip_range))
        return clip.histograms(bin_edges(clip.clip_range, limit, MOST_BINS))


class RangeChanges:
    """The changes of one run's clip range; `newest` is the last one that a clamp has used."""

    def __init__(self) -> None:
        self.newest: RangeChange | None = None
        self._awaited: RangeChange | None = None  # in force, but no clamp has used it yet
        self._forgotten = False  # since when no clamp has been made

    def begin(
        self,
        former: tuple[float, float],
        clip_range: tuple[float, float],
        step: int,
        critic_step: int,
        look_before: Callable[[], tuple[int | None, np.ndarray]],
    ) -> None:
        """Call this just before a range comes into force, after so many steps and critic updates.

        `look_before` returns the `reading_step` and the `samples` to compare with; grouped changes share them.
        """
        if self._forgotten:
            return
        grouped = self._awaited or (self.newest if self.newest and self.newest.age < GROUPED else None)
        if grouped and grouped.former == clip_range:  # there and back
            self._awaited = self.newest = None
        elif grouped:
            self._awaited = replace(grouped, clip_range=clip_range, step=step, critic_step=critic_step, fold=())
        else:
            at, samples = look_before()
            self._awaited = RangeChange(former, clip_range, step, step, critic_step, at, samples)

    def forget(self) -> None:
        """Compare nothing before the next clamp: more than the range has changed."""
        self.newest = self._awaited = None
        self._forgotten = True

    def keep_fold(self, clip: ClipReport | None, critic_step: int) -> None:
        """Keep the first clamp under a new range: `clip` is the newest, made by update number `critic_step`."""
        awaited = self._awaited
        if clip and clip.clip_range:
            self._forgotten = False
        if awaited and clip and clip.clip_range and critic_step > awaited.critic_step:
            self._awaited = None
            self.newest = replace(awaited, fold=awaited.histograms(clip), acted=time.monotonic())
