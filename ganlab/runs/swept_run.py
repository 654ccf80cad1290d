"""A run of a sweep, which may not have begun yet."""

from functools import cache, lru_cache
from pathlib import Path

from ganlab.config import TrainConfig
from ganlab.runs.disk import library
from ganlab.runs.disk.damage import is_file
from ganlab.runs.history import NO_HISTORY
from ganlab.runs.saved_run import SavedRun
from ganlab.runs.snapshot import Snapshot, Status
from ganlab.runs.sweep import FILE, Sweep


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


def runs_of(path: Path) -> list[SweptRun]:
    """The runs of the sweep in a folder, even those that have not begun. Raises Damaged, and OSError."""
    return list(_runs(path, (path / FILE).stat().st_mtime_ns))


def find(run_id: str) -> SweptRun:
    """The run SWEEP/NAME. Raises LookupError, in one sentence, if there is none, or if it has not begun."""
    sweep, _, name = run_id.partition("/")
    try:
        path = library.sweep_paths()[sweep]
        run = next(run for run in runs_of(path) if run.path.name == name)
    except (KeyError, StopIteration, OSError, ValueError):
        raise LookupError(f"There is no run {run_id} here. It may have been deleted.") from None
    if not run.has_begun:
        raise LookupError(f"Run {run_id} has not begun: its sweep trains other runs first.")
    return run


@lru_cache(maxsize=8)
def _runs(path: Path, _stamp: int) -> tuple[SweptRun, ...]:
    """Read again when sweep.json has changed: it may hold thousands of settings."""
    return tuple(_run(path / name, config) for name, config in Sweep(path).runs.items())


_run = cache(SweptRun)
"""One object for each run, so that what it has read is kept."""
