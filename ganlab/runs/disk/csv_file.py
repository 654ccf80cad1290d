"""A CSV file of numbers that grows: written row by row, read whole or only what is new, cut back.

Columns are found by name, so that a file of another version can be read and continued: a missing column, an empty cell
or `nan`, as old files have it, is NaN, an unknown column is ignored, but kept.
"""

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ganlab import tensorfile
from ganlab.runs.disk.damage import Damaged, check_file, refusing

PIECE = 1000  # rows that are written at once: while the disk stays full, no more than these are tried each time
LONGEST_HEADER, _LONGEST_CELL = 2**16, 32  # bytes; a number has at most 24


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
        """Add a row, on disk after the next `flush`; cells that it lacks, and those of NaN, are empty."""
        cells = (row.get(column, "") for column in self._columns)
        self._waiting.append(",".join("" if cell != cell else str(cell) for cell in cells) + "\n")

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


class Text(NamedTuple):
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


def read(path: Path, most: int) -> Text:
    """The columns and rows, at most so many, of a table. Raises Damaged if it is missing or they don't fit."""
    if not os.path.lexists(path):
        raise Damaged(f"{path.name} is missing.")
    with refusing(f"{path.name} can't be read"):
        header, *rows = _lines(path, most) or [""]
    if len(rows) > most:
        raise Damaged(f"{path.name} is damaged.")
    return _text(path, header.split(",") if header else [], rows)


def _text(path: Path, columns: list[str], rows: list[str]) -> Text:
    """A table of these lines. Raises Damaged if they don't fit its columns."""
    fit = all(row and row.count(",") + 1 == len(columns) for row in rows)
    if len(set(columns)) < len(columns) or not fit:
        raise Damaged(f"{path.name} is damaged.")
    return Text(path.name, columns, rows)


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
                longest = LONGEST_HEADER + (self._most + 1) * (len(self._wanted) + 8) * _LONGEST_CELL - self._end
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
        pieces = [file.readline(LONGEST_HEADER)]
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
    """Cut a table back to its first rows, and add those columns that it lacks, empty; whole or not at all."""
    if not path.exists():
        return
    lines = _first_lines(path, keep + 1) if keep else []  # a Table writes the header of an empty file
    if lines and (missing := [column for column in columns if column not in lines[0].split(",")]):
        lines = [",".join([lines[0], *missing]), *(line + "," * len(missing) for line in lines[1:])]
    tensorfile.write(path, "".join(f"{line}\n" for line in lines).encode(), sync=True)
