"""The tables of a run: metrics.csv and layers.csv with one row per step, instruments.csv and changes.csv.

They grow while a run trains, and are cut back when it resumes. Columns are found by name, so that a run of another
version can be read and continued: a missing column or an empty cell is NaN, an unknown column is ignored, but kept.
"""

import math
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ganlab import tensorfile
from ganlab.config import LIVE_FIELDS, Layers, TrainConfig
from ganlab.gan import building
from ganlab.gan.clipping import UNCOUNTED
from ganlab.measure.reading import READINGS, no_readings
from ganlab.runs.disk.contents import config_of
from ganlab.runs.disk.damage import Damaged, check_file, refusing
from ganlab.runs.history import METRICS, NO_HISTORY, Change, History
from ganlab.settings import as_text, checked, from_text

CHANGES = ("critic_step", "field", "value")
_LONGEST_HEADER, _LONGEST_CELL = 2**16, 32  # bytes; a number has at most 24
_MOST_CHANGES = 100_000
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
        self._columns = _first_lines(path, 1)[0].split(",") if self._written else list(columns)
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
    return checked_metrics(_read(folder / "metrics.csv", config.steps).numbers(METRICS), config)


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
        columns = file.readline(_LONGEST_HEADER).decode().strip().split(",")
        file.seek(max(0, file.seek(0, os.SEEK_END) - 2**12))
        *_, newest, _ = file.read().split(b"\n")  # what follows the last end of a line is still being written
        cells = [float(cell) if cell else math.nan for cell in newest.split(b",")]
        return dict(zip(columns, cells, strict=True))
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
        _read(folder / "layers.csv", config.steps).numbers(layer_columns(layers)), rows, layers
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
    rows = _read(path, 2 * steps).numbers(READINGS) if os.path.lexists(path) else no_readings()
    step = rows[:, 0]
    if ((step < 0) | (step % 1 > 0) | (step > steps) | (np.diff(step, prepend=0) < 0)).any():
        raise Damaged(f"{path.name} has an invalid step.")
    rows = rows[step <= last_step]
    rows.flags.writeable = False
    return rows


class _Text(NamedTuple):
    """A table as it was read: the names of its columns, and its rows as lines."""

    name: str
    columns: list[str]
    rows: list[str]

    def numbers(self, columns: Sequence[str]) -> np.ndarray:
        """These columns, float64 [rows, len(columns)]. Raises Damaged if a row has no `step`, or no numbers."""
        numbers = np.full((len(self.rows), len(columns)), np.nan)
        here = [i for i, column in enumerate(columns) if column in self.columns]
        places = [self.columns.index(columns[i]) for i in here]
        try:
            if self.rows:
                numbers[:, here] = _parsed(self.rows, places)
            if not np.isfinite(numbers[:, columns.index("step")]).all():
                raise ValueError
        except ValueError:
            raise Damaged(f"{self.name} is damaged.") from None
        return numbers


def _parsed(rows: list[str], places: list[int]) -> np.ndarray:
    """The cells in these columns, float64 [rows, places]; an empty one is NaN. Raises ValueError."""
    read = partial(np.loadtxt, rows, delimiter=",", ndmin=2, comments=None, usecols=places)
    try:
        return read()
    except ValueError:  # twice as slow
        return read(converters=lambda cell: float(cell or "nan"))


def _read(path: Path, most: int) -> _Text:
    """The columns and rows, at most so many, of a table. Raises Damaged if it is missing or they don't fit."""
    if not os.path.lexists(path):
        raise Damaged(f"{path.name} is missing.")
    with refusing(f"{path.name} can't be read"):
        header, *rows = _lines(path, most) or [""]
    if len(rows) > most:
        raise Damaged(f"{path.name} is damaged.")
    return _text(path, header.split(",") if header else [], rows)


def _text(path: Path, columns: list[str], rows: list[str]) -> _Text:
    """A table of these lines. Raises Damaged if they don't fit its columns."""
    fit = all(row and row.count(",") + 1 == len(columns) for row in rows)
    if len(set(columns)) < len(columns) or not fit:
        raise Damaged(f"{path.name} is damaged.")
    return _Text(path.name, columns, rows)


class Tail:
    """Columns of a table that another process writes, at most so many rows; each row is read once."""

    def __init__(self, path: Path, columns: Sequence[str], most: int) -> None:
        self._path, self._wanted, self._most = path, columns, most
        self.begun = 0  # how often it began with the first row: again once the file was cut back
        self._begin(0)

    def _begin(self, inode: int) -> None:
        self.begun += 1
        self._inode, self._end = inode, 0  # of the file, and where its last whole line that was read ends
        self._columns: list[str] = []
        self._rows = np.empty((0, len(self._wanted)))

    def read(self) -> np.ndarray:
        """All rows so far, float64 [rows, len(columns)]. Raises Damaged as the whole table would."""
        with refusing(f"{self._path.name} can't be read"):
            check_file(self._path, tensorfile.LIMIT_BYTES)
            with self._path.open("rb") as file:
                about = os.fstat(file.fileno())
                if about.st_ino != self._inode or about.st_size < self._end:
                    self._begin(about.st_ino)  # it was cut back
                file.seek(self._end)
                longest = _LONGEST_HEADER + (self._most + 1) * (len(self._wanted) + 8) * _LONGEST_CELL - self._end
                new = file.read(longest)
            if len(new) == longest or b"\0" in new:
                raise ValueError("it is longer than this run could have written")
        new = new[: new.rfind(b"\n") + 1]
        lines = new.decode(errors="replace").split("\n")[:-1]
        if lines and not self._columns:
            self._columns = lines.pop(0).split(",")
        if lines:
            rows = _text(self._path, self._columns, lines).numbers(self._wanted)
            self._rows = np.concatenate([self._rows, rows])
        self._end += len(new)
        return self._rows


def _lines(path: Path, most: int) -> list[str]:
    """The whole lines: one that a killed process was writing is left out.

    Raises ValueError with a lower-case clause if there is more than `most` rows can take, before all of it is read.
    """
    check_file(path, tensorfile.LIMIT_BYTES)
    with path.open("rb") as file:
        pieces = [file.readline(_LONGEST_HEADER)]
        left = (most + 1) * (pieces[0].count(b",") + 1) * _LONGEST_CELL
        while piece := file.read(2**20):
            left -= len(piece)
            if left < 0 or b"\0" in piece:  # as in the holes of a file that was not written to its end
                raise ValueError("it is longer than this run could have written")
            pieces.append(piece)
    return b"".join(pieces).decode(errors="replace").split("\n")[:-1]


def _first_lines(path: Path, n: int) -> list[str]:
    with path.open(errors="replace", newline="\n") as file:
        return [line.rstrip("\n") for line in islice(file, n)]


def cut(path: Path, keep: int, columns: Sequence[str] = ()) -> None:
    """Cut a table back to its first rows, and add those columns that it lacks as `nan`; whole or not at all."""
    if not path.exists():
        return
    lines = _first_lines(path, keep + 1) if keep else []  # a Table writes the header of an empty file
    if lines and (missing := [column for column in columns if column not in lines[0].split(",")]):
        lines = [",".join([lines[0], *missing]), *(line + ",nan" * len(missing) for line in lines[1:])]
    tensorfile.write(path, "".join(f"{line}\n" for line in lines).encode(), sync=True)


def changes(path: Path) -> list[RecordedChange]:
    """The changes in a file, in order; empty if there is no file. Raises Damaged."""
    if not os.path.lexists(path):
        return []
    table = _read(path, _MOST_CHANGES)
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
