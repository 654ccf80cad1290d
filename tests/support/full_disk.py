"""Whether a run survives a full disk: it says so, trains on, and later saves every row. `make hold`.

The disk is a small one in memory, which only this program's child sees.
"""

import dataclasses
import subprocess
import sys
import tempfile
from pathlib import Path

from stubs import TINY, wait_until

from ganlab.runs.disk import checkpoints, tables
from ganlab.runs.disk.folder import RunFolder
from ganlab.runs.snapshot import Status
from ganlab.runs.training_run import TrainingRun

KILOBYTES, FREED = 1500, 1000  # of the disk, and of another file on it, which is deleted
MORE = 500  # steps that the run makes on the full disk, and after it has recovered
EVERY = 0.5  # seconds of training between checkpoints
# A mount of the child's own: it is gone when the child has ended.
MOUNT = f'mount -t tmpfs -o size={KILOBYTES}k tmpfs "$1" && shift && exec "$@"'


def fill_and_free(disk: Path) -> int:
    """Train until the disk is full, and on; returns 1 if anything is lost after some of it is freed."""
    other = disk / "other"
    other.write_bytes(bytes(1024 * FREED))
    run = TrainingRun(RunFolder(disk / "run", dataclasses.replace(TINY, steps=10_000_000)), checkpoint_every=EVERY)
    run.start()
    wait_until(lambda: run.latest.warning, 300)
    full = run.latest
    print(f"step {full.step:,}: {full.warning}", flush=True)
    wait_until(lambda: run.latest.step >= full.step + MORE, 300)
    waiting = run.latest.step - len(tables.metrics(run.path))
    other.unlink()
    wait_until(lambda: not run.latest.warning, 300)
    freed = run.latest
    print(f"step {freed.step:,}: {FREED:,} kB are free again; {waiting:,} rows that waited are written", flush=True)
    wait_until(lambda: run.latest.step >= freed.step + MORE, 300)
    run.stop()
    assert run.join(60)
    last, (newest, damaged) = run.latest, checkpoints.newest(run.path)
    steps = tables.history(run.path)["step"]
    print(f"step {last.step:,}: stopped, with {len(steps):,} rows")
    whole = steps.tolist() == list(range(1, last.step + 1))
    saved = newest is not None and newest.step == last.step and not damaged
    return int(not whole or not saved or last.status is not Status.STOPPED or bool(last.warning))


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="ganlab-disk-") as disk:
        inside = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", MOUNT, "sh", disk]
        if sys.platform != "linux" or subprocess.run([*inside, "true"], capture_output=True).returncode:
            print("Skipped: this computer lets nobody mount a small disk.")
            return 0
        return subprocess.run([*inside, sys.executable, __file__, disk]).returncode


if __name__ == "__main__":
    sys.exit(fill_and_free(Path(sys.argv[1])) if len(sys.argv) > 1 else main())
