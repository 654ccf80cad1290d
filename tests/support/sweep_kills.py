"""Kill a sweep's processes at random moments, restart it each time, and check what it leaves. `make hold`.

Half of the kills hit the coordinator, which is started again; the others one of its workers, which it replaces. In the
end every run must have one row, have been trained to its end once, and equal the same run trained alone, bit for bit;
and no process may be left. Linux only: processes are found in /proc.
"""

import os
import random
import secrets
import select
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from stubs import wait_until

from ganlab.gan.training import Trainer
from ganlab.runs.disk import tables
from ganlab.runs.disk.networks import read_network
from ganlab.runs.history import METRICS
from ganlab.runs.snapshot import Status
from ganlab.runs.sweep import MISSING, Sweep

RUNS = "--dataset 8-gaussians --width 16 --depth 1 --batch-size 16 --c 0.01:1:log3 --seeds 4".split()
STEPS = 1500  # of each run: some seconds
LONGEST = 12.0  # seconds until a kill; a worker needs a few to begin
MARK = "GANLAB_SWEEP_KILLS"  # a variable in the environment of every process that this program starts
WITHOUT_TIMES = [METRICS.index(column) for column in METRICS if column != "seconds"]


def processes(mark: str) -> list[int]:
    """All that were started with this mark, also by one another."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"{MARK}={mark}".encode() in (folder / "environ").read_bytes():
                found.append(int(folder.name))
        except OSError:  # another user's, or it has ended
            continue
    return found


def workers(mark: str) -> list[int]:
    named = {process: Path(f"/proc/{process}/cmdline") for process in processes(mark)}
    return [process for process, file in named.items() if file.exists() and b"popen_loky" in file.read_bytes()]


def start(folder: Path, steps: int, mark: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "ganlab", "sweep", *RUNS, "--steps", str(steps), "--out", str(folder)]
    with (folder.parent / "log").open("ab") as log:
        return subprocess.Popen(command, env=os.environ | {MARK: mark}, stdout=log, stderr=log)


def endings(folder: Path) -> dict[str, int]:
    """When each run that has finished was over, in ns: a run that is trained twice would change it."""
    rows = Sweep(folder)
    rows.refresh()
    over = [name for name, row in rows.rows.items() if row["state"] == Status.FINISHED]
    return {name: (folder / name / "ended.json").stat().st_mtime_ns for name in over}


def same_alone(folder: Path, sweep: Sweep, name: str) -> bool:
    """Whether a run's record and networks are, bit for bit, those of the same run trained by itself."""
    trainer = Trainer(sweep.runs[name])
    rows = [trainer.step()[0] | {"seconds": 0.0} for _ in range(trainer.config.steps)]
    alone = np.array([[row[column] for column in METRICS] for row in rows])
    metrics = tables.metrics(folder / name)
    same = np.array_equal(metrics[:, WITHOUT_TIMES], alone[:, WITHOUT_TIMES], equal_nan=True)
    for which, network in zip(("generator", "critic"), trainer.copies(), strict=True):
        saved, *_ = read_network(folder / name / f"{which}.safetensors", which)
        mine, theirs = network.state_dict(), saved.state_dict()
        same &= all(torch.equal(mine[key], theirs[key]) for key in mine)
    return same


def main(many: int, steps: int) -> int:
    draws, mark, problems, hits = random.Random(1701), secrets.token_hex(8), [], {"coordinator": 0, "worker": 0}
    began, load = time.monotonic(), os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as scratch:
        folder, known = Path(scratch, "sweep"), {}
        coordinator = start(folder, steps, mark)
        for i in range(many):
            select.select([], [], [], draws.uniform(0, LONGEST))
            targets = workers(mark)
            if i % 2 and targets:
                victim, kind = draws.choice(targets), "worker"
            else:
                victim, kind = coordinator.pid, "coordinator"
            try:
                os.kill(victim, signal.SIGKILL)
                hits[kind] += 1
            except ProcessLookupError:  # it has just ended
                pass
            if kind == "coordinator":
                coordinator.wait()
                coordinator = start(folder, steps, mark)
            now = endings(folder) if (folder / "sweep.json").exists() else {}
            problems += [f"{name} was trained twice" for name, when in known.items() if now.get(name) != when]
            known = now
        over = coordinator.wait(600)
        if over == 1:  # a run was given up, because two of its workers were killed
            over = start(folder, steps, mark).wait(600)
        if over:
            problems.append(f"the sweep ended with {over}: {(folder.parent / 'log').read_text()[-2000:]}")
        now = endings(folder)
        problems += [f"{name} was trained twice" for name, when in known.items() if now.get(name) != when]
        try:
            wait_until(lambda: not processes(mark), 30)
        except AssertionError:
            problems.append(f"left running: {processes(mark)}")
        sweep = Sweep(folder)
        sweep.refresh()
        table = (folder / "sweep.csv").read_text().splitlines()
        names = [row.split(",")[0] for row in table[1:]]
        if sorted(names) != sorted(sweep.runs) or len(names) != 12:
            problems.append(f"rows are missing or twice: {names}")
        problems += [f"{name}: {row}" for name, row in sweep.rows.items() if row["state"] in (MISSING, Status.FAILED)]
        problems += [f"{name} differs from the same run alone" for name in names if not same_alone(folder, sweep, name)]
        folders = [path.name for path in folder.iterdir() if path.is_dir()]
        problems += [f"{name} is no run of the sweep" for name in folders if name not in names]
    for problem in problems:
        print(problem)
    kills = ", ".join(f"{n} of a {kind}" for kind, n in hits.items())
    print(f"kills: {kills}; {len(names)} runs, each once and equal to itself alone: {not problems}")
    print(f"{time.monotonic() - began:.0f} s, load {load:.1f} before, {os.getloadavg()[0]:.1f} after")
    return 1 if problems else 0


if __name__ == "__main__":
    if not Path("/proc").is_dir():
        print("Skipped: processes are found in /proc, which this computer lacks.")
        sys.exit(0)
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10, int(sys.argv[2]) if len(sys.argv) > 2 else STEPS))
