"""What crosses between a run's thread and everybody else: commands and changes down, one snapshot up."""

import dataclasses
import queue
import threading
from enum import Enum, auto
from typing import Any

from ganlab.gan.holding import changed_live
from ganlab.runs.snapshot import Snapshot


class Command(Enum):
    """What a run is told to do; each acts at the end of a step."""

    PAUSE = auto()
    RESUME = auto()
    STEP = auto()
    STOP = auto()
    QUIT = auto()  # as STOP, but the process ends: without a look that may take long
    CHANGE = auto()  # only wakes the loop: the changes themselves wait in the mailbox


class Mailbox:
    """The mailbox of one run."""

    def __init__(self, first: Snapshot) -> None:
        self.latest = first  # always the newest
        self.wanted = first.config  # with every accepted change
        self.instruments = first.instruments  # that are on
        self.quits = False  # whether QUIT was sent: a look that may take long is given up
        self.commands: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self.idle = threading.Event()  # set while the run is paused, with its checkpoint saved, and once it has ended
        self.range_used = threading.Event()  # set while the newest clamp that is known used the wanted clip range
        self._pending: dict[str, Any] = {}  # changes that the loop has not taken yet; the newest wins
        self._lock = threading.Lock()  # for `wanted`, `_pending` and `instruments`

    def next(self, wait: bool) -> Command | None:
        """The oldest waiting command; if there is none, wait for one, or return None."""
        try:
            return self.commands.get(block=wait)
        except queue.Empty:
            return None

    def change(self, /, **values: Any) -> None:
        """Change live fields. Raises ValueError, with nothing changed, for a bad value, field, or an ended run."""
        with self._lock:
            if self.latest.status.ended:
                raise ValueError("This run has ended; its settings no longer change.")
            self.wanted = changed_live(self.wanted, values)
            self.range_used.clear()
            self._pending |= {field: getattr(self.wanted, field) for field in values}
        self.commands.put(Command.CHANGE)

    def take_changes(self) -> dict[str, Any]:
        if not self._pending:  # as before nearly every critic update
            return {}
        with self._lock:
            taken, self._pending = self._pending, {}
        return taken

    def switch(self, instruments: frozenset[str]) -> None:
        """Turn these instruments on, and all others off."""
        with self._lock:
            self.instruments = instruments
        self.commands.put(Command.CHANGE)

    def switch_off(self, instruments: frozenset[str]) -> None:
        with self._lock:
            self.instruments -= instruments

    def applied(self, field: str, value: Any) -> None:
        """Note a value that came from the record or the data, not through here; a pending one is newer and stays."""
        with self._lock:
            if field not in self._pending:
                self.wanted = dataclasses.replace(self.wanted, **{field: value})

    def publish(self, snapshot: Snapshot) -> None:
        with self._lock:
            self.latest = snapshot
            if snapshot.weights and snapshot.weights[0].clip_range == self.wanted.clip_range:
                self.range_used.set()

    def close(self, last: Snapshot) -> None:
        """Publish the last snapshot and drop changes that came too late."""
        with self._lock:
            self._pending, self.wanted, self.latest = {}, last.config, last
        self.idle.set()
        self.range_used.set()
