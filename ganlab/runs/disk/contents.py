"""What a run folder holds, treated as untrusted: every refusal is a ValueError, one sentence that names the file."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from ganlab import tensorfile
from ganlab.config import TrainConfig
from ganlab.gan import training
from ganlab.runs.disk import checkpoints, moments
from ganlab.runs.disk.checkpoints import DEVICE, Checkpoint, CheckpointFile
from ganlab.runs.disk.moments import Moment
from ganlab.runs.snapshot import Status

_LONGEST_SENTENCE = 1000  # letters of a sentence in a file


@dataclass(frozen=True)
class Ending:
    """How a run ended, as in ended.json."""

    status: Status
    step: int
    critic_step: int
    seconds: float
    device: str
    error: str
    message: str
    traceback: str


def ending(path: Path) -> Ending | None:
    """How a run ended; None if it has not, or if its ended.json can't be read."""
    try:
        tensorfile.check_size(path / "ended.json", 2**20)
        values = tensorfile.parsed((path / "ended.json").read_text())
        end = Ending(**values | {"status": Status(values["status"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None
    texts = (end.device, end.error, end.message, end.traceback)
    if not all(isinstance(text, str) for text in texts):
        return None
    counts = (end.step, end.critic_step)
    if not all(type(count) is int and 0 <= count < 2**53 for count in counts):
        return None
    if type(end.seconds) not in (int, float) or not 0 <= end.seconds < 2**53:
        return None
    if not end.status.ended or (end.device and not DEVICE.fullmatch(end.device)):
        return None
    return dataclasses.replace(end, error=end.error[:_LONGEST_SENTENCE], message=end.message[:_LONGEST_SENTENCE])


def config_of(path: Path) -> TrainConfig:
    """The settings that a run was started with. Raises ValueError if they can't be read."""
    file = path / "config.json"
    try:
        tensorfile.check_size(file, 2**16)
        return TrainConfig.from_dict(tensorfile.parsed(file.read_text(encoding="utf-8", errors="replace")))
    except (OSError, ValueError) as error:
        raise ValueError(f"{path.name}/config.json can't be read: {str(error).rstrip('.')}.") from None


def checkpoint_in(file: Path) -> Checkpoint:
    """The checkpoint in a file. Raises ValueError if it can't be used."""
    return checkpoints.read(file, training.state_kinds, training.check_rng)


def newest_checkpoint(path: Path) -> tuple[Checkpoint | None, str]:
    """The newest checkpoint that can be read, and sentences about newer ones that can't; None if there is none."""
    refusals: list[str] = []
    for file in reversed(checkpoints.files(path / "checkpoints")):
        try:
            checkpoint = checkpoint_in(file.path)
            if refusals:
                refusals.append(f"That of step {checkpoint.step:,} is used instead.")
            return checkpoint, " ".join(refusals)
        except ValueError as error:
            refusals.append(str(error))
    return None, " ".join(refusals)


def real_samples(path: Path, kind: str) -> np.ndarray | None:
    """The real samples shown beside generated ones of this kind, image or point; None if they can't be read."""

    def fits(dtype: torch.dtype, shape: tuple[int, ...]) -> bool:
        return (dtype, len(shape)) == {"image": (torch.uint8, 4), "point": (torch.float32, 2)}[kind]

    try:
        return tensorfile.read_one(path / "real.safetensors", "real", fits, 2**24).numpy()
    except (ValueError, OSError):
        return None


def moment_steps(path: Path) -> list[int]:
    """The steps of a run that have a saved moment, in order."""
    return moments.steps(path / "moments")


def read_moment(path: Path, step: int) -> Moment:
    """The moment of a step. Raises ValueError if it can't be read."""
    return moments.read(path / "moments", step, len(config_of(path).shape))


def checkpoint_files(path: Path) -> list[CheckpointFile]:
    """A run's checkpoints, oldest first."""
    return checkpoints.files(path / "checkpoints")


def generator_in(checkpoint_path: Path) -> tuple[nn.Module, TrainConfig, int]:
    """The generator in a checkpoint, in eval mode on the CPU, the settings in force, and the step.

    Raises ValueError if the checkpoint can't be used.
    """
    checkpoint = checkpoint_in(checkpoint_path)
    generator = training.network_of("generator", checkpoint.config, checkpoint.shape, checkpoint.tensors)
    return generator, checkpoint.config, checkpoint.step
