"""CSV files of points, as spreadsheets and programs write them.

Whatever a file holds, this module raises only ValueError, one sentence for the user.
"""

import codecs
import csv
import math
import re
from collections.abc import Iterator
from itertools import islice
from statistics import mode
from typing import NamedTuple

import numpy as np

from ganlab.data.content import CONTROL, START, mismatch
from ganlab.data.own_points import FEWEST, LIMIT_BYTES, MOST, REACH
from ganlab.formatting import count_of

_SAMPLE = 100  # lines that show how a file writes its numbers
_SCALED_REACH = 1.6  # of points that had to be scaled
_LARGEST = 1e30  # number: none of their sums overflows
_LONGEST = 2**16  # letters of a line: Python's csv takes no more than twice as many in a cell
_JOINED = 16  # lines that a cell in quotes may go over
# A line that ends inside a cell in quotes; *+ never goes back, or it would keep 100 bytes for each letter.
_OPEN = re.compile(r'(?:^|[\t;,]) *"[^"]*+(?:""[^"]*+)*+$')
_GROUPS = {  # numbers with something between their thousands, by their decimal mark
    mark: re.compile(rf"[-+]?\d{{1,3}}([{between}'’\u00a0\u202f ])\d{{3}}(?:\1\d{{3}})*(?:\{mark}\d*)?")
    for mark, between in (".,", ",.")
}
_NOTHING = ' \t,;"'  # spreadsheets leave lines of only these below their last row


class _Notation(NamedTuple):
    """How a file writes rows and numbers."""

    separator: str  # " " for any white space
    decimal: str
    grouped: bool = False  # whether something may stand between thousands

    def cells(self, line: str) -> list[str]:
        if self.separator == " ":
            cells = [cell.strip('"') for cell in line.split()]
            return [line] if {",", ";"} & set(cells) else cells
        return [cell.strip() for cell in next(csv.reader([line], delimiter=self.separator, skipinitialspace=True))]

    def number(self, cell: str) -> float | None:
        if not cell:
            return None
        if self.grouped and (group := _GROUPS[self.decimal].fullmatch(cell)):
            cell = cell.replace(group[1], "")
        if self.decimal == ",":
            cell = "" if "." in cell or cell.endswith(",") else cell.replace(",", ".")
        try:
            return None if "_" in cell else float(cell)  # only Python takes 1_000 for a number
        except ValueError:
            return None

    def finds_two(self, line: str) -> bool:
        numbers = (cell for cell in self.cells(line) if self.number(cell) is not None)
        return len(list(islice(numbers, 2))) == 2


# In this order, because a comma that could be either is a decimal comma if something else separates.
_NOTATIONS = [
    _Notation(separator, decimal, grouped) for separator in "\t; ," for grouped in (False, True) for decimal in ".,"
]


class _Row(NamedTuple):
    line: str
    where: str
    cells: list[str]
    numbers: list[float | None]

    @property
    def width(self) -> int:
        """Without empty cells at the end."""
        return max((i for i, cell in enumerate(self.cells, start=1) if cell), default=0)

    def error(self, problem: str) -> ValueError:
        return ValueError(f"{self.where} {problem}: “{_printable(self.line)}”; correct or remove it.")

    def pair(self, columns: list[int]) -> list[float] | None:
        """The numbers in two columns; None if a cell there is empty. Raises ValueError."""
        if len(self.cells) > max(columns) and not all(self.cells[c] for c in columns):
            return None
        pair = [number for c in columns if c < len(self.cells) and (number := self.numbers[c]) is not None]
        if len(pair) < 2:
            raise self.error("is not two numbers")
        if not all(math.isfinite(number) and abs(number) <= _LARGEST for number in pair):
            raise self.error("has a number out of range")
        return pair


def read_csv(content: bytes, name: str) -> tuple[np.ndarray, str]:
    """The points of a CSV, float32 [16 to 5000, 2]; then, in sentences, what was chosen, left out and moved, or "".

    UTF-8, UTF-16 or Windows-1252; tabs, semicolons, commas or spaces between cells; decimal points or commas, with or
    without thousands separators; the first line may name the columns. Of more than two columns of numbers, those named
    x and y are read, or the two that are neither an index nor whole numbers. A row with an empty cell there is left
    out. If any point lies outside [-2, 2]^2, all are centred and scaled, both axes alike, to reach 1.6. Raises
    ValueError, in one sentence with `name`, for anything else.
    """
    if len(content) > LIMIT_BYTES:
        raise ValueError(
            f"{name} is larger than {LIMIT_BYTES // 2**20} MB, the most allowed: give at most {MOST:,} points."
        )
    if problem := mismatch(content.strip()[:START], "a text file"):
        raise ValueError(f"{name} {problem}: give the points as a CSV.")
    lines = [(i, line) for i, line in _lines(_decoded(content, name)) if line.strip(_NOTHING)]
    if long := next((i for i, line in lines if len(line) > _LONGEST), 0):
        raise ValueError(f"Line {long} of {name} has more than {_LONGEST:,} characters: write one point per line.")
    notation = max(_NOTATIONS, key=lambda each: sum(each.finds_two(line) for _, line in lines[:_SAMPLE]))
    rows = [_row(line, f"Line {i} of {name}", notation) for i, line in lines[: MOST + 2]]
    header = rows.pop(0) if rows and _names_columns(*rows) else None
    if rows and not any(set(row.line.strip(_NOTHING)) & set("\t; ,") for row in rows):
        raise ValueError(f"{name} has one column; two are needed: x and y. Put a comma between them.")
    if len(rows) > MOST:
        n = len(lines) - bool(header)
        raise ValueError(f"{name} holds {n:,} points; at most {MOST:,} are allowed.")
    names = header.cells[: header.width] if header else []
    width = max(len(names), mode(row.width for row in rows) if rows else 0)
    for row in rows:
        if row.width > width:
            raise row.error(f"has {count_of(row.width, 'column')}, not {width}")
    names = [""] * (width - len(names)) + names  # R does not name the column of its row numbers
    columns = _columns(rows, names, name)
    pairs = [(row, row.pair(columns)) for row in rows]
    points = [pair for _, pair in pairs if pair]
    if len(points) < FEWEST:
        raise ValueError(f"{name} holds {count_of(len(points), 'point')}; at least {FEWEST} are needed.")
    fitted, moved = _fitted(np.array(points))
    if (fitted == fitted[0]).all():
        moved.append(f"All {len(fitted):,} points are the same.")
    left_out = [row.where for row, pair in pairs if not pair]
    return fitted, " ".join([*_choices(header, names, columns, notation), *_omissions(left_out), *moved])


def as_csv(points: np.ndarray) -> bytes:
    """A line x,y and one for each point [n, 2]; `read_csv` gives exactly the same float32 back."""
    return "".join(["x,y\n", *(f"{x!s},{y!s}\n" for x, y in np.asarray(points, np.float32))]).encode()


def _choices(header: _Row | None, names: list[str], columns: list[int], notation: _Notation) -> list[str]:
    """A sentence for each thing that could have been read in another way."""
    notes = []
    if header and header.numbers[0] is not None:
        notes.append(f"{header.where} was read as the columns' names: “{_printable(header.line)}”.")
    if len(names) > 2:
        x, y = (f"“{_printable(names[c])}”" if names[c] else f"number {c + 1}" for c in columns)
        notes.append(f"Of {len(names)} columns, {x} and {y} were read.")
    if notation.decimal == ",":
        notes.append("Commas were read as decimal points.")
    if notation.grouped:
        notes.append("Thousands separators were skipped.")
    return notes


def _omissions(lines: list[str]) -> list[str]:
    if not lines:
        return []
    if not lines[1:]:
        return [f"{lines[0]} has an empty cell and was left out."]
    return [f"{lines[0]} and {count_of(len(lines) - 1, 'other')} have an empty cell and were left out."]


def _decoded(content: bytes, name: str) -> str:
    """The decoded file, with the true minus as -. Raises ValueError, in one sentence."""
    text = None
    try:
        text = content.decode(_encoding(content[:2]))
    except UnicodeDecodeError:
        if not CONTROL & set(content):  # only the names of columns suffer if this is not the right one
            text = content.decode("cp1252", "replace")
    if text is None or "\0" in text:
        raise ValueError(f"{name} is not a text file: give the points as a CSV.")
    return text.replace("\N{MINUS SIGN}", "-")


def _encoding(start: bytes) -> str:
    """The encoding of a text, judged by its first two bytes."""
    if start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        return "utf-16"
    if start.count(0) == 1:  # an ASCII letter in UTF-16, with no byte order mark before it
        return "utf-16-be" if start[0] == 0 else "utf-16-le"
    return "utf-8-sig"


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """The lines and their numbers; lines that a quoted cell spans are joined, under the number of the first."""
    lines = text.splitlines()
    at, quotes_close = 0, True
    while at < len(lines):
        n = 1
        if quotes_close and _OPEN.search(lines[at]):
            joined = (m for m in range(2, _JOINED + 1) if not _OPEN.search(" ".join(lines[at : at + m])))
            n = next(joined, 1)
            quotes_close = n > 1  # one that is never closed is no quote
        yield at + 1, " ".join(lines[at : at + n])
        at += n


def _row(line: str, where: str, notation: _Notation) -> _Row:
    cells = notation.cells(line)
    return _Row(line, where, cells, [notation.number(cell) for cell in cells])


def _names_columns(first: _Row, *others: _Row) -> bool:
    """Whether the first row holds no numbers, or those that pandas gives to columns without names: 0, 1, ..."""
    filled = [cell for cell in first.cells if cell]
    if len(filled) < 2 or filled != [str(i) for i in range(len(filled))]:
        return all(number is None for number in first.numbers)
    return not first.cells[0] or not any(cell.lstrip("-").isdecimal() for row in others for cell in row.cells)


def _columns(rows: list[_Row], names: list[str], name: str) -> list[int]:
    """The two columns to read. Raises ValueError, in one sentence, if there are more that they could be."""
    found = {c: [row.numbers[c] for row in rows if c < len(row.numbers)] for c in range(len(names))}
    numeric = {c: numbers for c, numbers in found.items() if any(number is not None for number in numbers)}
    if len(numeric) > 2 and len(named := [c for axis in "xy" for c in numeric if names[c].lower() == axis]) == 2:
        return named
    index, *others = numeric or [0]
    if len(others) > 1 and numeric[index] in (list(range(len(rows))), list(range(1, len(rows) + 1))):
        del numeric[index]
    if len(numeric) > 2:
        fractions = [c for c, numbers in numeric.items() if any(number and number % 1 for number in numbers)]
        if len(fractions) != 2:
            raise ValueError(
                f"{name} has {len(numeric)} columns of numbers: leave two, or name two x and y in its first line."
            )
        return fractions
    return [*numeric, *(c for c in range(len(names) + 2) if c not in numeric)][:2]


def _fitted(points: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Points [n, 2] as they are, or centred and scaled and a sentence with the numbers."""
    if (abs(points) <= REACH).all():
        return points.astype(np.float32), []
    low, high = points.min(axis=0), points.max(axis=0)
    (x, y), scale = (low + high) / 2, (high - low).max() / 2 / _SCALED_REACH or 1.0
    message = (
        f"The points ranged from {_text(low[0])} to {_text(high[0])} and from {_text(low[1])} to {_text(high[1])}, so "
        f"{_text(x)} and {_text(y)} were subtracted and both divided by {_text(scale)}, to fit between −1.6 and 1.6."
    )
    return ((points - (x, y)) / scale).astype(np.float32), [message]


def _text(number: float) -> str:
    return f"{number:.4g}".replace("-", "−")


def _printable(text: str) -> str:
    return "".join(letter for letter in text.strip()[:40] if letter.isprintable() or letter == "\t")
