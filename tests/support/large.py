"""How long Home and Compare take to list 300 runs, and Train to open one of 200,000 steps. `make hold`.

The runs are copies of a short one that is trained now; in the long one its rows are repeated, the steps counted on.
"""

import csv
import dataclasses
import json
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from gauges import LINUX, usage
from served import Server, interrupt, serve
from visitor import visit

from ganlab.runs.disk import checkpoints
from ganlab.runs.saved_run import SavedRun

RUNS, STEPS, TRAINED = 300, 200_000, 1000
COUNTED = ("step", "critic_step", "seconds")  # columns that grow


def lengthened(run: Path) -> None:
    """Make this run one of STEPS steps."""
    checkpoint, _ = checkpoints.newest(run)
    assert checkpoint
    times = STEPS // checkpoint.step
    for name in ("metrics.csv", "layers.csv", "instruments.csv"):
        head, *rows = csv.reader((run / name).read_text().splitlines())
        last = dict(zip(head, rows[-1], strict=True)) | {"step": str(checkpoint.step)}
        with (run / name).open("w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(head)
            grow = [(i, float(last[column])) for i, column in enumerate(head) if column in COUNTED]
            for k in range(times):
                for row in rows:
                    added = row.copy()
                    for i, whole in grow:
                        value = float(row[i]) + k * whole
                        added[i] = str(int(value)) if head[i] != "seconds" else f"{value:.3f}"
                    writer.writerow(added)
    config = dataclasses.replace(checkpoint.config, steps=STEPS)
    (run / "config.json").write_text(
        (run / "config.json").read_text().replace(f'"steps": {checkpoint.step}', f'"steps": {STEPS}')
    )
    critic_step, seconds = checkpoint.critic_step * times, checkpoint.seconds * times
    longer = dataclasses.replace(checkpoint, config=config, step=STEPS, critic_step=critic_step, seconds=seconds)
    checkpoints.write(run, longer)
    end = json.loads((run / "ended.json").read_text()) | {"step": STEPS, "critic_step": critic_step, "seconds": seconds}
    (run / "ended.json").write_text(json.dumps(end))
    latest = SavedRun(run).latest
    assert len(latest.history) == latest.step == STEPS, latest.warning


def timed(server: Server, page: str, query: str = "") -> str:
    """Seconds until a page's script has ended, in a new tab, the first time and the second."""
    times = []
    for _ in range(2):
        with visit(server.url) as visitor:
            began = time.monotonic()
            visitor.open(page, query)
            times.append(time.monotonic() - began)
    return f"{times[0]:.2f} s, the second time {times[1]:.2f} s"


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="ganlab-large-") as scratch, ExitStack() as stack:
        folder = Path(scratch)
        runs, first = folder / "runs", folder / "runs" / "run-000"
        train = ["--dataset", "8-gaussians", "--steps", str(TRAINED), "--width", "32", "--instruments", "--out", first]
        subprocess.run([sys.executable, "-m", "ganlab", "train", *train], check=True, capture_output=True)
        for i in range(1, RUNS):
            shutil.copytree(first, runs / f"run-{i:03}")
        server = serve(folder)
        stack.callback(interrupt, server)
        print("Weight clipping, for the imports:", timed(server, "Weight_Clipping"))
        print(f"Home with {RUNS} runs: {timed(server, '')}")
        print(f"Compare with {RUNS} runs: {timed(server, 'Compare')}")
        for n in (1, 8):
            runs_compared = ",".join(f"run-{i:03}" for i in range(n))
            print(f"Compare, {n} picked: {timed(server, 'Compare', f'runs={runs_compared}')}")
        print(f"Train, a run of {TRAINED:,} steps: {timed(server, 'Train', 'run=run-000')}")
        lengthened(runs / "run-001")
        print(f"Train, a run of {STEPS:,} steps: {timed(server, 'Train', 'run=run-001')}")
        if LINUX:
            print(f"{usage(server.process.pid).rss:.0f} MB")


if __name__ == "__main__":
    main()
