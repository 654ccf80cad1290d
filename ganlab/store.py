"""Run folders: what a run leaves on disk, and how a generator comes back. Knows no thread and no screen."""

import csv
import json
import os
import re
import secrets
from datetime import datetime
from pathlib import Path

import safetensors.torch
from safetensors import SafetensorError, safe_open
from torch import nn

from ganlab import images, training
from ganlab.config import TrainConfig, as_text
from ganlab.snapshot import METRICS, Change, Snapshot

RUN_ID = re.compile(r"\d{8}-\d{6}-[0-9a-f]{4}")


def new_run_id() -> str:
    """Such as 20261121-204501-3f2a: when the run was made, and four random digits."""
    return f"{datetime.now():%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"


def runs_root() -> Path:
    """Where run folders go: $GANLAB_RUNS, or `runs` in the current folder."""
    return Path(os.environ.get("GANLAB_RUNS", "runs"))


FILES = (
    "config.json",
    "changes.csv",
    "metrics.csv",
    "samples.png",
    "generator.safetensors",
    "critic.safetensors",
)


class RunFolder:
    """The folder of one run, written as it goes: config.json, changes.csv and metrics.csv; more at the end.

    Raises FileExistsError if one of its files lies there already: nothing is ever written over.
    """

    def __init__(self, path: Path, config: TrainConfig) -> None:
        self.path = path
        path.mkdir(parents=True, exist_ok=True)
        if taken := [name for name in FILES if (path / name).exists()]:
            raise FileExistsError(f"{path} already holds {taken[0]}; name another folder.")
        (path / "config.json").write_text(json.dumps(config.as_dict(), indent=2) + "\n")
        self._metrics_file = (path / "metrics.csv").open("w", newline="")
        self._metrics = csv.DictWriter(self._metrics_file, METRICS, lineterminator="\n")
        self._metrics.writeheader()
        self._changes_file = (path / "changes.csv").open("w", newline="")
        self._changes = csv.writer(self._changes_file, lineterminator="\n")
        self._changes.writerow(("critic_step", "field", "value"))
        self.flush()

    def add_metrics(self, row: dict[str, float]) -> None:
        """Add one step's row to metrics.csv."""
        self._metrics.writerow(row)

    def add_change(self, change: Change) -> None:
        """Add a live change to changes.csv, on disk at once."""
        self._changes.writerow((change.critic_step, change.field, as_text(change.value)))
        self._changes_file.flush()

    def flush(self) -> None:
        """Put everything added so far on disk."""
        self._metrics_file.flush()
        self._changes_file.flush()

    def close(self, snapshot: Snapshot) -> None:
        """Write samples.png and both networks of the run's last snapshot, and close the files."""
        self._metrics_file.close()
        self._changes_file.close()
        if snapshot.generator is None:
            return
        (self.path / "samples.png").write_bytes(samples_png(snapshot))
        (self.path / "generator.safetensors").write_bytes(network_file(snapshot, snapshot.generator))
        (self.path / "critic.safetensors").write_bytes(network_file(snapshot, snapshot.critic))


def samples_png(snapshot: Snapshot) -> bytes:
    """The fixed latents' samples: images ten to a row, or points as a scatter."""
    points = snapshot.samples.ndim == 2
    return images.png(images.scatter(snapshot.samples) if points else images.sheet(snapshot.samples, 10))


def network_file(snapshot: Snapshot, network: nn.Module) -> bytes:
    """A network as a safetensors file; its metadata holds what is needed to build it again."""
    metadata = {
        "config": json.dumps(snapshot.config.as_dict()),
        "shape": json.dumps(snapshot.sample_shape),
        "step": str(snapshot.step),
    }
    tensors = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    return safetensors.torch.save(tensors, metadata)


def load_generator(path: Path) -> tuple[nn.Module, TrainConfig]:
    """The generator in a `generator.safetensors` of ours, in eval mode, and its settings.

    Raises FileNotFoundError, or ValueError in one sentence for a file that is not such a generator.
    """
    if not path.is_file():
        raise FileNotFoundError(f"There is no {path}.")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
        config = TrainConfig.from_dict(json.loads(metadata["config"]))
        generator, _ = training.build(config, tuple(json.loads(metadata["shape"])))
        generator.load_state_dict(safetensors.torch.load_file(path))
    except (SafetensorError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"{path} is not a generator that ganlab saved ({error}).") from None
    return generator.eval().requires_grad_(False), config
