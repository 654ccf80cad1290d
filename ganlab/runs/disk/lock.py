"""Which process trains in a run folder."""

import threading
from pathlib import Path

from filelock import FileLock, Timeout

LOCK = "run.lock"
"""Held by the process that trains the run; the system lets go of it when that process ends, however it ends."""
_probing = threading.Lock()  # who looks takes the lock for a moment: two lookers must not see each other


class Busy(OSError):
    """Another process, or another run of this one, trains in that folder."""


def locked(path: Path, patience: float = 0.5) -> FileLock:
    """The folder's lock, taken. Raises Busy if it is not free within `patience` seconds.

    FileNotFoundError if there is no such folder: it is not made.
    """
    if not path.is_dir():
        raise FileNotFoundError(f"There is no run {path.name} here. It may have been deleted.")
    lock = FileLock(path / LOCK, thread_local=False)  # taken by the page's thread, let go by the run's
    try:
        lock.acquire(timeout=patience)
    except Timeout:
        raise Busy(f"Run {path.name} is being trained by another process.") from None
    return lock


def held(path: Path) -> bool:
    """Whether a process trains in this folder."""
    if not (path / LOCK).exists():
        return False
    try:
        with _probing:
            locked(path, patience=0.1).release()  # another process may be looking too
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False
