"""How long a run has trained, and how fast."""

import time
from collections import deque

PUBLICATIONS = 8  # that the speed is measured over


class Stopwatch:
    """Seconds spent training, including those `before`; it counts only while it is running."""

    def __init__(self, before: float) -> None:
        self._before = before
        self._since: float | None = None
        self._published: deque[tuple[float, int]] = deque(maxlen=PUBLICATIONS)

    def go(self, running: bool) -> None:
        self._before, self._since = self.seconds, time.perf_counter() if running else None

    @property
    def seconds(self) -> float:
        return self._before + (time.perf_counter() - self._since if self._since is not None else 0.0)

    def steps_per_second(self, step: int) -> float:
        """The speed since the seventh call before this one; 0 at the first call."""
        self._published.append((self.seconds, step))
        (began, first), (now, last) = self._published[0], self._published[-1]
        return (last - first) / (now - began) if now > began else 0.0
