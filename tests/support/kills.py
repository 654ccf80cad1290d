"""Kill a training run at random times, many times, and check that it can be resumed each time. `make hold`.

The parent has imported torch and computed nothing, so that its children can be forked: a child inherits no thread.
One child trains and is killed by SIGKILL at a random time; a second one opens what it left and continues training. The
children count in memory that they share with the parent, so that what was lost is known exactly.
"""

import dataclasses
import importlib
import json
import mmap
import os
import random
import select
import signal
import struct
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from stubs import TINY, wait_until

from ganlab.runs import recorder
from ganlab.runs.disk import library
from ganlab.runs.disk.checkpoints import Checkpoint
from ganlab.runs.disk.folder import RunFolder
from ganlab.runs.hub import RunHub
from ganlab.runs.snapshot import Status
from ganlab.runs.training_run import TrainingRun

importlib.import_module("torch._dynamo")  # torch imports it with the first optimiser: do it once, in the parent

EVERY = 0.03  # seconds of training between checkpoints
LONGEST = 0.6  # seconds until the kill
MORE = 2  # steps that the resumed run makes
CONFIG = dataclasses.replace(TINY, steps=1_000_000)


class Counters:
    """Numbers that a child leaves for its parent, even if it is killed."""

    NAMES = ("step", "saved", "due", "seconds", "seconds_before")

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 8 * len(self.NAMES))

    def __getitem__(self, name: str) -> float:
        return struct.unpack_from("d", self._memory, 8 * self.NAMES.index(name))[0]

    def __setitem__(self, name: str, value: float) -> None:
        struct.pack_into("d", self._memory, 8 * self.NAMES.index(name), value)


def forked(work: Callable[[], None]) -> int:
    """The id of a child that does the work."""
    if child := os.fork():
        return child
    status = 1
    try:
        work()
        status = 0
    finally:
        os._exit(status)  # without any of the parent's clean-up


def train(counters: Counters, begun: int) -> None:
    """Train endlessly, checkpointing all the time; a byte is sent to `begun` once the folder is there."""
    folder = RunFolder(library.runs_root() / library.new_run_id(), CONFIG)
    os.write(begun, b".")
    keep, add = folder.keep_checkpoint, folder.add_step

    def kept(checkpoint: Checkpoint) -> list:
        counters["due"] = checkpoint.step
        deleted = keep(checkpoint)
        counters["saved"] = checkpoint.step
        return deleted

    def added(row: dict, *more: object) -> None:
        counters["seconds_before"], counters["seconds"] = counters["seconds"], row["seconds"]
        counters["step"] = row["step"]
        add(row, *more)

    folder.keep_checkpoint, folder.add_step = kept, added
    recorder.WORTH = 0  # a slow disk is no reason for a longer interval
    TrainingRun(folder, checkpoint_every=EVERY).run()


def reopen(answer: int) -> None:
    """Resume what is left, as a new server does; what it was and what it became goes to `answer` as JSON."""
    hub = RunHub(limit=1)
    (run,) = hub.runs
    last = hub.find(run.run_id).latest
    steps = last.step + MORE
    resumed = hub.resume(run, steps)
    assert resumed.join(30)
    end = resumed.latest
    result = {
        "status": last.status,
        "step": last.step,
        "seconds": last.seconds,
        "warning": last.warning,
        "whole": last.step == len(last.history) and (last.step == 0 or last.samples is not None),
        "resumed": end.status is Status.FINISHED and end.step == len(end.history) == steps,
        "estimates": end.history["critic_estimate"].tolist(),
    }
    with os.fdopen(answer, "w") as file:
        json.dump(result, file)


def waited(child: int, seconds: float = 60.0) -> int:
    """How the child ended: 0, 1 or minus the signal that killed it. Raises TimeoutError if it does not end."""
    deadline = time.monotonic() + seconds
    while not (ended := os.waitpid(child, os.WNOHANG))[0]:
        if time.monotonic() > deadline:
            raise TimeoutError(f"child {child} does not end")
        select.select([], [], [], 0.002)
    return os.waitstatus_to_exitcode(ended[1])


def kill_once(folder: Path, after: float, saved: bool) -> tuple[dict, Counters]:
    """Kill one run after this many seconds; returns what `reopen` answers and what the run had counted.

    The seconds begin when its folder is there; if it is to have `saved` something, at its first checkpoint.
    """
    os.environ["GANLAB_RUNS"] = str(folder)
    counters = Counters()
    begun, begins = os.pipe()
    child = forked(lambda: train(counters, begins))
    os.close(begins)
    assert os.read(begun, 1) == b"."
    os.close(begun)
    wait_until(lambda: not saved or counters["saved"])
    select.select([], [], [], after)
    os.kill(child, signal.SIGKILL)
    if (ended := waited(child)) != -signal.SIGKILL:
        raise ChildProcessError(f"the run ended by itself, with status {ended}")
    answered, answers = os.pipe()
    child = forked(lambda: reopen(answers))
    os.close(answers)
    with os.fdopen(answered) as file:
        text = file.read()
    waited(child)
    return json.loads(text or "{}"), counters


def judge(result: dict, counters: Counters) -> str:
    """A sentence about what is wrong; empty if nothing is."""
    if not result or result["status"] != Status.INTERRUPTED or not result["whole"] or result["warning"]:
        return f"not reopened: {result}"
    if not result["resumed"]:
        return "not resumed"
    # A checkpoint exists once it is renamed, shortly before the child counts it.
    if result["step"] not in (counters["saved"], counters["due"]):
        return f"a finished checkpoint is gone: step {result['step']} of {counters['saved']}"
    # A checkpoint is due after the first step that ends an interval or more after the last checkpoint.
    if counters["seconds_before"] - result["seconds"] >= EVERY:
        return f"more than an interval is lost: {counters['seconds_before'] - result['seconds']} s"
    return ""


def main(many: int) -> int:
    """Kill this many runs; returns 0 if all of them could be resumed."""
    draws = random.Random(1701)
    lost, began, problems, course = [], time.monotonic(), 0, []
    with tempfile.TemporaryDirectory() as scratch:
        for i in range(many):
            result, counters = kill_once(Path(scratch, str(i)), draws.uniform(0, LONGEST), saved=i == 0)
            problem = judge(result, counters)
            estimates = result.get("estimates", [])
            if any(mine != theirs for mine, theirs in zip(estimates, course, strict=False)):
                problem = problem or "its course differs from the others"  # their settings are equal
            course = max(course, estimates, key=len)
            if problem:
                problems += 1
                print(f"kill {i}: {problem}")
                continue
            seconds = max(0.0, counters["seconds"] - result["seconds"])
            lost.append((int(counters["step"] - result["step"]), seconds, int(counters["step"]), result["step"] == 0))
    print(f"{many} kills, {many - problems} reopened and resumed, in {time.monotonic() - began:.0f} s")
    if lost:
        steps, seconds, reached, fresh = zip(*lost, strict=True)
        print(f"killed after {min(reached)} to {max(reached)} steps, {sum(fresh)} of them before the first checkpoint")
        print(f"largest loss {max(steps)} steps, {1000 * max(seconds):.0f} ms; an interval is {1000 * EVERY:.0f} ms")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 200))
