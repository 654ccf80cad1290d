"""The tables of a run: metrics.csv and layers.csv with one row per step, instruments.csv and changes.csv."""

import math
import os
from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ganlab import tensorfile
from ganlab.config import MOST_STEPS, TrainConfig
from ganlab.gan import building
from ganlab.gan.clipping import UNCOUNTED
from ganlab.gan.holding import LIVE_FIELDS
from ganlab.gan.watched import Layers
from ganlab.measure.reading import READINGS, no_readings
from ganlab.runs.disk import csv_file
from ganlab.runs.disk.contents import config_of
from ganlab.runs.disk.damage import Damaged
from ganlab.runs.history import METRICS, NO_HISTORY, Change, History
from ganlab.settings import as_text, checked, from_text

CHANGES = ("critic_step", "field", "value")
_MOST_CHANGES = 100_000
# A change that is yet to take effect: after how many critic updates, which field, its value.
RecordedChange = tuple[int, str, Any]


@lru_cache(maxsize=8)
def layer_columns(layers: Layers) -> tuple[str, ...]:
    """The columns of layers.csv: step, and for each layer how many weights were clamped, and how many at a bound."""
    named = [f"{name} {'x'.join(map(str, shape))}" for name, shape in layers]
    return ("step", *(f"{layer} {count}" for layer in named for count in ("clamped", "at bound")))


def history(folder: Path, last_step: float = math.inf) -> History:
    """The steps on disk, up to `last_step`. Raises Damaged if a table is missing or damaged."""
    rows = metrics(folder)
    layers, counts = layer_counts(folder, rows)
    return History(rows[: len(counts)], layers, counts).until(last_step)


def metrics(folder: Path) -> np.ndarray:
    """The rows of metrics.csv, float64 [steps, len(METRICS)]. Raises Damaged for what no run writes."""
    config = config_of(folder)
    return checked_metrics(csv_file.read(folder / "metrics.csv", config.steps).numbers(METRICS), config)


def checked_metrics(rows: np.ndarray, config: TrainConfig) -> np.ndarray:
    """The same rows. Raises Damaged for what no run with these settings writes."""
    steps = config.steps
    step, critic_step, estimate, critic_loss, _, low, high, clamped, at_bound, seconds = rows.T
    with np.errstate(over="ignore"):
        bounds = np.stack([low, high]).astype(np.float32)
    # A penalty, which only a row without a clamp can have, adds to the loss.
    loss_and_estimate = estimate + critic_loss if config.objective == "wasserstein" else np.zeros(len(rows))
    # What is not known is NaN, and no comparison with NaN is true.
    wrong = {
        "step": (np.diff(step, prepend=0) <= 0) | (step % 1 > 0) | (step > steps),
        "number of critic updates": (critic_step < step) | (critic_step % 1 > 0) | (critic_step >= 2**53),
        "clip range": (np.isnan(low) != np.isnan(high)) | (bounds[0] >= bounds[1]) | np.isinf(bounds).any(axis=0),
        "critic loss": (loss_and_estimate < 0) | ((loss_and_estimate > 0) & ~np.isnan(low)),
        "share": (clamped < 0) | (clamped > 1) | (at_bound < 0) | (at_bound > 1),
        "time": (np.diff(seconds, prepend=0) < 0) | (seconds > 1e12),
        "number": np.isinf(rows).any(axis=1),
    }
    if names := [name for name, where in wrong.items() if where.any()]:
        raise Damaged(f"metrics.csv has an invalid {names[0]}.")
    return rows


def newest_step(folder: Path) -> int:
    """The newest step in metrics.csv; 0 if that can't be read."""
    return int(newest_row(folder).get("step", 0))


def newest_row(folder: Path) -> dict[str, float]:
    """The newest row of metrics.csv by its last lines alone, unchecked; {} if it can't be read."""
    with suppress(OSError, ValueError), (folder / "metrics.csv").open("rb") as file:
        columns = file.readline(csv_file.LONGEST_HEADER).decode().strip().split(",")
        file.seek(max(0, file.seek(0, os.SEEK_END) - 2**12))
        *_, newest, _ = file.read().split(b"\n")  # what follows the last end of a line is still being written
        cells = [float(cell) if cell else math.nan for cell in newest.split(b",")]
        row = dict(zip(columns, cells, strict=True))
        return row if 0 <= row.get("step", math.nan) <= MOST_STEPS else {}
    return {}


def layer_counts(folder: Path, rows: np.ndarray) -> tuple[Layers, np.ndarray]:
    """The critic's parameters, and what layers.csv counts of them: int32 [rows or fewer, layers, 2].

    `rows` are those of metrics.csv, whose shares must be those of the counts. Raises Damaged.
    """
    if not len(rows):  # layers.csv begins with the first step
        return NO_HISTORY.layers, NO_HISTORY.layer_counts
    config = config_of(folder)
    layers = building.critic_layers(config)
    return layers, checked_counts(
        csv_file.read(folder / "layers.csv", config.steps).numbers(layer_columns(layers)), rows, layers
    )


def checked_counts(table: np.ndarray, rows: np.ndarray, layers: Layers) -> np.ndarray:
    """The counts in the numbers of layers.csv: int32 [rows or fewer, layers, 2]. Raises Damaged as `layer_counts`."""
    n = min(len(rows), len(table))
    counts, sizes = table[:n, 1:].reshape(n, len(layers), 2), np.array([math.prod(shape) for _, shape in layers])
    shares = rows[:n, [METRICS.index("clamped_share"), METRICS.index("at_bound_share")]]
    empty = np.isnan(counts)  # of a layer that was not clamped
    fit = empty | ((counts >= 0) & (counts <= sizes[:, None]) & (counts % 1 == 0))
    covered = (~empty * sizes[:, None]).sum(axis=1)  # [n, 2]
    same = np.isnan(shares) | np.isclose(np.nansum(counts, axis=1), shares * covered)
    if not fit.all() or not same.all() or (empty[..., 0] != empty[..., 1]).any() or (table[:n, 0] != rows[:n, 0]).any():
        raise Damaged("layers.csv is damaged, or its steps don't match metrics.csv.")
    return np.where(empty, UNCOUNTED, counts).astype(np.int32)


def lost(known: History, step: int) -> str:
    """A sentence about missing steps of a run that has made `step` of them; "" if none are."""
    if len(known) >= step:
        return ""
    return f"metrics.csv and layers.csv hold {len(known):,} of the {step:,} steps made so far."


def readings(folder: Path, last_step: float = math.inf) -> np.ndarray:
    """The readings on disk, up to `last_step`: float64 [readings, len(READINGS)]. Raises Damaged."""
    path, steps = folder / "instruments.csv", config_of(folder).steps
    # Before and after a change of the clip range there may be two looks at one step.
    rows = csv_file.read(path, 2 * steps).numbers(READINGS) if os.path.lexists(path) else no_readings()
    step = rows[:, 0]
    if ((step < 0) | (step % 1 > 0) | (step > steps) | (np.diff(step, prepend=0) < 0)).any():
        raise Damaged(f"{path.name} has an invalid step.")
    rows = rows[step <= last_step]
    rows.flags.writeable = False
    return rows


def changes(path: Path) -> list[RecordedChange]:
    """The changes in a file, in order; empty if there is no file. Raises Damaged."""
    if not os.path.lexists(path):
        return []
    table = csv_file.read(path, _MOST_CHANGES)
    try:
        return [_change(dict(zip(table.columns, row.split(","), strict=True))) for row in table.rows]
    except (ValueError, KeyError):
        raise Damaged(f"{path.name} is damaged.") from None


def _change(row: dict[str, str]) -> RecordedChange:
    field, at = row["field"], int(row["critic_step"])
    if field not in LIVE_FIELDS or not 0 <= at < 2**53:
        raise ValueError
    return at, field, checked(TrainConfig, field, from_text(TrainConfig, field, row["value"]))


def write_changes(path: Path, rows: Sequence[RecordedChange]) -> None:
    """Write changes into a new file in place of the old one; without changes there is no file."""
    if not rows:
        path.unlink(missing_ok=True)
        return
    lines = [CHANGES, *((critic_step, field, as_text(value)) for critic_step, field, value in rows)]
    tensorfile.write(path, "".join(",".join(map(str, line)) + "\n" for line in lines).encode())


def recorded(rows: Sequence[RecordedChange], known: History) -> tuple[Change, ...]:
    """Changes with the step after which each was made."""
    steps, ends = [0, *known["step"].tolist()], known["critic_step"]
    at_step = [int(steps[np.searchsorted(ends, at, side="right")]) for at, *_ in rows]
    return tuple(Change(at, step, field, value) for (at, field, value), step in zip(rows, at_step, strict=True))
