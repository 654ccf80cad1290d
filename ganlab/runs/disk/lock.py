"""Which process trains in a run folder."""

import os
import sys
import threading
from contextlib import suppress
from pathlib import Path

from filelock import FileLock, Timeout

from ganlab.runs.disk.damage import is_file

if sys.platform != "win32":
    import fcntl

# Held by the process that trains the run; the system releases it when that process ends, however it ends.
LOCK = "run.lock"
_probing = threading.Lock()  # `held` takes the lock for a moment: two threads must not see each other's


class Busy(OSError):
    """Another process, or another run of this process, trains in that folder."""


def locked(path: Path, patience: float = 0.5) -> FileLock:
    """The lock of a folder that exists, acquired. Raises OSError; Busy if it is not free within `patience` seconds."""
    if not path.is_dir():
        raise FileNotFoundError(f"There is no run {path.name} here. It may have been deleted.")
    if os.path.lexists(path / LOCK) and not is_file(path / LOCK):
        raise OSError(f"{path.name}/{LOCK} is not a file: delete it.")
    lock = FileLock(path / LOCK, thread_local=False)  # acquired by the page's thread, released by the run's
    try:
        lock.acquire(timeout=patience)
    except Timeout:
        raise Busy(f"Run {path.name} is being trained by another process.") from None
    return lock


def held(path: Path) -> bool:
    """Whether a process trains in a folder, even in one that this process may only read. Waits for nobody."""
    if not is_file(path / LOCK):
        return False
    if sys.platform != "win32":
        with suppress(OSError), (path / LOCK).open("rb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return True
        return False
    try:
        with _probing:
            locked(path, patience=0.1).release()  # another process may probe it too
    except OSError as error:
        return isinstance(error, Busy)
    return False


def writable(path: Path) -> bool:
    """Whether this process may resume, name and delete the run in a folder."""
    return os.access(path, os.W_OK) and (not is_file(path / LOCK) or os.access(path / LOCK, os.W_OK))
