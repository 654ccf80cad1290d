"""A run of this process, as everybody but its own thread knows it: commands go down, and snapshots come up."""

from typing import Any

from ganlab.config import TrainConfig
from ganlab.measure.reading import INSTRUMENTS
from ganlab.runs.disk.folder import RunFolder
from ganlab.runs.mailbox import Command, Mailbox
from ganlab.runs.run import SteeredRun
from ganlab.runs.snapshot import Snapshot


class RunHere(SteeredRun):
    """One run, its folder and its mailbox."""

    def __init__(self, folder: RunFolder, first: Snapshot) -> None:
        self.folder, self.path, self.run_id = folder, folder.path, folder.path.name
        self._mailbox = Mailbox(first)

    @property
    def config(self) -> TrainConfig:
        return self.folder.config

    @property
    def wanted(self) -> TrainConfig:
        return self._mailbox.wanted

    @property
    def instruments(self) -> frozenset[str]:
        return self._mailbox.instruments

    @property
    def latest(self) -> Snapshot:
        return self._mailbox.latest

    def uses_range(self, within: float) -> bool:
        return self._mailbox.range_used.wait(within)

    def pause(self) -> None:
        self._mailbox.commands.put(Command.PAUSE)

    def resume(self) -> None:
        self._mailbox.commands.put(Command.RESUME)

    def step(self) -> None:
        self._mailbox.commands.put(Command.STEP)

    def stop(self) -> None:
        self._mailbox.commands.put(Command.STOP)

    def change(self, /, **values: Any) -> None:
        self._mailbox.change(**values)

    def switch(self, instruments: frozenset[str]) -> None:
        self._mailbox.switch(known(instruments))


def known(instruments: frozenset[str]) -> frozenset[str]:
    """The same instruments. Raises ValueError for an unknown name."""
    if unknown := instruments - INSTRUMENTS:
        raise ValueError(f"There is no instrument {', '.join(sorted(unknown))}.")
    return instruments
