"""Sweeps in processes of their own, which outlive the one that starts them."""

import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from ganlab.config import TrainConfig
from ganlab.runs.disk.damage import check_file
from ganlab.runs.sweep import STOP, TABLE, Sweep, cancel, is_running

LOG = "sweep.log"  # what the process prints
PREFIX = "ganlab: "  # of the line in which a command says why it ended
PACKAGE = Path(__file__).parents[1]
_processes: dict[Path, "subprocess.Popen[bytes]"] = {}  # that this one has started, by the sweep's folder


def start(path: Path, runs: Mapping[str, TrainConfig]) -> None:
    """Add runs to the sweep in a folder, which need not exist, and train all that are missing.

    Does nothing if it is under way. Raises OSError, Busy among them, and ValueError, each in one sentence.
    """
    if under_way(path):
        return
    sweep = Sweep(path)
    if not (runs or sweep.runs):
        raise ValueError(f"There is no sweep {path.name} here. It may have been deleted or renamed.")
    with sweep.taken():
        sweep.add(runs)
        sweep.save()
    if sweep.missing:
        _processes[path] = _spawn(path)


def _spawn(path: Path) -> "subprocess.Popen[bytes]":
    paths = [str(PACKAGE.parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "TQDM_DISABLE": "1"}
    command = [sys.executable, "-m", PACKAGE.name, "sweep", "--out", str(path.resolve())]
    with (path / LOG).open("wb") as log:
        return subprocess.Popen(
            command,
            env=environment,
            start_new_session=True,  # Ctrl-C at the terminal of this process is not for it
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def under_way(path: Path) -> bool:
    """Whether a process runs the sweep in a folder, or is about to."""
    return is_running(path) or _starts(path)


def all_under_way(paths: Mapping[str, Path]) -> list[str]:
    """The names of the sweeps that are under way."""
    return sorted(name for name, path in paths.items() if under_way(path))


def _starts(path: Path) -> bool:
    process = _processes.get(path)
    return process is not None and process.poll() is None


def stopping(path: Path) -> bool:
    """Whether a sweep has been told to stop, by anyone, and has not ended yet."""
    return (path / STOP).exists() and under_way(path)


def stop(path: Path) -> None:
    """Have a sweep stop all its runs after their step; it can be continued. Raises OSError."""
    running = is_running(path)
    if running or _starts(path):
        cancel(path)
    if not running and _starts(path):  # it has yet to begin, and then deletes the file that `cancel` writes
        _processes[path].terminate()


def problem(path: Path) -> str:
    """Why the newest process of a sweep ended early, in one sentence; "" if it runs, or did not say."""
    if under_way(path):
        return ""
    with suppress(OSError, ValueError):  # no log, or one that may not be read, or the sweep is being deleted
        check_file(path / LOG, 2**24)
        if (path / TABLE).stat().st_mtime_ns > (path / LOG).stat().st_mtime_ns:
            return ""  # another process has run it since, such as `ganlab sweep` in a terminal
        *_, last = ["", *(path / LOG).read_text(errors="replace").splitlines()]
        return last.removeprefix(PREFIX) if last.startswith(PREFIX) else ""
    return ""
