"""When the next look of the instruments may be. Knows a clock, and nothing of what is looked at.

Looks may take SHARE of the CPU time of the thread that trains. The first comes after a few steps, before there is
anything to pay it from: a debt, paid back before the second.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

SHARE = 0.05
AIM = 0.045  # what is planned with; the rest is for looks that take longer than those before
FIRST = 5  # steps before the first look
REMEMBERED = 3  # looks; the next is expected to cost as much as the dearest of them
QUICK = 0.5  # CPU seconds that somebody who has paused or stopped a run does not mind; paid back like all others


class LookBudget:
    """Counts what looks cost; `clock` gives the CPU seconds of the calling thread."""

    def __init__(self, clock: Callable[[], float] = time.thread_time) -> None:
        self._clock, self._began = clock, clock()
        self._spent, self._next = 0.0, 0.0
        self._costs: deque[float] = deque(maxlen=REMEMBERED)
        self._steps = 0

    @property
    def share(self) -> float:
        """What looks have taken so far of the thread's CPU time."""
        elapsed = self._clock() - self._began
        return self._spent / elapsed if elapsed > 0 else 0.0

    def is_due(self) -> bool:
        """Whether a look may be now; to be asked once after each step."""
        self._steps += 1
        return self._steps >= FIRST and self._clock() - self._began >= self._next

    def affords_one(self, asked: bool = False) -> bool:
        """Whether one may be at this very moment, out of turn: within SHARE, or if `asked` for, QUICK.

        Never before the first.
        """
        if not self._costs:
            return False
        expected = max(self._costs)
        within = self._spent + expected <= SHARE * (self._clock() - self._began + expected)
        return within or (asked and expected <= QUICK)

    @contextmanager
    def looking(self) -> Iterator[None]:
        """Around a look: what it costs decides when the next may be."""
        before = self._clock()
        try:
            yield
        finally:
            now = self._clock()
            self._spent += now - before
            self._costs.append(now - before)
            self._next = self._earliest(now - self._began)

    def expect(self, seconds: float) -> None:
        """So much of what the last look cost will come again: the first also measures what never changes."""
        self._costs[-1] = min(seconds, self._costs[-1])
        self._next = self._earliest(self._clock() - self._began)

    def _earliest(self, elapsed: float) -> float:
        """When the next look may begin: with it, the share of the whole and that since this look are at most AIM.

        Without the second, what a long time without looks has saved up would go into one look after each step.
        """
        expected = max(self._costs)
        return max(elapsed, (self._spent + expected) / AIM - expected, elapsed + expected / AIM - expected)
