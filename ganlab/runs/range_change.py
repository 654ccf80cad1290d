"""The newest change of what holds the critic, with what was just before it, so that the two can be compared."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from ganlab.config import TrainConfig
from ganlab.gan.clipping import ClipReport
from ganlab.gan.histograms import WeightHistogram, axis_limit, bin_edges
from ganlab.gan.holding import holding
from ganlab.measure.reading import Reading

GROUPED = 1.0  # seconds: changes so close together, as from a held arrow key, are compared as one
COMPARED = 20.0  # seconds during which the page compares
HELD = 6.0  # seconds for which the axis stays as wide as the wider of the two ranges
MOST_BINS = 320  # on an axis that holds both ranges


@dataclass(frozen=True)
class RangeChange:
    """A change that has come into force, or several that were grouped: `former` is from before the first of them.

    `before` is the number of steps before the first, `step` and `critic_step` those before the last. In seconds of
    time.monotonic(), `acted` is when a critic update first used it, and `until` when the page stops comparing: COMPARED
    after `acted`, or after the first look that saw what the change did, which comes late on a busy computer. `reading`
    is the look to compare with, or None, maybe only for now. `samples` were generated from the fixed latents just
    before the first. If the clip range changed, `fold` has a histogram per critic parameter of the first clamp after
    the last, on an axis that holds both ranges; it is empty until that clamp.
    """

    former: TrainConfig
    config: TrainConfig
    before: int
    step: int
    critic_step: int
    reading: Reading | None
    samples: np.ndarray
    fold: tuple[WeightHistogram, ...] = ()
    acted: float = 0.0
    until: float = 0.0

    @property
    def limit(self) -> float | None:
        """Where an axis for both clip ranges ends; None if there are not two."""
        if not self.former.constraint == self.config.constraint == "clip":
            return None
        return max(axis_limit(self.former.clip_range), axis_limit(self.config.clip_range))

    @property
    def of_range(self) -> bool:
        """Whether nothing but the clip range changed, of which it was measured what that does."""
        same = {"clip_range": None}
        return self.limit is not None and holding(self.former) | same == holding(self.config) | same

    @property
    def age(self) -> float:
        """Seconds since it acted."""
        return time.monotonic() - self.acted

    @property
    def left(self) -> float:
        """Seconds for which the page still compares; 0 or less if it no longer does."""
        return self.until - time.monotonic()

    def histograms(self, clip: ClipReport) -> tuple[WeightHistogram, ...]:
        """One per critic parameter, on an axis that holds both ranges; none if the clamp is gone."""
        if clip.clip_range is None or self.limit is None:
            return ()
        return clip.histograms(bin_edges(clip.clip_range, self.limit, MOST_BINS))


class RangeChanges:
    """The changes of what holds one run's critic; `newest` is the last one that a critic update has used."""

    def __init__(self) -> None:
        self.newest: RangeChange | None = None
        self._awaited: RangeChange | None = None  # in force, but no update has used it yet

    def begin(
        self,
        former: TrainConfig,
        config: TrainConfig,
        step: int,
        critic_step: int,
        before: Callable[[], tuple[Reading | None, np.ndarray]],
    ) -> None:
        """Call this just before a change comes into force, after so many steps and critic updates.

        `before` returns the `reading`, if there is one, and the `samples` to compare with; grouped changes share them.
        """
        grouped = self._awaited or (self.newest if self.newest and self.newest.age < GROUPED else None)
        if grouped and holding(grouped.former) == holding(config):  # there and back
            self._awaited = self.newest = None
        elif grouped:
            self._awaited = replace(grouped, config=config, step=step, critic_step=critic_step, fold=())
        else:
            self._awaited = RangeChange(former, config, step, step, critic_step, *before())

    def keep_fold(self, clip: ClipReport | None, critic_step: int) -> None:
        """Keep the first clamp after a change, if any: `clip` is what update number `critic_step` made."""
        awaited = self._awaited
        if awaited and critic_step > awaited.critic_step:
            self._awaited = None
            fold, now = awaited.histograms(clip) if clip else (), time.monotonic()
            self.newest = replace(awaited, fold=fold, acted=now, until=now + COMPARED)

    def measured(self) -> None:
        """Call this after the first look that has seen what the newest change did."""
        self.newest = self.newest and replace(self.newest, until=time.monotonic() + COMPARED)

    def compare_with(self, reading: Reading) -> None:
        """The look at what was before the newest change, if there still is one."""
        self.newest = self.newest and replace(self.newest, reading=reading)
