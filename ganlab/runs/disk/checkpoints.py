"""A checkpoint: everything that training resumes from, in one file whose name ends in part of its SHA-256."""

import dataclasses
import json
import platform
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from ganlab import tensorfile
from ganlab.config import TrainConfig
from ganlab.gan import state
from ganlab.runs.disk.contents import check_networks, check_progress, config_of
from ganlab.runs.disk.damage import check_file, files_in, refusing
from ganlab.tensorfile import Kinds

# Step, a name that a user may have given it, and the first 16 hex digits of the file's SHA-256.
NAME = re.compile(r"step-([0-9]{1,8})(?:-([a-z0-9-]{1,40}))?-([0-9a-f]{16})\.safetensors")
KEPT = 2  # checkpoints without a user's name
_TRIED = 5  # of those that can't be read: a page can't wait for a thousand


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """The state of training at the end of a step."""

    config: TrainConfig  # in force then
    shape: tuple[int, ...]  # of one sample
    step: int
    critic_step: int
    changes: int  # the number of live changes recorded so far
    seconds: float  # trained
    device: str
    tensors: dict[str, Tensor]  # as `Trainer.state()` gives them

    @property
    def progress(self) -> dict[str, Any]:
        """How far the run is, as fields of Snapshot."""
        return {name: getattr(self, name) for name in ("step", "critic_step", "seconds", "device")}

    def network(self, which: str) -> nn.Sequential:
        """The `generator` or the `critic`, on the CPU, in eval mode."""
        return state.network_of(which, self.config, self.shape, self.tensors)


class CheckpointFile(NamedTuple):
    """A checkpoint as its file's name describes it; `name` is empty unless a user gave it one."""

    step: int
    path: Path
    name: str


def write(path: Path, checkpoint: Checkpoint) -> Path:
    """Write a checkpoint into a run's folder, whole or not at all; returns its file."""
    about = vars(checkpoint) | {
        "config": checkpoint.config.as_dict(),
        "threads": torch.get_num_threads(),
        "versions": {"torch": str(torch.__version__), "python": platform.python_version()},
    }
    del about["tensors"]

    def name(sha256: str) -> str:
        return f"step-{checkpoint.step:06}-{sha256[:16]}.safetensors"

    folder = path / "checkpoints"
    folder.mkdir(exist_ok=True)
    return tensorfile.write_hashed(folder, name, checkpoint.tensors, {"checkpoint": json.dumps(about)})


def files(path: Path) -> list[CheckpointFile]:
    """A run's checkpoints, oldest first; other files are ignored."""
    dated = []
    for file in files_in(path / "checkpoints"):
        if match := NAME.fullmatch(file.name):
            with suppress(OSError):  # the process that trains deletes old ones
                when = file.stat(follow_symlinks=False).st_mtime_ns
                dated.append((when, CheckpointFile(int(match[1]), Path(file.path), match[2] or "")))
    return [file for _, file in sorted(dated, key=lambda pair: (pair[1].step, pair[0]))]


def prune(path: Path) -> list[CheckpointFile]:
    """Delete all of a run's checkpoints but the newest two and those that a user named; returns those deleted."""
    old = [file for file in files(path) if not file.name][:-KEPT]
    for file in old:
        file.path.unlink(missing_ok=True)
    return old


def newest(path: Path) -> tuple[Checkpoint | None, str]:
    """The newest checkpoint that can be read, and sentences about newer ones that can't; None if five can't."""
    refusals: list[str] = []
    for file in reversed(files(path)[-_TRIED:]):
        try:
            checkpoint = read(file.path, config_of(path))
            if refusals:
                refusals.append(f"That of step {checkpoint.step:,} is used instead.")
            return checkpoint, " ".join(refusals)
        except ValueError as error:
            refusals.append(str(error))
    return None, " ".join(refusals)


def read(file: Path, config: TrainConfig | None = None) -> Checkpoint:
    """The checkpoint in a file, checked before anything in it is used; with `config`, one of a run with these settings.

    Its name, size, header and settings come first: it must have exactly the tensors that these settings need. Then
    come its SHA-256, weights that are numbers, and states that random generators can have. Raises Damaged.
    """
    with refusing(f"{file.name} can't be used as a checkpoint"):
        if not (match := NAME.fullmatch(file.name)):
            raise ValueError("a checkpoint's name is step-NUMBER-HASH.safetensors")
        step, sha256 = int(match[1]), match[3]

        def check(metadata: dict[str, str], kinds: Kinds) -> None:
            about = _about(metadata, step)
            if config:
                check_networks(about.config, config)
                if step > config.steps:
                    raise ValueError(f"it is of a later step than the run's {config.steps:,}")
            _check(about, kinds)
            if tensorfile.file_sha256(file)[:16] != sha256:
                raise ValueError("it was damaged or changed: its SHA-256 is not the one in its name")

        check_file(file, tensorfile.LIMIT_BYTES)
        metadata, tensors = tensorfile.read(file, check)
        state.check_rng(tensors)
        state.check_finite(state.below(tensors, "generator") | state.below(tensors, "critic"))
        return dataclasses.replace(_about(metadata, step), tensors=tensors)


def _check(about: Checkpoint, kinds: Kinds) -> None:
    expected = state.state_kinds(about.config, about.shape)
    if different := [name for name in expected.keys() | kinds.keys() if expected.get(name) != kinds.get(name)]:
        first = "".join(letter for letter in min(different)[:60] if letter.isprintable())
        raise ValueError(f"its tensor {first} is not one that its settings need")


def _about(metadata: dict[str, str], step: int) -> Checkpoint:
    """A checkpoint as its metadata describes it, still without tensors."""
    about = tensorfile.parsed(metadata.get("checkpoint", ""))
    try:
        config, shape = TrainConfig.from_dict(about["config"]), tuple(about["shape"])
        progress = {name: about[name] for name in ("step", "critic_step", "changes", "seconds", "device")}
    except (KeyError, TypeError):
        raise ValueError("its metadata is incomplete") from None
    check_progress(**progress)
    if progress["step"] != step:
        raise ValueError("its step is not the one in its name")
    if shape != config.shape:
        raise ValueError("its sample shape is invalid")
    return Checkpoint(config=config, shape=config.shape, tensors={}, **progress)
