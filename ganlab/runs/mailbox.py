"""What crosses between a run's thread and everybody else: commands and wishes down, one snapshot up."""

import dataclasses
import queue
import threading
from enum import Enum, auto
from typing import Any

from ganlab.config import LIVE_FIELDS, TrainConfig
from ganlab.runs.snapshot import Snapshot


class Command(Enum):
    """What a run can be told; each acts at the end of a step."""

    PAUSE = auto()
    RESUME = auto()
    STEP = auto()
    STOP = auto()
    WISH = auto()  # a wake-up call: the wishes themselves wait in the mailbox


class Mailbox:
    """One run's. `latest` is always the newest Snapshot, `wanted` the config with every accepted change in it.

    `instruments` are those that are to look.
    """

    def __init__(self, first: Snapshot) -> None:
        self.latest = first
        self.wanted = first.config
        self.instruments = first.instruments
        self._commands: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self._pending: dict[str, Any] = {}  # changes that the loop has not taken yet; the newest wins
        self._lock = threading.Lock()  # for `wanted`, `_pending` and `instruments`

    def put(self, command: Command) -> None:
        """Tell the run."""
        self._commands.put(command)

    def next(self, wait: bool) -> Command | None:
        """The oldest waiting command; with none, wait for one, or None."""
        try:
            return self._commands.get(block=wait)
        except queue.Empty:
            return None

    def wish(self, **values: Any) -> None:
        """Change live fields. Raises ValueError, with nothing changed, for a bad value, field, or an ended run."""
        if fixed := set(values) - set(LIVE_FIELDS):
            raise ValueError(f"{', '.join(sorted(fixed))} can't change while a run trains.")
        with self._lock:
            if self.latest.status.ended:
                raise ValueError("This run has ended; its settings no longer change.")
            self.wanted = dataclasses.replace(self.wanted, **values)
            self._pending |= {field: getattr(self.wanted, field) for field in values}
        self.put(Command.WISH)

    def take_wishes(self) -> dict[str, Any]:
        """The changes that nobody has taken yet."""
        if not self._pending:
            return {}
        with self._lock:
            taken, self._pending = self._pending, {}
        return taken

    def switch(self, instruments: frozenset[str]) -> None:
        """Have these look, and no others."""
        with self._lock:
            self.instruments = instruments
        self.put(Command.WISH)

    def switch_off(self, instruments: frozenset[str]) -> None:
        """Have these look no more."""
        with self._lock:
            self.instruments -= instruments

    def came_into_force(self, field: str, value: Any) -> None:
        """A change that this mailbox never saw; a wish that still waits is newer."""
        with self._lock:
            self.wanted = dataclasses.replace(self.wanted, **{field: value} if field not in self._pending else {})

    def amend(self, config: TrainConfig, **values: Any) -> TrainConfig:
        """What is only known once the data is there, put into a config and into `wanted`."""
        with self._lock:
            self.wanted = dataclasses.replace(self.wanted, **values)
        return dataclasses.replace(config, **values)

    def close(self, last: Snapshot) -> None:
        """Nothing happens any more; a change that came too late is not wanted."""
        with self._lock:
            self._pending, self.wanted, self.latest = {}, last.config, last
