"""What the instruments cost a run: `python bench/instruments.py [SECONDS]`, by default 40 for each of four runs.

Two presets, each with all instruments on and with none. Shares are of the CPU time of the run's thread, as the run
counts it (from its first step) and as measured around the whole run, including loading and saving. On a busy computer
compare steps per CPU second.
"""

import dataclasses
import sys
import tempfile
import threading
import time
from pathlib import Path

from ganlab.config import TrainConfig
from ganlab.data import datasets
from ganlab.measure.reading import INSTRUMENTS
from ganlab.presets import PRESETS
from ganlab.runs.disk.folder import RunFolder
from ganlab.runs.snapshot import Snapshot
from ganlab.runs.training_run import TrainingRun


class Timed(TrainingRun):
    """Records the CPU time of its thread, and when its first reading appeared."""

    cpu = first = 0.0

    def run(self) -> Snapshot:
        start = time.thread_time()
        last = super().run()
        self.cpu = time.thread_time() - start
        return last


def measured(config: TrainConfig, which: frozenset[str], seconds: float) -> str:
    """The results of one run of this length, in words."""
    with tempfile.TemporaryDirectory() as folder:
        run = Timed(RunFolder(Path(folder, "r"), config), instruments=which).start()
        start, worst, pause = time.perf_counter(), 0.0, threading.Event()
        while (now := time.perf_counter() - start) < seconds:
            latest = run.latest
            run.first = run.first or (now if latest.reading else 0.0)
            worst = max(worst, latest.instruments_share if now > seconds / 4 else 0.0)
            pause.wait(0.02)
        run.stop()
        run.join()
        last = run.latest
        worst = max(worst, last.instruments_share)
    speed = f"{last.step / last.seconds:.1f} steps/s, {last.step / run.cpu:.2f} per CPU second"
    if not which:
        return f"off: {speed}"
    looks = last.readings[:, -1]
    whole = f"{looks.sum() / run.cpu:.2%} of {run.cpu:.1f} s CPU"
    cost = f"{len(looks)} looks of {looks.min():.2f} to {looks.max():.2f} s CPU, first reading after {run.first:.1f} s"
    return f"on: {speed}, share {last.instruments_share:.2%}, at most {worst:.2%} ({whole}); {cost}"


if __name__ == "__main__":
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 40.0
    for name in ("digits", "8-gaussians"):
        preset = dataclasses.replace(PRESETS[name], steps=10**6)
        datasets.load(preset)
        for on in (INSTRUMENTS, frozenset()):
            print(f"{name}: {measured(preset, on, seconds)}", flush=True)
