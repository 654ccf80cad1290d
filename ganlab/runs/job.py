"""Work in a thread of its own: how far it is, why it failed, and a way to cancel it."""

import threading
from collections.abc import Callable
from typing import Any

from ganlab.data.dataset import Announce
from ganlab.formatting import in_words


class Job:
    """`work(announce)`, which runs from now on; it is cancelled at its next announcement."""

    def __init__(self, work: Callable[[Announce], object]) -> None:
        self.message, self.error, self.is_cancelled = "", "", False
        self.result: Any = None  # what `work` returned
        self._work = work
        self._thread = threading.Thread(target=self._run, name="ganlab-job", daemon=True)
        self._thread.start()

    @property
    def is_over(self) -> bool:
        return not self._thread.is_alive()

    def cancel(self) -> None:
        self.is_cancelled = True

    def join(self, timeout: float) -> bool:
        """Wait for the end, `timeout` seconds at most; returns whether it is over."""
        self._thread.join(timeout)
        return self.is_over

    def _run(self) -> None:
        try:
            self.result = self._work(self._announce)
        except _CancelledError:
            pass
        except Exception as error:  # whatever it is, the page says it
            self.error = in_words(error) or type(error).__name__

    def _announce(self, message: str) -> None:
        if self.is_cancelled:
            raise _CancelledError
        self.message = message


class _CancelledError(Exception):
    """The user does not want the result any more."""
