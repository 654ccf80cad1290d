"""The run folder as a wire: what a run that trains here hears from other processes, and what it shows them."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from ganlab.runs.disk import inbox, live
from ganlab.runs.disk.inbox import Command
from ganlab.runs.disk.live import Live
from ganlab.runs.run import SteeredRun

LOOK_EVERY = 0.25  # seconds between two looks at the folder
PROMPTLY = 0.05  # the same, while somebody looks
WRITE_EVERY = 0.5  # seconds between two snapshots that are written
PROMPT = 1.0  # seconds after a command, and after somebody begins to look, in which every new snapshot is written
GONE = 6.0  # seconds without a new number in `viewer` after which nobody looks; a guest's page looks every two
REMEMBERED = 32  # commands


class Wire:
    """This end of it: a thread that passes commands on as any other caller does, and writes what somebody looks at.

    Training never waits for it. `clock` is this process's own: nothing is compared with the time of another machine.
    """

    def __init__(self, path: Path, run: SteeredRun, clock: Callable[[], float] = time.monotonic) -> None:
        self._path, self._run, self._clock = path, run, clock
        self._problem = ""
        for name in inbox.waiting(path)[0]:
            self._problem = f"{inbox.FOLDER}/{name} is ignored: it is older than this process."
        inbox.clear(path)
        self._viewer = inbox.viewer(path)
        self._looked = self._wrote = clock() - GONE
        self._prompt_until = clock()
        self._taken: tuple[str, ...] = ()
        self._shown: tuple[object, ...] = ()  # what live.safetensors was made from; empty if there is no such file
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._listen, name=f"ganlab-wire-{path.name}", daemon=True)

    def __enter__(self) -> "Wire":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Listen no more, and leave nothing in the folder."""
        if not self._ended.is_set():
            self._ended.set()
            self._thread.join()
            inbox.clear(self._path)

    @property
    def is_watched(self) -> bool:
        """Whether somebody looks."""
        return self._clock() - self._looked < GONE

    def tick(self) -> None:
        """One look at the folder. Raises OSError if something can't be written."""
        self._hear()
        now, viewer = self._clock(), inbox.viewer(self._path)
        if viewer != self._viewer:
            if not self.is_watched:
                self._prompt_until = now + PROMPT
            self._viewer, self._looked = viewer, now
        if self.is_watched:
            self._show(now)
        elif self._shown:
            self._shown = ()
            (self._path / live.FILE).unlink(missing_ok=True)

    def _listen(self) -> None:
        while not self._ended.wait(min(PROMPTLY, LOOK_EVERY) if self.is_watched else LOOK_EVERY):
            with suppress(OSError):  # such as a full disk; a page that gets no answer says so
                self.tick()

    def _hear(self) -> None:
        commands, others = inbox.waiting(self._path)
        if others:
            self._problem = f"{inbox.FOLDER}/{others[0]} is ignored: it is not a command."
        for name in commands:
            try:
                command = inbox.take(self._path, name)
            except ValueError as error:
                self._problem = str(error)
                continue
            try:
                if command:
                    self._obey(command)
                    self._problem = ""
            except (ValueError, RecursionError) as error:
                self._problem = f"{inbox.FOLDER}/{name} was refused: {error}"
            self._taken = (*self._taken, name)[-REMEMBERED:]
            self._prompt_until = self._clock() + PROMPT

    def _obey(self, command: Command) -> None:
        """Raises ValueError, in one sentence, if the run refuses."""
        if command.verb == "change":
            self._run.change(**command.values)
        elif command.verb == "switch":
            self._run.switch(frozenset(command.instruments))
        else:
            getattr(self._run, command.verb)()

    def _show(self, now: float) -> None:
        """Write the newest snapshot, if it is new and its turn."""
        snapshot, wanted = self._run.latest, self._run.wanted
        made_from = snapshot, wanted, self._taken, self._problem
        due = now - self._wrote >= WRITE_EVERY or now < self._prompt_until
        if made_from == self._shown or not due or snapshot.status.ended:
            return
        warning = " ".join(filter(None, (snapshot.warning, self._problem)))[: live.LONGEST_SENTENCE]
        live.write(self._path, Live(replace(snapshot, warning=warning), wanted, self._taken))
        self._shown, self._wrote = made_from, now
