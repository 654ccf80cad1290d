"""How long a run has trained, and how fast. Knows nothing of what is trained."""

import time
from collections import deque

LOOKS = 8  # that the speed is measured over


class Stopwatch:
    """Seconds spent training, those `before` too: runs only while told to."""

    def __init__(self, before: float = 0.0) -> None:
        self._before, self._since = before, None
        self._looks: deque[tuple[float, int]] = deque(maxlen=LOOKS)

    def go(self, running: bool) -> None:
        """Run on, or hold."""
        self._before, self._since = self.seconds, time.perf_counter() if running else None

    @property
    def seconds(self) -> float:
        """Counted so far."""
        return self._before + (time.perf_counter() - self._since if self._since is not None else 0.0)

    def steps_per_second(self, step: int) -> float:
        """The speed over this look and the seven before it; 0 at the first."""
        self._looks.append((self.seconds, step))
        (began, first), (now, last) = self._looks[0], self._looks[-1]
        return (last - first) / (now - began) if now > began else 0.0
