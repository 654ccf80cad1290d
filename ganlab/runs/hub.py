"""All runs of one server and those on disk, and how many of them may train at once."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from ganlab.config import TrainConfig, spare_cores
from ganlab.data import own_images, own_pixels
from ganlab.data.dataset import Announce
from ganlab.data.download import data_root
from ganlab.formatting import count_of, in_words
from ganlab.measure.reading import INSTRUMENTS
from ganlab.runs import pace, swept_run
from ganlab.runs.disk import library, lock
from ganlab.runs.disk.folder import RunFolder
from ganlab.runs.job import Job
from ganlab.runs.pace import Pace
from ganlab.runs.run import Run, SteeredRun
from ganlab.runs.saved_run import SavedRun
from ganlab.runs.training_run import TrainingRun

PATIENCE = 10.0  # seconds for a run to pause when another one is to start in its place


class Refused(Exception):
    """The hub can't do it now; the message says why, in one sentence."""


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except (ValueError, OSError) as error:
        raise Refused(in_words(error)) from None


def _readable(run: SavedRun) -> SavedRun:
    """The same run. Raises LookupError, in one sentence, if it can't be read."""
    try:
        _ = run.summary
    except ValueError as error:
        raise LookupError(str(error)) from None
    return run


class RunHub:
    """All runs. At most `limit` of this server's train at once; paused ones don't count."""

    def __init__(self, limit: int | None = None) -> None:
        self.limit = limit or spare_cores()
        self._runs: dict[str, TrainingRun] = {}
        self._saved: dict[str, SavedRun] = {}
        self._reading: dict[Path, Job] = {}
        self._paces: dict[tuple[object, ...], Pace | None] = {}
        self._measuring: Job | None = None
        self._lock = threading.RLock()  # for the runs: a start may hold it for seconds
        self._jobs_lock = threading.Lock()

    @property
    def runs(self) -> list[Run]:
        """This server's runs, the newest first, then those on disk, the newest first. Opens no file."""
        return [*reversed(list(self._runs.values())), *self.earlier]

    @property
    def in_progress(self) -> list[TrainingRun]:
        """The runs of this server that have not ended, the newest first."""
        return [run for run in reversed(list(self._runs.values())) if not run.latest.status.ended]

    @property
    def earlier(self) -> list[SavedRun]:
        """The runs on disk that this server has not started, the newest first."""
        paths = {path.name: path for path in library.run_paths() if path.name not in self._runs}
        self._saved = {name: self._saved.get(name) or SavedRun(path) for name, path in paths.items()}
        return list(self._saved.values())

    @property
    def in_the_way(self) -> TrainingRun | None:
        """The newest run that trains, if another one would be too many."""
        training = [run for run in self.in_progress if run.trains]
        return training[0] if len(training) >= self.limit else None

    def start(self, config: TrainConfig, instead_of: str = "") -> TrainingRun:
        """Start a run in a new folder; the run named `instead_of` is paused first, and stays so until it is resumed.

        Raises Refused, in one sentence, with nothing changed, if there is no room or it can't start.
        """
        with self._lock, _refusing(), self._paused(instead_of):
            self._make_sure_of_room()
            folder = RunFolder(library.runs_root() / library.new_run_id(), config)
            return self._started(TrainingRun(folder, instruments=INSTRUMENTS))

    def resume(self, run: Run, steps: int | None = None) -> TrainingRun:
        """Continue a paused run, or a stopped or interrupted one from its last checkpoint, to `steps` in all.

        Raises Refused, in one sentence, if there is no room or the run can't continue.
        """
        if "/" in run.run_id:
            raise Refused(f"Run {run.run_id} belongs to a sweep: continue that on Compare.")
        with self._lock, _refusing():
            training = self._runs.get(run.run_id)  # the page may not know yet that it was resumed
            if training and not training.latest.status.ended:
                training.resume()
                return training
            self._make_sure_of_room()
            folder = RunFolder.reopen(library.runs_root() / run.run_id, steps)
            self._runs.pop(run.run_id, None)
            instruments = training.instruments if training else INSTRUMENTS
            return self._started(TrainingRun(folder, instruments=instruments))

    def list_images(self, folder: Path) -> Job:
        """The job of listing a folder of the user's own images, as `own_images.keep_folder` does."""
        return self._job(folder, partial(own_images.keep_folder, folder, data_root() / "images"))

    def read_images(self, config: TrainConfig) -> Job:
        """The job of decoding the user's own images, as `own_pixels.prepare` does."""
        return self._job(own_pixels.record(config), partial(own_pixels.prepare, config))

    def _job(self, about: Path, work: Callable[[Announce], object]) -> Job:
        """The job about this file or folder that is under way, or else a new one."""
        with self._jobs_lock:
            job = self._reading.get(about)
            if not job or job.is_over or job.is_cancelled:
                job = self._reading[about] = Job(work)
            return job

    def seconds_of(self, config: TrainConfig) -> float | None:
        """About how long a run would take. None until that was measured, in the background, or if it can't be."""
        key = pace.key(config)

        def measure(announce: Announce) -> None:
            self._paces[key] = None  # tried: if it fails, it would fail again
            self._paces[key] = pace.measure(config, announce)

        with self._jobs_lock:
            if key not in self._paces and (self._measuring is None or self._measuring.is_over):
                self._measuring = Job(measure)
        measured = self._paces.get(key)
        return measured.seconds(config) if measured else None

    def training(self, run_id: str) -> SteeredRun:
        """The run with that name, to steer it. Raises Refused if nobody trains it."""
        run = self._runs.get(run_id) or self._saved.get(run_id)
        with suppress(LookupError):
            run = run or swept_run.find(run_id)
        if run is None or (run_id not in self._runs and run.latest.status.ended):
            raise Refused(f"Nothing trains run {run_id}, so it can't be changed.")
        return run

    def find(self, run_id: str) -> Run:
        """The run with that name, of this server, on disk or of a sweep. Raises LookupError, in one sentence."""
        if not all(map(library.RUN_ID.fullmatch, run_id.split("/", 1))):
            raise LookupError("That link does not name a run.")
        if "/" in run_id:
            return _readable(swept_run.find(run_id))
        if run := self._runs.get(run_id):
            if not (run.latest.status.ended and lock.held(run.path)):
                return run
            del self._runs[run_id]  # another process has resumed it
        found = {run.run_id: run for run in self.earlier}.get(run_id)
        if found is None:
            raise LookupError(f"There is no run {run_id} here. It may have been deleted.")
        return _readable(found)

    def delete(self, run_id: str) -> str:
        """Delete an ended run's files, and its folder if it holds no others; returns a sentence about those, or "".

        Raises Refused, in one sentence, if it can't be deleted.
        """
        with self._lock:
            run = self._runs.get(run_id)
            if run and not run.latest.status.ended:
                raise Refused(f"Run {run_id} has not ended: stop it first.")
            try:
                left = library.delete(library.runs_root() / run_id)
            except OSError as error:
                raise Refused(f"Run {run_id} was not deleted. {in_words(error)}") from None
            self._runs.pop(run_id, None)
            return left

    def close(self, timeout: float = 10.0) -> None:
        """Stop all runs and jobs and wait for their threads, `timeout` seconds at most."""
        deadline = time.monotonic() + timeout
        runs = list(self._runs.values())
        jobs = [job for job in (*self._reading.values(), self._measuring) if job]
        for run in runs:
            run.stop(quickly=True)
        for job in jobs:
            job.cancel()
        for run in runs:
            run.join(max(0.0, deadline - time.monotonic()))
        for job in jobs:
            job.join(max(0.0, deadline - time.monotonic()))

    def _started(self, run: TrainingRun) -> TrainingRun:
        self._runs[run.run_id], run.room = run, self._room
        return run.start()

    @contextmanager
    def _paused(self, run_id: str) -> Iterator[None]:
        """Pause a run that trains, and wait until it has; if what follows fails, it resumes."""
        run = self._runs.get(run_id)
        if run is None or not run.trains or run.latest.status.ended:
            yield
            return
        run.pause()
        try:
            if not run.is_idle(within=PATIENCE):
                raise Refused(f"{run.name} does not pause within {PATIENCE:.0f} seconds: try again later.")
            yield
        except BaseException:
            run.resume()
            raise

    @contextmanager
    def _room(self) -> Iterator[None]:
        """Around what lets one more run train. Raises ValueError, in one sentence, if that would be too many."""
        with self._lock:
            self._make_sure_of_room()
            yield

    def _make_sure_of_room(self) -> None:
        if run := self.in_the_way:
            runs = count_of(self.limit, "run")
            raise ValueError(
                f"{run.name} is training, and this computer trains {runs} at a time: pause or stop it first."
            )
