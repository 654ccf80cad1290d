"""The processes that train a sweep's runs, one run at a time each, on this computer or on a Dask cluster."""

import io
import math
import os
import shutil
import signal
import tempfile
import threading
import time
import zipfile
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import joblib
from joblib.externals.loky import ProcessPoolExecutor

from ganlab.config import TrainConfig
from ganlab.formatting import in_words
from ganlab.measure.reading import INSTRUMENTS
from ganlab.runs.disk import library, lock
from ganlab.runs.disk.damage import is_file
from ganlab.runs.disk.folder import RunFolder
from ganlab.runs.sweep import STOP, cancel
from ganlab.runs.training_run import TrainingRun

POLL_EVERY = 0.5  # seconds between checks whether runs have ended or are to stop
PATIENCE = 60.0  # seconds for a run that another process trains, such as a worker whose parent was killed
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
TWICE_KILLED = "Its worker was killed twice, such as for lack of memory: start the sweep again to resume it."
LEAVE_AFTER = 10.0  # seconds after which a cluster's runs, which may not see that they are to stop, are left

_training = threading.Lock()  # held by this process while it trains a run
_orphaned = threading.Event()  # set once the parent of this worker is gone


class Task(NamedTuple):
    """A run to train, as a worker receives it."""

    sweep: Path  # the sweep's folder
    name: str
    config: TrainConfig
    mark: str = ""  # a file in that folder; a worker that does not see it is on another disk


class Outcome(NamedTuple):
    """What a worker returns: why it could not train the run, if so, and the run's folder as a ZIP from another disk."""

    problem: str = ""
    folder: bytes = b""


class Pool(NamedTuple):
    """Where to train: how many runs at once, each in an executor of one worker that `make()` returns."""

    size: int
    make: Callable[[], Executor]
    mark: str = ""  # as in Task


def local(sweep: Path, size: int | None = None) -> Pool:
    """Processes of this computer: as many as it has cores, by default."""

    def make() -> Executor:
        return ProcessPoolExecutor(1, initializer=_stay_with, initargs=(os.getpid(), sweep), env=ONE_THREAD)

    return Pool(size or joblib.cpu_count(), make)


@contextmanager
def cluster(sweep: Path, address: str) -> Iterator[Pool]:
    """The workers of a Dask scheduler, one run for each of their threads. Raises ValueError or OSError."""
    try:
        from distributed import Client
    except ImportError:
        raise ValueError("--dask needs Dask: pip install distributed.") from None
    with tempfile.NamedTemporaryFile(prefix=".", suffix=".mark", dir=sweep) as mark, Client(address) as client:
        size = sum(client.nthreads().values())
        if not size:
            raise ValueError(f"The scheduler at {address} has no workers: start some with `dask worker {address}`.")
        yield Pool(size, lambda: client.get_executor(pure=False), Path(mark.name).name)


def outcomes(tasks: Sequence[Task], pool: Pool, stopping: Callable[[], bool]) -> Generator[tuple[str, str] | None]:
    """Train runs; yields the name of each as it ends and why it could not be trained, if so; None now and then.

    Once `stopping` is true, no other run begins. A run whose worker is killed gets another one, but only once.
    """
    waiting, killed = deque(tasks), Counter[str]()
    idle = [pool.make() for _ in range(min(pool.size, len(tasks)))]
    running: dict[Future[Outcome], tuple[Task, Executor]] = {}
    leaves_at = math.inf
    try:
        while running or (waiting and not stopping()):
            while waiting and idle and not stopping():
                executor, task = idle.pop(), waiting.popleft()
                try:
                    future = executor.submit(train, task)
                except BrokenExecutor:  # its worker was killed while it waited
                    executor = pool.make()
                    future = executor.submit(train, task)
                running[future] = task, executor
            done, _ = wait(running, POLL_EVERY, FIRST_COMPLETED)
            if not done:
                yield None
            for future in done:
                task, executor = running.pop(future)
                was_killed = isinstance(future.exception(), BrokenExecutor)
                if was_killed:
                    executor.shutdown(wait=False)
                    executor = pool.make()
                    killed[task.name] += 1
                idle.append(executor)
                if was_killed and killed[task.name] < 2:
                    waiting.appendleft(task)
                else:
                    yield task.name, _problem(task, future)
            if pool.mark and stopping():
                leaves_at = min(leaves_at, time.monotonic() + LEAVE_AFTER)
                if time.monotonic() >= leaves_at:
                    return
    finally:
        for task, executor in running.values():
            with suppress(OSError):  # where its folder is gone, a worker stops by itself
                cancel(task.sweep)  # something has failed here
            idle.append(executor)
        for executor in idle:
            executor.shutdown(wait=not pool.mark)


def _problem(task: Task, future: "Future[Outcome]") -> str:
    """Why a run could not be trained, "" if it was. Unpacks the run's folder if it came back."""
    error = future.exception()
    if isinstance(error, BrokenExecutor):
        return TWICE_KILLED
    if error:
        return in_words(error) if isinstance(error, Exception) else repr(error)
    outcome = future.result()
    if outcome.folder:
        try:
            _unpack(outcome.folder, task.sweep / task.name)
        except OSError as refusal:
            return in_words(refusal)
    return outcome.problem


def train(task: Task) -> Outcome:
    """Train a run to its end, or until its sweep is cancelled or this worker's parent gone; in a worker."""
    with _training:
        if task.mark and not (task.sweep / task.mark).exists():
            with tempfile.TemporaryDirectory() as elsewhere:
                path = Path(elsewhere, task.name)
                problem, packed = _train(path, task), io.BytesIO()
                if path.exists():
                    library.export(path, packed)
                return Outcome(problem, packed.getvalue())
        return Outcome(_train(task.sweep / task.name, task))


def _train(path: Path, task: Task) -> str:
    """Train a run in a folder, or continue it; returns why it can't be trained, "" if it was."""
    deadline = time.monotonic() + PATIENCE
    while lock.held(path) and time.monotonic() < deadline and not _stopping(task.sweep):
        _orphaned.wait(POLL_EVERY)
    if _stopping(task.sweep):
        return ""
    try:
        run = TrainingRun(_folder(path, task.config), instruments=INSTRUMENTS)
    except (ValueError, OSError) as error:
        return in_words(error)
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(POLL_EVERY):
            if _stopping(task.sweep):
                run.stop(quickly=True)
                return

    watcher = threading.Thread(target=watch, name=f"ganlab-watch-{task.name}", daemon=True)
    watcher.start()
    try:
        return run.run().error
    finally:
        ended.set()
        watcher.join()


def _folder(path: Path, config: TrainConfig) -> RunFolder:
    if is_file(path / "config.json"):
        return RunFolder.reopen(path)
    if path.is_dir():  # as a kill left it before there were settings in it
        library.delete(path)
    return RunFolder(path, config)


def _stopping(sweep: Path) -> bool:
    return _orphaned.is_set() or (sweep / STOP).exists()


def _stay_with(parent: int, sweep: Path) -> None:
    """Set up a worker: Ctrl-C and SIGTERM are its parent's, and once that is gone, its run is stopped and it ends."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)

    def end_with() -> None:
        # On Windows a process keeps the number of its parent; the lock is free once the parent is gone.
        while os.getppid() == parent and lock.held(sweep):
            _orphaned.wait(2 * POLL_EVERY)
        _orphaned.set()
        with _training:
            os._exit(0)

    threading.Thread(target=end_with, daemon=True).start()


def _unpack(folder: bytes, path: Path) -> None:
    """Unpack a run's folder in place of what there is of it. Raises OSError."""
    part = path.with_name(f".{path.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    with zipfile.ZipFile(io.BytesIO(folder)) as archive:
        archive.extractall(part)
    if path.is_dir():
        library.delete(path)
    os.replace(part / path.name, path)
    part.rmdir()
