"""The tables of a run: metrics.csv and layers.csv with one row per step, instruments.csv and changes.csv.

They grow while a run trains, and are cut back when it resumes. Columns are found by name, so that a run of another
version can be read and continued: a missing column or an empty cell is NaN, an unknown column is ignored, but kept.
"""

import dataclasses
import math
import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ganlab import tensorfile
from ganlab.config import LIVE_FIELDS, TrainConfig
from ganlab.gan.clipping import Layers
from ganlab.measure.reading import READINGS, no_readings
from ganlab.runs.history import METRICS, Change, History
from ganlab.settings import as_text, from_text

CHANGES = ("critic_step", "field", "value")
PIECE = 1000  # rows that are written at once: while the disk stays full, no more than these are tried each time
# A change that is yet to take effect: after how many critic updates, which field, its value.
RecordedChange = tuple[int, str, Any]


class Table:
    """A CSV file that grows. Rows that can't be written now are kept, and written with the next ones.

    A file that is already there keeps its columns; `cut` adds those it lacks. Raises ValueError if any are missing.
    """

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self._file = path.open("ab", buffering=0)
        self._written = self._file.seek(0, 2)
        self._columns = _lines(path)[0].split(",") if self._written else list(columns)
        self._waiting = [] if self._written else [",".join(columns) + "\n"]
        if missing := set(columns) - set(self._columns):
            self._file.close()
            raise ValueError(f"{path.name} has no column {min(missing)}.")

    def add(self, row: Mapping[str, object]) -> None:
        """Add a row, on disk after the next `flush`; columns that it lacks become `nan`."""
        self._waiting.append(",".join(str(row.get(column, "nan")) for column in self._columns) + "\n")

    def flush(self, sync: bool = False) -> None:
        """Write every row; with `sync`, they also survive a power failure.

        Raises OSError if that can't be done; then the file ends with a whole row, and the other rows wait.
        """
        while self._waiting:
            rest = content = "".join(self._waiting[:PIECE]).encode()
            try:
                while rest:
                    rest = rest[self._file.write(rest) :]
            except OSError:
                with suppress(OSError):
                    self._file.truncate(self._written)
                raise
            self._written += len(content)
            del self._waiting[:PIECE]
        if sync:
            os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file; call `flush` first."""
        self._file.close()


def layer_columns(layers: Layers) -> list[str]:
    """The columns of layers.csv: step, and for each layer how many weights were clamped, and how many at a bound."""
    named = [f"{name} {'x'.join(map(str, shape))}" for name, shape in layers]
    return ["step", *(f"{layer} {count}" for layer in named for count in ("clamped", "at bound"))]


def history(folder: Path, last_step: float = math.inf, layers: Layers | None = None) -> History:
    """The steps on disk, up to `last_step`. Raises ValueError if a table is missing or damaged.

    `layers` are the critic's parameters in its order; by default those that layers.csv names, in the file's order.
    """
    rows = _read(folder / "metrics.csv").numbers(METRICS)
    low, high = (rows[:, METRICS.index(name)] for name in ("clip_low", "clip_high"))
    empty = np.isnan(low) & np.isnan(high)
    if not (empty | (np.isfinite(low) & np.isfinite(high) & (low < high))).all():
        raise ValueError("metrics.csv has an invalid clip range.")
    layers, counts = _layer_counts(folder / "layers.csv", layers, len(rows))
    n = min(len(rows), len(counts))
    return History(rows[:n], layers, counts[:n]).until(last_step)


def _layer_counts(path: Path, layers: Layers | None, steps: int) -> tuple[Layers, np.ndarray]:
    """The critic's parameters, and their counts, int32 [rows, layers, 2]; [steps, 0, 2] if none are known."""
    if layers is None and not path.exists():
        return (), np.empty((steps, 0, 2), np.int32)
    table = _read(path)
    if layers is None:
        matches = (re.fullmatch(r"(\S+) ([1-9]\d{0,8}(?:x[1-9]\d{0,8})*) clamped", column) for column in table.columns)
        layers = tuple((match[1], tuple(map(int, match[2].split("x")))) for match in matches if match)
    if not layers:
        return (), np.empty((steps, 0, 2), np.int32)
    counts = table.numbers(layer_columns(layers))[:, 1:]
    if not ((counts >= 0) & (counts < 2**31)).all():  # NaN is neither
        raise ValueError(f"{path.name} is damaged.")
    return layers, counts.astype(np.int32).reshape(len(counts), len(layers), 2)


def readings(folder: Path, last_step: float = math.inf) -> np.ndarray:
    """The readings on disk, up to `last_step`: float64 [readings, len(READINGS)]. Raises ValueError if damaged."""
    path = folder / "instruments.csv"
    rows = _read(path).numbers(READINGS) if path.exists() else no_readings()
    rows = rows[rows[:, 0] <= last_step]
    rows.flags.writeable = False
    return rows


class _Text(NamedTuple):
    """A table as it was read: the names of its columns, and its rows as lines."""

    name: str
    columns: list[str]
    rows: list[str]

    def numbers(self, columns: Sequence[str]) -> np.ndarray:
        """These columns, float64 [rows, len(columns)]. Raises ValueError if a row has no `step`, or no numbers."""
        numbers = np.full((len(self.rows), len(columns)), np.nan)
        here = [i for i, column in enumerate(columns) if column in self.columns]
        places = [self.columns.index(columns[i]) for i in here]
        try:
            if self.rows:
                numbers[:, here] = np.loadtxt(
                    self.rows, delimiter=",", ndmin=2, comments=None, usecols=places, converters=_number
                )
            if not np.isfinite(numbers[:, columns.index("step")]).all():
                raise ValueError
        except ValueError:
            raise ValueError(f"{self.name} is damaged.") from None
        return numbers


def _number(cell: str) -> float:
    return float(cell or "nan")


def _read(path: Path) -> _Text:
    """The columns and rows of a table. Raises ValueError if it is missing or they don't fit."""
    try:
        header, *rows = _lines(path) or [""]
        columns = header.split(",") if header else []
        fit = all(row and row.count(",") + 1 == len(columns) for row in rows)
        if len(set(columns)) < len(columns) or not fit:
            raise ValueError
    except (ValueError, OSError):
        raise ValueError(f"{path.name} is {'damaged' if path.exists() else 'missing'}.") from None
    return _Text(path.name, columns, rows)


def _lines(path: Path) -> list[str]:
    """The whole lines: one that a killed process was writing is left out."""
    tensorfile.check_size(path)
    return path.read_text(errors="replace").split("\n")[:-1]


def cut(path: Path, keep: int, columns: Sequence[str] = ()) -> None:
    """Cut a table back to its first rows, and add those columns that it lacks as `nan`; whole or not at all."""
    if not path.exists():
        return
    lines = _lines(path)[: keep + 1] if keep else []  # a Table writes the header of an empty file
    if lines and (missing := [column for column in columns if column not in lines[0].split(",")]):
        lines = [",".join([lines[0], *missing]), *(line + ",nan" * len(missing) for line in lines[1:])]
    tensorfile.write(path, "".join(f"{line}\n" for line in lines).encode(), sync=True)


def changes(path: Path) -> list[RecordedChange]:
    """The changes in a file, in order; empty if there is no file. Raises ValueError if it is damaged."""
    if not path.exists():
        return []
    table = _read(path)
    try:
        return [_change(dict(zip(table.columns, row.split(","), strict=True))) for row in table.rows]
    except (ValueError, KeyError):
        raise ValueError(f"{path.name} is damaged.") from None


def _change(row: dict[str, str]) -> RecordedChange:
    field = row["field"]
    if field not in LIVE_FIELDS:
        raise ValueError
    value = from_text(TrainConfig, field, row["value"])
    return int(row["critic_step"]), field, getattr(dataclasses.replace(TrainConfig(), **{field: value}), field)


def write_changes(path: Path, rows: Sequence[RecordedChange]) -> None:
    """Write changes into a new file in place of the old one; without changes there is no file."""
    if not rows:
        path.unlink(missing_ok=True)
        return
    lines = [CHANGES, *((critic_step, field, as_text(value)) for critic_step, field, value in rows)]
    tensorfile.write(path, "".join(",".join(map(str, line)) + "\n" for line in lines).encode())


def recorded(rows: Sequence[RecordedChange], known: History) -> tuple[Change, ...]:
    """Changes with the step after which each was made."""
    ends = known["critic_step"]
    return tuple(Change(at, int(np.searchsorted(ends, at, side="right")), field, value) for at, field, value in rows)
