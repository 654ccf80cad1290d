"""What a server and its runs show from outside: steps, and on Linux CPU time, memory, threads and open files."""

import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

LINUX = Path("/proc/self/statm").exists()


class Usage(NamedTuple):
    rss: float  # MB
    threads: int
    files: int


def usage(pid: int) -> Usage:
    """What a process uses now. Raises OSError if it has ended, and where there is no /proc."""
    process = Path(f"/proc/{pid}")
    pages = int((process / "statm").read_text().split()[1])
    rss = pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    return Usage(rss, len(os.listdir(process / "task")), len(os.listdir(process / "fd")))


def cpu_seconds(pid: int) -> dict[str, float]:
    """CPU time of a process, with its ended threads, and of each living thread; empty where there is no /proc."""
    seconds = {}
    for stat in (Path(f"/proc/{pid}/stat"), *Path(f"/proc/{pid}/task").glob("*/stat")):
        with suppress(OSError):  # a thread may end while we look
            user, system = stat.read_text().rpartition(")")[2].split()[11:13]
            name = f"thread {stat.parent.name}" if "task" in stat.parts else "process"
            seconds[name] = (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
    return seconds


def progress(run: Path) -> tuple[int, float]:
    """The steps and the training seconds that the run in this folder has recorded; zeros before the first step."""
    metrics = run / "metrics.csv"
    if not metrics.exists():
        return 0, 0.0
    with metrics.open("rb") as file:
        file.seek(max(0, metrics.stat().st_size - 4096))
        row = file.read().decode().rsplit("\n", 2)[-2:][0]  # the last whole row; the next is still being written
    step, *_, seconds = row.split(",")
    return (int(step), float(seconds)) if step.isdigit() else (0, 0.0)
