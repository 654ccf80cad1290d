"""How much memory it takes to write a checkpoint of 34 million weights and to read it back. Linux only."""

import dataclasses
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch

from ganlab import tensorfile
from ganlab.config import TrainConfig
from ganlab.runs.disk import checkpoints
from ganlab.runs.disk.checkpoints import Checkpoint

LAYERS, WIDTH = 17, 1414  # 34 million weights, and as many numbers of the optimiser


def resident(field: str) -> float:
    """MB: `VmRSS` is what this process takes now, `VmHWM` the most it took since the last reset."""
    status = Path("/proc/self/status").read_text()
    return int(re.search(rf"{field}:\s+(\d+) kB", status)[1]) / 2**10


@contextmanager
def measured(what: str) -> Iterator[None]:
    Path("/proc/self/clear_refs").write_text("5")  # resets VmHWM
    before, began = resident("VmRSS"), time.perf_counter()
    yield
    seconds = time.perf_counter() - began
    print(f"{what}: at most {resident('VmHWM') - before:.0f} MB more than before, {seconds:.1f} s")


def main() -> None:
    names = [f"critic.{i}.weight" for i in range(LAYERS)] + [f"critic_optimizer.{i}.square_avg" for i in range(LAYERS)]
    checkpoint = Checkpoint(
        config=TrainConfig(),
        shape=(1, 16, 16),
        step=1,
        critic_step=5,
        changes=0,
        seconds=1.0,
        device="cpu",
        tensors={name: torch.full((WIDTH, WIDTH), float(i)) for i, name in enumerate(names)},
    )
    size = sum(tensor.nbytes for tensor in checkpoint.tensors.values()) / 2**20
    print(f"{size:.0f} MB of tensors")
    with tempfile.TemporaryDirectory() as scratch:
        small = dataclasses.replace(checkpoint, tensors={"a": torch.zeros(1)})
        tensorfile.read(checkpoints.write(Path(scratch), small), lambda *_: None)  # imports what is needed
        with measured("written"):
            path = checkpoints.write(Path(scratch), checkpoint)
        checkpoint.tensors.clear()
        with measured("read"):
            tensorfile.read(path, lambda *_: None)


if __name__ == "__main__":
    main()
