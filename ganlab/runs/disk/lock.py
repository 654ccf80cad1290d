"""Which process trains in a run folder."""

import threading
from pathlib import Path

from filelock import FileLock, Timeout

# Held by the process that trains the run; the system releases it when that process ends, however it ends.
LOCK = "run.lock"
_probing = threading.Lock()  # `held` takes the lock for a moment: two threads must not see each other's


class Busy(OSError):
    """Another process, or another run of this process, trains in that folder."""


def locked(path: Path, patience: float = 0.5) -> FileLock:
    """The lock of a folder that exists, acquired. Raises OSError; Busy if it is not free within `patience` seconds."""
    if not path.is_dir():
        raise FileNotFoundError(f"There is no run {path.name} here. It may have been deleted.")
    if (path / LOCK).is_dir():
        raise OSError(f"{path.name}/{LOCK} is a folder, where ganlab needs a file: delete it.")
    lock = FileLock(path / LOCK, thread_local=False)  # acquired by the page's thread, released by the run's
    try:
        lock.acquire(timeout=patience)
    except Timeout:
        raise Busy(f"Run {path.name} is being trained by another process.") from None
    return lock


def held(path: Path) -> bool:
    if not (path / LOCK).is_file():
        return False
    try:
        with _probing:
            locked(path, patience=0.1).release()  # another process may probe it too
    except OSError as error:
        return not isinstance(error, FileNotFoundError)
    return False
