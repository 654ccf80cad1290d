"""A run of a sweep, which may not have begun yet."""

from pathlib import Path

from ganlab.config import TrainConfig
from ganlab.runs.disk.damage import is_file
from ganlab.runs.history import NO_HISTORY
from ganlab.runs.saved_run import SavedRun
from ganlab.runs.snapshot import Snapshot, Status


class SweptRun(SavedRun):
    """Its ID is SWEEP/NAME; until it begins, all that is known are its settings."""

    def __init__(self, path: Path, config: TrainConfig) -> None:
        super().__init__(path)
        self.planned = config
        self.run_id = f"{path.parent.name}/{path.name}"
        self._waiting = Snapshot(run_id=path.name, status=Status.WAITING, message="", config=config, history=NO_HISTORY)

    @property
    def has_begun(self) -> bool:
        return is_file(self.path / "config.json")

    @property
    def config(self) -> TrainConfig:
        return super().config if self.has_begun else self.planned

    @property
    def latest(self) -> Snapshot:
        return super().latest if self.has_begun else self._waiting

    @property
    def summary(self) -> Snapshot:
        return super().summary if self.has_begun else self._waiting

    @property
    def record(self) -> Snapshot:
        return super().record if self.has_begun else self._waiting

    @property
    def tables(self) -> Snapshot:
        return super().tables if self.has_begun else self._waiting
