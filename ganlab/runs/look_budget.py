"""When the instruments may look next. Knows a clock, and nothing about the looks themselves.

Looks may take SHARE of the CPU time of the thread that trains, not counting what is measured only once, and EARLY_SHARE
of its first seconds, when a run changes most. The first comes after a few steps, whatever it costs.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SHARE = 0.05
AIM = 0.045  # the share planned for; the rest is for looks that take longer than the earlier ones
EARLY, EARLY_SHARE = 5.0, 0.25  # CPU seconds, and the share of them
FIRST = 5  # steps before the first look
REMEMBERED = 3  # looks; the next is expected to cost as much as the most expensive of them
QUICK = 0.5  # CPU seconds; after a pause, so long a look may exceed the share, and later ones wait for it


class LookBudget:
    """Counts the cost of looks; `clock` gives the CPU seconds of the calling thread."""

    def __init__(self, clock: Callable[[], float] = time.thread_time) -> None:
        self._clock, self._start = clock, clock()
        self._spent, self._looked_at = 0.0, 0.0
        self._once = 0.0  # of what was spent, what is never to be spent again
        self._costs: deque[float] = deque(maxlen=REMEMBERED)
        self._steps = 0

    @property
    def share(self) -> float:
        """The share of the thread's CPU time that looks have taken so far."""
        elapsed = self._elapsed()
        return self._spent / elapsed if elapsed > 0 else 0.0

    def is_due(self) -> bool:
        """Whether it is time for a look. Counts steps: call it once after each."""
        self._steps += 1
        expected = max(self._costs, default=0.0)
        # Of the whole run, and of the time since the last look. Without the second condition, a long time without looks
        # would be followed by a look after every step.
        allowed = _allowed(self._elapsed() + expected, AIM)
        since_last = allowed - _allowed(self._looked_at, AIM)
        return self._steps >= FIRST and self._recurring + expected <= allowed and expected <= since_last

    def affords_one(self, for_user: bool = False) -> bool:
        """Whether an extra look fits now: within SHARE or, for a user who waits, at most QUICK. Never the first."""
        if not self._costs:
            return False
        expected = max(self._costs)
        within = self._recurring + expected <= _allowed(self._elapsed() + expected, SHARE)
        return within or (for_user and expected <= QUICK)

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Wraps a look, whose cost decides when the next may be."""
        before = self._elapsed()
        try:
            yield
        finally:
            self._looked_at = self._elapsed()
            self._spent += self._looked_at - before
            self._costs.append(self._looked_at - before)

    def expect(self, seconds: float) -> None:
        """The last look will cost only this again: it also measured what never changes, for which none has to wait."""
        self._once += max(0.0, self._costs[-1] - seconds)
        self._costs[-1] = min(seconds, self._costs[-1])

    @property
    def _recurring(self) -> float:
        return self._spent - self._once

    def _elapsed(self) -> float:
        return self._clock() - self._start


def _allowed(elapsed: float, share: float) -> float:
    """What looks may take of so many seconds."""
    return share * elapsed + (EARLY_SHARE - share) * min(elapsed, EARLY)
