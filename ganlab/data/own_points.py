"""The user's own points: read from a CSV, kept, found again. Knows nothing of training or screens.

Whatever a file holds, only ValueError (one sentence for the user) or OSError leaves this module.
"""

import math
import re
from pathlib import Path

import numpy as np
import torch

from ganlab import tensorfile
from ganlab.tensorfile import Kinds

FEWEST = 16
"""Points that a run needs."""
MOST = 5_000
LIMIT_BYTES = 2 * 2**20
"""Of a CSV."""
REACH = 2.0
"""Points lie in [-2, 2]^2, the square that every picture of points shows."""
_FITTED = 1.6  # how far points from outside reach once they are scaled
_LARGEST = 1e30  # of a number in a CSV: none of its sums overflows


def read_csv(content: bytes, name: str) -> tuple[np.ndarray, str]:
    """The points of a CSV, float32 [16 to 5000, 2], and a sentence if they had to be moved, else "".

    Two numbers a line, with a comma, semicolon, tab or spaces between; a line of words may come first. If any point
    lies outside [-2, 2]^2, all are centred and scaled, both axes alike, to reach 1.6. Raises ValueError, in one
    sentence with `name`, for anything else.
    """
    if len(content) > LIMIT_BYTES:
        raise ValueError(f"{name} has more than {LIMIT_BYTES // 2**20} MB, the most allowed.")
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise ValueError(f"{name} is not a text file.") from None
    filled = [(i, line) for i, line in enumerate(lines, start=1) if line.strip()]
    if filled and _is_header(filled[0][1]):
        del filled[0]
    if len(filled) > MOST:
        raise ValueError(f"{name} holds {len(filled):,} points; at most {MOST:,} are allowed.")
    rows = [_pair(line, f"Line {i} of {name}") for i, line in filled]
    if len(rows) < FEWEST:
        raise ValueError(f"{name} holds {len(rows)} point{'s' * (len(rows) != 1)}; at least {FEWEST} are needed.")
    return _fitted(np.array(rows))


def as_csv(points: np.ndarray) -> bytes:
    """x,y and a line for each point [n, 2]; `read_csv` gives the very same float32 back."""
    return "".join(["x,y\n", *(f"{x!s},{y!s}\n" for x, y in np.asarray(points, np.float32))]).encode()


def keep(points: np.ndarray, folder: Path) -> str:
    """Keep 1 to 5,000 points [n, 2] of [-2, 2]^2 as `folder/<name>.safetensors`; returns the name.

    The name is the first 16 hex digits of the file's SHA-256: equal points in equal order have an equal name. Raises
    ValueError, in one sentence, for anything else.
    """
    points = np.asarray(points, np.float32)
    if points.ndim != 2 or points.shape[1] != 2 or not 0 < len(points) <= MOST or not (abs(points) <= REACH).all():
        raise ValueError(f"These are not 1 to {MOST:,} points between −2 and 2.")
    content = tensorfile.packed({"points": torch.from_numpy(points)}, {})
    name = tensorfile.sha256(content)[:16]
    folder.mkdir(parents=True, exist_ok=True)
    tensorfile.write(folder / f"{name}.safetensors", content)
    return name


def load(name: str, folder: Path) -> np.ndarray:
    """The kept points of that name, float32 [n, 2]. Raises FileNotFoundError or ValueError, in one sentence."""
    path = folder / f"{name}.safetensors"
    if not re.fullmatch("[0-9a-f]{16}", name) or not path.is_file():
        raise FileNotFoundError(f"The points {name[:16]} are not on this computer; draw or upload them again.")
    try:
        tensorfile.check_size(path, LIMIT_BYTES)
        content = path.read_bytes()
        if tensorfile.sha256(content)[:16] != name:
            raise ValueError("it was damaged or changed")
        return tensorfile.read(content, _check)[1]["points"].numpy()
    except ValueError as error:
        raise ValueError(f"{path.name} holds no points to train on: {error}.") from None


def _check(_: dict[str, str], kinds: Kinds) -> None:
    dtype, shape = kinds.get("points", (None, ()))
    if len(kinds) != 1 or dtype != torch.float32 or len(shape) != 2 or shape[0] > MOST or shape[1] != 2:
        raise ValueError("it holds something else")


def _fields(line: str) -> list[str]:
    return re.split(r"\s*[,;\t]\s*|\s+", line.strip())


def _is_header(line: str) -> bool:
    """Whether nothing in it is a number."""
    return all(_number(field) is None for field in _fields(line))


def _number(field: str) -> float | None:
    try:
        return None if "_" in field else float(field)  # 1_000 is a number to Python alone
    except ValueError:
        return None


def _pair(line: str, where: str) -> list[float]:
    pair = [_number(field) for field in _fields(line)]
    shown = "".join(letter for letter in line.strip()[:40] if letter.isprintable())
    if len(pair) != 2 or None in pair:
        raise ValueError(f"{where} is not two numbers: “{shown}”.")
    if not all(math.isfinite(number) and abs(number) <= _LARGEST for number in pair):
        raise ValueError(f"{where} holds a number that no plane can show: “{shown}”.")
    return pair


def _fitted(points: np.ndarray) -> tuple[np.ndarray, str]:
    """Points [n, 2] as they are, or centred and scaled; then a sentence with the numbers."""
    if (abs(points) <= REACH).all():
        return points.astype(np.float32), ""
    low, high = points.min(axis=0), points.max(axis=0)
    (x, y), scale = (low + high) / 2, (high - low).max() / 2 / _FITTED or 1.0
    told = (
        f"They went from {_shown(low[0])} to {_shown(high[0])} and from {_shown(low[1])} to {_shown(high[1])}, so "
        f"{_shown(x)} and {_shown(y)} were subtracted and both divided by {_shown(scale)}, to fit between −1.6 and 1.6."
    )
    return ((points - (x, y)) / scale).astype(np.float32), told


def _shown(number: float) -> str:
    return f"{number:.4g}".replace("-", "−")
