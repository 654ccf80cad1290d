"""A checkpoint: everything that training goes on from, in one file whose name ends in a piece of its SHA-256.

Pure: tensors and metadata in and out. Knows no network and no run.
"""

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
"""Step, a name that somebody gave it, and the first 16 hex digits of the SHA-256 of what is in it."""
DEVICE = re.compile(r"[a-z]{1,12}")
"""A device type, such as cpu or cuda."""
KEPT = 2
"""How many without a name of their own are kept."""
KindsOf = Callable[[TrainConfig, tuple[int, ...]], Kinds]
"""The tensors that training has for these settings and this shape of a sample. May raise ValueError."""


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """The state of training at the end of a step.

    `config` is what was in force, `shape` that of one sample, `changes` how many live changes had been recorded,
    `seconds` the time trained. `tensors` are those of `Trainer.state()`.
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
    """A checkpoint by its file's name alone; `name` is empty unless somebody gave it one."""

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
    pieces = tensorfile.pieces(checkpoint.tensors, {"checkpoint": json.dumps(about)})
    path = folder / f"step-{checkpoint.step:06}-{tensorfile.sha256(*pieces)[:16]}.safetensors"
    folder.mkdir(exist_ok=True)
    tensorfile.write(path, *pieces, sync=True)
    return path


def files(folder: Path) -> list[CheckpointFile]:
    """The checkpoints of a folder, oldest first; other files are passed over."""
    all_found = []
    for path in folder.glob("step-*.safetensors"):
        if named := NAME.fullmatch(path.name):
            with suppress(FileNotFoundError):  # whoever trains deletes old ones
                all_found.append((path.stat().st_mtime_ns, CheckpointFile(int(named[1]), path, named[2] or "")))
    return [one for _, one in sorted(all_found, key=lambda pair: (pair[1].step, pair[0]))]


def prune(folder: Path) -> list[CheckpointFile]:
    """Delete all but the newest two and those that have a name; returns those deleted."""
    old = [one for one in files(folder) if not one.name][:-KEPT]
    for one in old:
        one.path.unlink(missing_ok=True)
    return old


def read(path: Path, kinds_of: KindsOf, check: Callable[[dict[str, Tensor]], None]) -> Checkpoint:
    """The checkpoint in a file, checked before anything in it is used.

    Its name, its size, its SHA-256; then its header; then its settings, and that it has the very tensors that these
    settings need, and `check` takes them. Raises ValueError, in one sentence that names the file.
    """
    try:
        named = NAME.fullmatch(path.name)
        if not named:
            raise ValueError("a checkpoint's name is step-NUMBER-HASH.safetensors")
        tensorfile.check_size(path)
        if tensorfile.file_sha256(path)[:16] != named[3]:
            raise ValueError("it was damaged or changed: its SHA-256 is not the one in its name")
        checkpoint = _read(path, int(named[1]), kinds_of)
        check(checkpoint.tensors)
        return checkpoint
    except (ValueError, OSError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ValueError(f"{path.name} can't be used as a checkpoint: {str(reason).rstrip('.')}.") from None


def _read(path: Path, step: int, kinds_of: KindsOf) -> Checkpoint:
    known: dict[str, object] = {}

    def check(metadata: dict[str, str], kinds: Kinds) -> None:
        known.update(_about(metadata, step))
        expected = kinds_of(known["config"], known["shape"])
        if different := [name for name in expected.keys() | kinds.keys() if expected.get(name) != kinds.get(name)]:
            first = "".join(letter for letter in min(different)[:60] if letter.isprintable())
            raise ValueError(f"its tensor {first} is not one that its settings need")

    _, tensors = tensorfile.read(path, check)
    return Checkpoint(tensors=tensors, **known)


def _about(metadata: dict[str, str], step: int) -> dict[str, object]:
    """What a checkpoint says of itself, as fields of Checkpoint."""
    about = tensorfile.parsed(metadata.get("checkpoint", ""))
    try:
        config = TrainConfig.from_dict(about["config"])
        shape = tuple(about["shape"])
        counts = {name: about[name] for name in ("step", "critic_step", "changes")}
        seconds, device = about["seconds"], about["device"]
    except (KeyError, TypeError):
        raise ValueError("it does not say what it is a checkpoint of") from None
    if not all(type(count) is int and 0 <= count < 2**53 for count in counts.values()) or counts["step"] != step:
        raise ValueError("its step is not the one in its name")
    if type(seconds) is not float or not 0 <= seconds < 1e12 or not DEVICE.fullmatch(str(device)):
        raise ValueError("it does not say how long it trained, or on what")
    if not all(type(side) is int for side in shape):
        raise ValueError("it does not say what shape a sample has")
    return counts | {"config": config, "shape": shape, "seconds": seconds, "device": device}
