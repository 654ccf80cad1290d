"""The tables of a run: metrics.csv and layers.csv, a row a step; instruments.csv and changes.csv.

They grow while a run trains, and are cut back when it is resumed from an earlier step.
"""

import dataclasses
import os
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from ganlab import tensorfile
from ganlab.config import LIVE_FIELDS, TrainConfig
from ganlab.gan.clipping import Layers
from ganlab.measure.reading import READINGS, no_readings
from ganlab.runs.history import METRICS, Change, History
from ganlab.settings import as_text, from_text

CHANGES = ("critic_step", "field", "value")
PIECE = 1000
"""Rows that are written at once: of a disk that stays full, no more are tried each time."""
Later = tuple[int, str, Any]
"""A change that is still to come into force: after how many critic updates, of which field, to what."""


class Table:
    """A CSV file that grows. What can't be written now is kept, and written with the next rows."""

    def __init__(self, path: Path, header: Sequence[str]) -> None:
        self._file = path.open("ab", buffering=0)
        self._written = self._file.seek(0, 2)
        self._waiting: list[str] = []
        if not self._written:
            self.add(header)

    def add(self, row: Iterable[Any]) -> None:
        """Add a row, on disk after the next `flush`."""
        self._waiting.append(",".join(map(str, row)) + "\n")

    def flush(self, sync: bool = False) -> None:
        """Write every row; with `sync`, also through a failure of the power.

        OSError if that can't be done; then the file ends with whole rows, and the others wait.
        """
        while self._waiting:
            self._write("".join(self._waiting[:PIECE]).encode())
            del self._waiting[:PIECE]
        if sync:
            os.fsync(self._file.fileno())

    def _write(self, content: bytes) -> None:
        rest = content
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError:
            with suppress(OSError):
                self._file.truncate(self._written)
            raise
        self._written += len(content)

    def close(self) -> None:
        """Let go of the file; call `flush` first."""
        self._file.close()


def layer_header(layers: Layers) -> list[str]:
    """The columns of layers.csv: step, and of each layer how many weights were clamped, and how many at a bound."""
    named = [f"{name} {'x'.join(map(str, shape))}" for name, shape in layers]
    return ["step", *(f"{layer} {what}" for layer in named for what in ("clamped", "at bound"))]


def history(folder: Path, last_step: int | None = None) -> History:
    """The steps on disk, at most up to one. Raises ValueError, in one sentence naming the file, for a damaged one."""
    header, rows = _numbers(folder / "metrics.csv")
    if header and tuple(header) != METRICS:
        raise ValueError("metrics.csv has other columns than ganlab writes.")
    rows = rows.reshape(-1, len(METRICS))
    low, high = (rows[:, METRICS.index(name)] for name in ("clip_low", "clip_high"))
    if not (np.isfinite(high - low) & (low < high)).all():
        raise ValueError("metrics.csv holds a clip range that is none.")
    names, counts = _numbers(folder / "layers.csv") if (folder / "layers.csv").exists() else ([], np.empty((0, 1)))
    layers = tuple(_layer(column) for column in names[1::2])
    n = min(len(rows), len(counts)) if layers else len(rows)
    if last_step is not None:
        n = min(n, int(np.searchsorted(rows[:, 0], last_step, side="right")))
    per_layer = counts[:n, 1:].astype(np.int32).reshape(n, len(layers), 2) if layers else np.empty((n, 0, 2), np.int32)
    return History(rows[:n], layers, per_layer)


def readings(folder: Path, last_step: int | None = None) -> np.ndarray:
    """The looks on disk, at most up to one step, read-only: float64 [looks, len(READINGS)]; ValueError as above."""
    file = folder / "instruments.csv"
    header, rows = _numbers(file) if file.exists() else ([], no_readings())
    if header and tuple(header) != READINGS:
        raise ValueError("instruments.csv has other columns than ganlab writes.")
    rows = rows.reshape(-1, len(READINGS))
    if last_step is not None:
        rows = rows[: int(np.searchsorted(rows[:, 0], last_step, side="right"))]
    rows.flags.writeable = False
    return rows


def _layer(column: str) -> tuple[str, tuple[int, ...]]:
    match = re.fullmatch(r"(\S+) (\d+(?:x\d+)*) clamped", column)
    if not match:
        raise ValueError("layers.csv has other columns than ganlab writes.")
    return match[1], tuple(map(int, match[2].split("x")))


def _lines(path: Path) -> list[str]:
    """The whole lines: one that a killed process was writing is left out."""
    tensorfile.check_size(path)
    return path.read_text(errors="replace").split("\n")[:-1]


def _numbers(path: Path) -> tuple[list[str], np.ndarray]:
    try:
        header, *lines = _lines(path) or [""]
        columns = header.split(",")
        rows = np.loadtxt(lines, delimiter=",", ndmin=2, comments=None) if lines else np.empty((0, len(columns)))
        if rows.shape[1] != len(columns):
            raise ValueError
    except (ValueError, OSError):
        raise ValueError(f"{path.name} is damaged or not there.") from None
    return columns if header else [], rows


def cut(path: Path, keep: int) -> None:
    """Cut a table back to its first rows, whole or not at all."""
    if path.exists():
        lines = _lines(path)[: keep + 1]
        tensorfile.write(path, "".join(f"{line}\n" for line in lines).encode(), sync=True)


def changes(path: Path) -> list[Later]:
    """The changes in a file, in order; none if there is no file. ValueError, naming it, for one that is damaged."""
    try:
        return [_change(line) for line in _lines(path)[1:]] if path.exists() else []
    except (ValueError, KeyError):
        raise ValueError(f"{path.name} is damaged.") from None


def _change(line: str) -> Later:
    critic_step, field, text = line.split(",")
    if field not in LIVE_FIELDS:
        raise ValueError
    value = from_text(TrainConfig, field, text)
    return int(critic_step), field, getattr(dataclasses.replace(TrainConfig(), **{field: value}), field)


def write_changes(path: Path, rows: Sequence[Later]) -> None:
    """Write changes as a file of their own; without any, no file."""
    if not rows:
        path.unlink(missing_ok=True)
        return
    lines = [CHANGES, *((critic_step, field, as_text(value)) for critic_step, field, value in rows)]
    tensorfile.write(path, "".join(",".join(map(str, line)) + "\n" for line in lines).encode())


def recorded(rows: Sequence[Later], known: History) -> tuple[Change, ...]:
    """Changes with the step that each came after."""
    ends = known["critic_step"]
    return tuple(Change(at, int(np.searchsorted(ends, at, side="right")), field, value) for at, field, value in rows)


def in_force(config: TrainConfig, rows: Sequence[Later]) -> TrainConfig:
    """The settings after these changes."""
    return dataclasses.replace(config, **{field: value for _, field, value in rows})
