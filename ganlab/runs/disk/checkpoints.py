"""A checkpoint: everything that training resumes from, in one file whose name ends in part of its SHA-256.

Tensors and metadata in and out: knows no network and no run.
"""

import dataclasses
import json
import platform
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from ganlab import tensorfile
from ganlab.config import TrainConfig
from ganlab.tensorfile import Kinds

NAME = re.compile(r"step-(\d{1,8})(?:-([a-z0-9-]{1,40}))?-([0-9a-f]{16})\.safetensors")
"""Step, a name that a user may have given it, and the first 16 hex digits of the file's SHA-256."""
DEVICE = re.compile(r"[a-z]{1,12}")
"""A device type, such as cpu or cuda."""
KEPT = 2
"""How many without a user's name are kept."""
KindsOf = Callable[[TrainConfig, tuple[int, ...]], Kinds]
"""The tensors that training has for these settings and this shape of a sample. May raise ValueError."""


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """The state of training at the end of a step.

    `config` was in force then, `shape` is that of one sample, `changes` counts the live changes recorded so far,
    `seconds` is the time trained. `tensors` are those of `Trainer.state()`.
    """

    config: TrainConfig
    shape: tuple[int, ...]
    step: int
    critic_step: int
    changes: int
    seconds: float
    device: str
    tensors: dict[str, Tensor]


class CheckpointFile(NamedTuple):
    """A checkpoint as its file's name describes it; `name` is empty unless a user gave it one."""

    step: int
    path: Path
    name: str


def write(folder: Path, checkpoint: Checkpoint) -> Path:
    """Write a checkpoint into a folder, whole or not at all; returns its path."""
    about = {
        "config": checkpoint.config.as_dict(),
        "shape": checkpoint.shape,
        "step": checkpoint.step,
        "critic_step": checkpoint.critic_step,
        "changes": checkpoint.changes,
        "seconds": checkpoint.seconds,
        "device": checkpoint.device,
        "threads": torch.get_num_threads(),
        "versions": {"torch": str(torch.__version__), "python": platform.python_version()},
    }

    def name(sha256: str) -> str:
        return f"step-{checkpoint.step:06}-{sha256[:16]}.safetensors"

    folder.mkdir(exist_ok=True)
    return tensorfile.write_hashed(folder, name, checkpoint.tensors, {"checkpoint": json.dumps(about)})


def files(folder: Path) -> list[CheckpointFile]:
    """The checkpoints of a folder, oldest first; other files are ignored."""
    dated = []
    for path in folder.glob("step-*.safetensors"):
        if match := NAME.fullmatch(path.name):
            with suppress(FileNotFoundError):  # the process that trains deletes old ones
                dated.append((path.stat().st_mtime_ns, CheckpointFile(int(match[1]), path, match[2] or "")))
    return [file for _, file in sorted(dated, key=lambda pair: (pair[1].step, pair[0]))]


def prune(folder: Path) -> list[CheckpointFile]:
    """Delete all but the newest two and those that a user named; returns those deleted."""
    old = [file for file in files(folder) if not file.name][:-KEPT]
    for file in old:
        file.path.unlink(missing_ok=True)
    return old


def read(path: Path, kinds_of: KindsOf, check: Callable[[dict[str, Tensor]], None]) -> Checkpoint:
    """The checkpoint in a file, checked before anything in it is used.

    Its name, size and SHA-256 come first, then its header and settings; it must have exactly the tensors that these
    settings need, and `check` must accept them. Raises ValueError, one sentence that names the file.
    """
    try:
        match = NAME.fullmatch(path.name)
        if not match:
            raise ValueError("a checkpoint's name is step-NUMBER-HASH.safetensors")
        tensorfile.check_size(path)
        if tensorfile.file_sha256(path)[:16] != match[3]:
            raise ValueError("it was damaged or changed: its SHA-256 is not the one in its name")
        checkpoint = _read(path, int(match[1]), kinds_of)
        check(checkpoint.tensors)
        return checkpoint
    except (ValueError, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ValueError(f"{path.name} can't be used as a checkpoint: {str(reason).rstrip('.')}.") from None


def _read(path: Path, step: int, kinds_of: KindsOf) -> Checkpoint:
    def check(metadata: dict[str, str], kinds: Kinds) -> None:
        about = _about(metadata, step)
        expected = kinds_of(about.config, about.shape)
        if different := [name for name in expected.keys() | kinds.keys() if expected.get(name) != kinds.get(name)]:
            first = "".join(letter for letter in min(different)[:60] if letter.isprintable())
            raise ValueError(f"its tensor {first} is not one that its settings need")

    metadata, tensors = tensorfile.read(path, check)
    return dataclasses.replace(_about(metadata, step), tensors=tensors)


def _about(metadata: dict[str, str], step: int) -> Checkpoint:
    """A checkpoint as its metadata describes it, still without tensors."""
    about = tensorfile.parsed(metadata.get("checkpoint", ""))
    try:
        config = TrainConfig.from_dict(about["config"])
        shape = tuple(about["shape"])
        counts = {name: about[name] for name in ("step", "critic_step", "changes")}
        seconds, device = about["seconds"], about["device"]
    except (KeyError, TypeError):
        raise ValueError("its metadata is incomplete") from None
    if not all(type(count) is int and 0 <= count < 2**53 for count in counts.values()) or counts["step"] != step:
        raise ValueError("its step is not the one in its name")
    if type(seconds) is not float or not 0 <= seconds < 1e12:
        raise ValueError("its training time is invalid")
    if type(device) is not str or not DEVICE.fullmatch(device):
        raise ValueError("its device is invalid")
    if not all(type(side) is int for side in shape):
        raise ValueError("its sample shape is invalid")
    return Checkpoint(config=config, shape=shape, seconds=seconds, device=device, tensors={}, **counts)
