"""What lies in a run's folder, read as if a stranger had put it there; and who trains in it.

Every refusal is a ValueError in one sentence that names the file.
"""

import dataclasses
import threading
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from filelock import FileLock, Timeout

from ganlab import checkpoints, tables, tensorfile, training
from ganlab.checkpoints import Checkpoint
from ganlab.config import TrainConfig
from ganlab.snapshot import Change, History, HistoryWriter, Status, no_readings
from ganlab.tables import Later

LOCK = "run.lock"
"""Held by the process that trains the run; the system lets go of it when that process ends, however it ends."""


_MANY_LETTERS = 1000  # of a sentence in a file
_probing = threading.Lock()  # who looks takes the lock for a moment: two lookers must not see each other


class Busy(OSError):
    """Another process, or another run of this one, trains in that folder."""


def locked(path: Path, patience: float = 0.5) -> FileLock:
    """The folder's lock, taken. Raises Busy if it is not free within `patience` seconds.

    FileNotFoundError if there is no such folder: it is not made.
    """
    if not path.is_dir():
        raise FileNotFoundError(f"There is no run {path.name} here. It may have been deleted.")
    lock = FileLock(path / LOCK, thread_local=False)  # taken by the page's thread, let go by the run's
    try:
        lock.acquire(timeout=patience)
    except Timeout:
        raise Busy(f"Run {path.name} is being trained by another process.") from None
    return lock


@dataclass(frozen=True)
class Ended:
    """How a run ended, as in ended.json."""

    status: Status
    step: int
    critic_step: int
    seconds: float
    device: str
    error: str
    message: str
    traceback: str


def ended(path: Path) -> Ended | None:
    """How a run ended; None for one that has not, or whose ended.json can't be read."""
    try:
        tensorfile.check_size(path / "ended.json", 2**20)
        values = tensorfile.parsed((path / "ended.json").read_text())
        end = Ended(**values | {"status": Status(values["status"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None
    texts = (end.device, end.error, end.message, end.traceback)
    numbers = (end.step, end.critic_step, end.seconds)
    sound = all(type(n) in (int, float) and 0 <= n < 2**53 for n in numbers) and all(isinstance(t, str) for t in texts)
    if not (sound and type(end.step) is type(end.critic_step) is int and end.status.ended):
        return None
    if end.device and not checkpoints.DEVICE.fullmatch(end.device):
        return None
    return dataclasses.replace(end, error=end.error[:_MANY_LETTERS], message=end.message[:_MANY_LETTERS])


def held(path: Path) -> bool:
    """Whether a process trains in this folder."""
    if not (path / LOCK).exists():
        return False
    try:
        with _probing:
            locked(path, patience=0.1).release()  # another process may be looking too
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return False


def config_of(path: Path) -> TrainConfig:
    """The settings that a run was started with. Raises ValueError, in one sentence naming the file."""
    file = path / "config.json"
    try:
        tensorfile.check_size(file, 2**16)
        return TrainConfig.from_dict(tensorfile.parsed(file.read_text()))
    except (OSError, ValueError) as error:
        raise ValueError(f"{path.name}/config.json can't be read: {str(error).rstrip('.')}.") from None


def checkpoint_in(file: Path) -> Checkpoint:
    """The checkpoint in a file. Raises ValueError, in one sentence that names the file, if it can't be used."""
    return checkpoints.read(file, training.state_kinds, training.check_rng)


def newest(path: Path) -> tuple[Checkpoint | None, str]:
    """The newest checkpoint that can be read, and a sentence about those that can't."""
    refusals = []
    for found in reversed(checkpoints.found(path / "checkpoints")):
        try:
            checkpoint = checkpoint_in(found.path)
            used = [f"That of step {checkpoint.step:,} is used instead."] if refusals else []
            return checkpoint, " ".join(refusals + used)
        except ValueError as error:
            refusals.append(str(error))
    return None, " ".join(refusals)


@dataclass(frozen=True)
class Past:
    """What a run goes on from: its newest checkpoint that can be read, and the record up to there.

    `resumed` is false for a new run, and for one that trains again.
    `later` are the changes that were recorded after the checkpoint: each comes into force again at its critic step.
    """

    checkpoint: Checkpoint | None = None
    history: History = field(default_factory=lambda: HistoryWriter().view())
    changes: tuple[Change, ...] = ()
    later: tuple[Later, ...] = ()
    warning: str = ""
    readings: np.ndarray = field(default_factory=no_readings)
    set_aside: tuple[str, ...] = ()
    """Files of the record that can't be read, and can be done without."""
    resumed: bool = True


def past_of(path: Path, config: TrainConfig) -> Past:
    """What a run goes on from. Raises ValueError, in one sentence, if it has checkpoints and none can be read."""
    rows, scheduled = tables.changes(path / "changes.csv"), tables.changes(path / "scheduled.csv")
    checkpoint, warning = newest(path)
    if checkpoint is None:
        if checkpoints.found(path / "checkpoints"):
            raise ValueError(warning)
        return Past(later=_merged(rows, scheduled))
    if checkpoint.step >= config.steps:
        raise ValueError(f"Run {path.name} has made {checkpoint.step:,} steps already; give it more of them.")
    known = tables.history(path, checkpoint.step)
    if len(known) < checkpoint.step:
        lost = f"metrics.csv and layers.csv hold {len(known):,} of the {checkpoint.step:,} steps made so far."
        warning = f"{warning} {lost}".strip()
    done, after = rows[: checkpoint.changes], rows[checkpoint.changes :]
    looks, set_aside = no_readings(), ()
    try:
        looks = tables.readings(path, checkpoint.step)
    except ValueError as error:
        set_aside = ("instruments.csv",)
        warning = f"{warning} {error} It was set aside.".strip()
    changes = tables.recorded(done, known)
    return Past(checkpoint, known, changes, _merged(after, scheduled), warning, looks, set_aside)


def _merged(rows: list[Later], scheduled: list[Later]) -> tuple[Later, ...]:
    """All of them once, in the order of their critic steps."""
    return tuple(sorted(rows + [row for row in scheduled if row not in rows], key=lambda row: row[0]))


def real(path: Path) -> np.ndarray | None:
    """The real samples that are shown beside the generated ones; None if there are none that can be read."""

    def check(_: dict[str, str], kinds: tensorfile.Kinds) -> None:
        dtype, shape = kinds.get("real", (None, ()))
        if (dtype, len(shape)) not in ((torch.uint8, 4), (torch.float32, 2)):
            raise ValueError("it holds no real samples")

    try:
        tensorfile.check_size(path / "real.safetensors", 2**24)
        return tensorfile.read(path / "real.safetensors", check)[1]["real"].numpy()
    except (ValueError, OSError):
        return None
