"""A run that another process trains, by way of its folder: what it shows of itself, and the commands to it."""

import dataclasses
import math
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np

from ganlab.config import TrainConfig
from ganlab.formatting import in_words
from ganlab.gan import building
from ganlab.measure.reading import no_readings
from ganlab.runs.disk import contents, csv_file, inbox, live, tables
from ganlab.runs.disk.inbox import Command
from ganlab.runs.disk.live import Live
from ganlab.runs.disk.lock import writable
from ganlab.runs.history import METRICS, NO_HISTORY, Change, History
from ganlab.runs.snapshot import Snapshot
from ganlab.runs.wire import GONE

COUNT_EVERY = 1.0  # seconds between two numbers in `viewer`
PATIENCE = 5.0  # seconds in which a process takes a command
POLL = 0.02  # seconds
MEETING = 0.6  # seconds in which it first shows itself: it looks for visitors every 0.25
SILENT = "The process that trains this run does not answer, so nothing was changed."
Value = TypeVar("Value")


class Sent(NamedTuple):
    """A command that was not yet taken."""

    command: Command
    at: float


def polled(holds: Callable[[], object], seconds: float) -> bool:
    """Whether something becomes true in so many seconds. Nothing that another process writes can wake this one."""
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            return False
        time.sleep(POLL)
    return True


class Elsewhere:
    """This end of the wire. Safe to share between the threads of all visitors."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path, self._clock, self._lock = path, clock, threading.Lock()
        self._counted = clock() - COUNT_EVERY
        self.forget()

    def forget(self) -> None:
        """The process has ended, or has not begun."""
        self._live: Live | None = None
        self._snapshot: Snapshot | None = None
        self._record: _Record | None = None
        self._sent: dict[str, Sent] = {}
        self._unread = self._unanswered = ""
        self._stamp: object = None
        self._looked = -math.inf

    @property
    def problem(self) -> str:
        """What can't be read, or why a command had no effect, in sentences."""
        return " ".join(filter(None, (self._unread, self._unanswered)))

    def look(self) -> Snapshot | None:
        """The newest snapshot; None if the process has shown none. The process learns that somebody looks."""
        with self._lock:
            stamp = _stamp(self._path / live.FILE)
            if not stamp and self._clock() - self._looked > GONE:  # the process took away what it showed then
                self._live = self._snapshot = None
            self._looked = self._clock()
            self._count()
            before = self.problem
            self._give_up()
            if stamp and stamp != self._stamp:
                self._stamp = stamp
                self._read()
            elif self._snapshot and self.problem != before:
                self._show()
            return self._snapshot

    def meet(self) -> Snapshot | None:
        """As `look`; but a process that does not know yet that somebody looks has MEETING seconds to show itself.

        And its weights, if it has made a step: a watched loop takes no histograms while nobody looks.
        """
        first = self._clock() - self._looked > GONE
        if first:
            polled(lambda: (shown := self.look()) and (shown.weights or not shown.step), MEETING)
        return self.look()

    def wanted(self, otherwise: TrainConfig) -> TrainConfig:
        """The settings with every change that was accepted, or sent and not yet answered."""
        config = self._live.wanted if self._live else otherwise
        for sent in list(self._sent.values()):
            with suppress(ValueError):  # another page has changed what it goes with
                config = dataclasses.replace(config, **sent.command.values)
        return config

    def instruments(self, otherwise: frozenset[str]) -> frozenset[str]:
        """Those that are on, or will be."""
        switched = [sent.command for sent in list(self._sent.values()) if sent.command.verb == "switch"]
        if switched:
            return frozenset(switched[-1].instruments)
        return self._live.snapshot.instruments if self._live else otherwise

    def send(self, verb: str, values: dict[str, Any] | None = None, instruments: frozenset[str] = frozenset()) -> None:
        """Send a command. Raises ValueError, in one sentence, if it can't be written."""
        command = Command(verb, values or {}, tuple(sorted(instruments)))
        with self._lock:
            try:
                name = inbox.send(self._path, command)
            except OSError as error:
                raise ValueError(f"The command was not sent. {in_words(error)}") from None
            self._sent[name], self._unanswered = Sent(command, self._clock()), ""

    def _count(self) -> None:
        if self._clock() - self._counted >= COUNT_EVERY:
            self._counted = self._clock()
            with suppress(OSError):  # who may only read sees what was saved, or what others look at
                inbox.look(self._path)

    def _give_up(self) -> None:
        for name, sent in list(self._sent.items()):
            if self._clock() - sent.at > PATIENCE:
                del self._sent[name]
                if inbox.withdraw(self._path, name):
                    self._unanswered = SILENT

    def _read(self) -> None:
        try:
            config = contents.config_of(self._path)
            self._live = live.read(self._path, config, building.critic_layers(config))
            self._unread = ""
        except ValueError as error:
            self._unread = str(error)
        else:
            for name in self._live.taken:
                self._sent.pop(name, None)
            if self._record is None or self._record.config.steps != config.steps:
                self._record = _Record(self._path, config)
        self._show()

    def _show(self) -> None:
        """Put together what the process shows and what it has recorded."""
        if self._live and self._record:
            warning = " ".join(filter(None, (self._live.snapshot.warning, self.problem)))
            shown = dataclasses.replace(self._live.snapshot, warning=warning, read_only=not writable(self._path))
            self._snapshot = self._record.added_to(shown)


class _Record:
    """The tables of a run that grow while it trains: only what is new is read."""

    def __init__(self, path: Path, config: TrainConfig) -> None:
        self.config = config
        self._path, self._layers = path, building.critic_layers(config)
        self._metrics = csv_file.Tail(path / "metrics.csv", METRICS, config.steps)
        self._counts = csv_file.Tail(path / "layers.csv", tables.layer_columns(self._layers), config.steps)
        self._checked, self._begun = NO_HISTORY, (0, 0)  # what was read of both, and how often they had begun then
        self._known: dict[str, tuple[object, Any]] = {}  # by a file's name: its stamp, and what was in it

    def added_to(self, snapshot: Snapshot) -> Snapshot:
        """The snapshot with its history, changes, readings and real samples; a sentence for what can't be read."""
        problems = [snapshot.warning]

        def attempt(read: Callable[[], Value], otherwise: Value) -> Value:
            try:
                return read()
            except ValueError as error:
                problems.append(str(error))
                return otherwise

        history = attempt(lambda: self._history(snapshot.step), NO_HISTORY)
        return dataclasses.replace(
            snapshot,
            history=history,
            changes=attempt(lambda: self._changes(history), ()),
            readings=attempt(lambda: self._table("instruments.csv", self._readings), no_readings()),
            real=self._table("real.safetensors", lambda: contents.real_samples(self._path, self.config)),
            warning=" ".join(filter(None, problems)),
        )

    def _history(self, step: int) -> History:
        if step == 0:
            return NO_HISTORY
        rows, table = self._metrics.read(), self._counts.read()
        begun = self._metrics.begun, self._counts.begun
        known = self._checked if begun == self._begun else NO_HISTORY
        first = max(0, len(known) - 1)  # the row before the new ones, for they must go on from there
        tables.checked_metrics(rows[first:], self.config)
        counts = tables.checked_counts(table[first:], rows[first:], self._layers)
        if first:
            counts = np.concatenate([known.layer_counts[:first], counts])
        self._checked, self._begun = History(rows[: len(counts)], self._layers, counts), begun
        return self._checked.until(step)

    def _changes(self, history: History) -> tuple[Change, ...]:
        rows = self._table("changes.csv", lambda: tables.changes(self._path / "changes.csv"))
        return tables.recorded(rows, history)

    def _readings(self) -> np.ndarray:
        return tables.readings(self._path)

    def _table(self, name: str, read: Callable[[], Value]) -> Value:
        """What `read` reads from the file, again only when it has changed."""
        stamp = _stamp(self._path / name)
        if name not in self._known or self._known[name][0] != stamp:
            self._known[name] = stamp, read()
        return self._known[name][1]


def _stamp(file: Path) -> tuple[int, ...] | None:
    """Changes when a file does; None if there is none."""
    try:
        about = file.lstat()
    except OSError:
        return None
    return about.st_mtime_ns, about.st_ino, about.st_size
