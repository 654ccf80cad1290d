"""The small files of a run folder: its name, and, only read, settings, ending and real samples."""

import dataclasses
import re
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from ganlab import settings, tensorfile
from ganlab.config import TrainConfig
from ganlab.gan import building, streams, watched
from ganlab.runs.disk.damage import check_file, refusing
from ganlab.runs.snapshot import Status

NAME = "name.txt"
LONGEST_NAME = 64  # letters
_OF_NETWORKS = ("network", "width", "depth", "latent_dim", "shape", "critic_norm", "has_spectral_norm", "generator")
_LONGEST_SENTENCE = 1000  # letters of a sentence in a file


@dataclass(frozen=True)
class Ending:
    """How a run ended, as in ended.json: fields of its last Snapshot."""

    status: Status
    step: int
    critic_step: int
    seconds: float
    device: str
    error: str
    message: str
    traceback: str


def name(path: Path) -> str:
    """What its user named the run; empty if nobody did, or if that can't be read."""
    with suppress(OSError, ValueError):
        check_file(path / NAME, 2**10)
        return _checked_name((path / NAME).read_text(encoding="utf-8"))
    return ""


def rename(path: Path, text: str) -> None:
    """Name a run; an empty name takes its name away. Raises ValueError for a bad one, and OSError."""
    if checked := _checked_name(text):
        tensorfile.write(path / NAME, f"{checked}\n".encode())
    else:
        (path / NAME).unlink(missing_ok=True)


def no_generator(path: Path) -> str:
    """Why there is no generator to sample from in a run's folder, in one sentence. Raises Damaged."""
    if isinstance(config_of(path), watched.WatchedConfig):
        return f"Run {path.name} trained in a loop of its own, whose generator ganlab does not save."
    return f"Run {path.name} has no generator yet: train it for a while first."


def _checked_name(text: str) -> str:
    text = text.strip()
    if len(text) > LONGEST_NAME or not text.isprintable():
        raise ValueError(f"A name is one line of at most {LONGEST_NAME} characters: choose a shorter one.")
    return text


def ending(path: Path) -> Ending | None:
    """How a run ended; None if it has not, or if its ended.json can't be read."""
    try:
        check_file(path / "ended.json", 2**20)
        values = tensorfile.parsed((path / "ended.json").read_text())
        end = Ending(**values | {"status": Status(values["status"])})
        check_progress(end.step, end.critic_step, end.seconds, end.device or "none")  # empty if loading failed
    except (OSError, ValueError, TypeError, KeyError):
        return None
    texts = (end.device, end.error, end.message, end.traceback)
    if not end.status.ended or not all(isinstance(text, str) for text in texts):
        return None
    return dataclasses.replace(end, error=end.error[:_LONGEST_SENTENCE], message=end.message[:_LONGEST_SENTENCE])


def check_progress(step: int, critic_step: int, seconds: float, device: str, changes: int = 0) -> None:
    """Raises ValueError, with a lower-case clause, for values that no run can have."""
    _, most_steps = settings.rules(TrainConfig, "steps").bounds or (0, 0)
    counts = (step, critic_step, changes)
    if not all(type(count) is int and 0 <= count < 2**53 for count in counts) or step > most_steps:
        raise ValueError("its counts are invalid")
    if type(seconds) is not float or not 0 <= seconds < 1e12:
        raise ValueError("its training time is invalid")
    if type(device) is not str or not re.fullmatch("[a-z]{1,12}", device):  # such as cpu or cuda
        raise ValueError("its device is invalid")


def config_of(path: Path) -> TrainConfig:
    """The settings that a run was started with. Raises Damaged if they can't be read, or if no run can have them."""
    file = path / "config.json"
    with refusing(f"{path.name}/config.json can't be read"):
        check_file(file, 2**16)
        config = watched.config_of(tensorfile.parsed(file.read_text(encoding="utf-8", errors="replace")))
        building.critic_layers(config)
        return config


def check_networks(known: TrainConfig, config: TrainConfig) -> None:
    """Raises ValueError if networks of the settings `known` can't be those of a run with `config`."""
    if any(getattr(known, name) != getattr(config, name) for name in _OF_NETWORKS):
        raise ValueError("its networks don't match config.json, as if it were another run's")


def are_samples(config: TrainConfig, dtype: torch.dtype, shape: tuple[int, ...]) -> bool:
    """Whether a tensor can hold samples of a run as pages show them: at most as many as it has fixed latents."""
    if config.kind == "point":
        return dtype == torch.float32 and shape[1:] == (2,) and shape[0] <= streams.fixed_count(config)
    channels, size, _ = config.shape
    return dtype == torch.uint8 and shape[1:] == (size, size, channels) and shape[0] <= streams.fixed_count(config)


def real_samples(path: Path, config: TrainConfig) -> np.ndarray | None:
    """The real samples shown beside generated ones; None if there are none of this run's kind and size."""
    file, fits = path / "real.safetensors", partial(are_samples, config)
    try:
        check_file(file, 2**24)
        real = tensorfile.read_one(file, "real", fits).numpy()
    except (ValueError, OSError):
        return None
    return real if np.isfinite(real).all() else None
