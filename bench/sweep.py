"""How much faster a sweep is on two processes: `PYTHONPATH=. python bench/sweep.py`. Half an hour on two cores.

12 digits runs of 300 steps, on one process and on two, three times in turn, each time in a new folder. Prints the
seconds of every sweep, with the start of its processes, the median of the three ratios, and the load before each; and
whether all six sweeps have the same metrics, bit for bit. Needs a quiet computer with at least two cores.
"""

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from ganlab.runs import workers
from ganlab.runs.disk import tables
from ganlab.runs.snapshot import Status
from ganlab.runs.sweep import Sweep, combinations
from ganlab.runs.workers import Task

RANGES = [(-c, c) for c in (0.003, 0.01, 0.03)]


def trained(folder: Path, processes: int, steps: int) -> tuple[float, dict[str, np.ndarray]]:
    """The seconds of a sweep, and the metrics of its runs, without their times."""
    sweep = Sweep(folder)
    with sweep.taken():
        sweep.add(combinations({"dataset": ["digits"], "clip_range": RANGES, "seed": range(4), "steps": [steps]}))
        sweep.save()
        tasks = [Task(folder, name, config) for name, config in sweep.runs.items()]
        began = time.perf_counter()
        for ended in workers.outcomes(tasks, workers.local(folder, processes), lambda: False):
            if ended:
                sweep.note(*ended)
        took = time.perf_counter() - began
    assert {row["state"] for row in sweep.rows.values()} == {Status.FINISHED}
    return took, {name: tables.metrics(folder / name)[:, :-1] for name in sweep.runs}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--steps", type=int, default=300)
    options = parser.parse_args()
    ratios, metrics = [], []
    for _ in range(options.pairs):
        seconds = {}
        for processes in (1, 2):
            load = os.getloadavg()[0]
            with tempfile.TemporaryDirectory() as folder:
                seconds[processes], one = trained(Path(folder, "sweep"), processes, options.steps)
            metrics.append(one)
            print(f"{processes} at a time: {seconds[processes]:.1f} s, load {load:.1f} before", flush=True)
        ratios.append(seconds[1] / seconds[2])
    same = all(np.array_equal(one[name], metrics[0][name], equal_nan=True) for one in metrics for name in one)
    times = f"{statistics.median(ratios):.2f} times as fast, of {', '.join(f'{ratio:.2f}' for ratio in ratios)}"
    print(f"median {times}; metrics equal bit for bit: {same}")


if __name__ == "__main__":
    main()
