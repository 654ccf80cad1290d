"""The user's own points: shapes to start from, read from a CSV, kept and loaded. Knows nothing of training or screens.

Whatever a file holds, this module raises only ValueError (one sentence for the user) or OSError.
"""

import io
import math
import re
from pathlib import Path

import numpy as np
import torch

from ganlab import tensorfile
from ganlab.data import kept
from ganlab.formatting import count_of

FEWEST = 16  # points that a run needs
MOST = 5_000  # points that are allowed
LIMIT_BYTES = 2 * 2**20  # size of a CSV
SHAPE_POINTS = 600  # points of a shape to start a drawing from
REACH = 2.0  # points lie in [-2, 2]^2, the square that every picture of points shows
_SCALED_REACH = 1.6  # of points that had to be scaled
_HAND = 0.03  # standard deviation along each axis, around the line of a shape
_LARGEST = 1e30  # number in a CSV: none of their sums overflows


def read_csv(content: bytes, name: str) -> tuple[np.ndarray, str]:
    """The points of a CSV, float32 [16 to 5000, 2], and a sentence if they had to be moved, else "".

    Each line has two numbers, with a comma, semicolon, tab or spaces between them; the first line may be words. If any
    point lies outside [-2, 2]^2, all are centred and scaled, both axes alike, to reach 1.6. Raises ValueError, in one
    sentence with `name`, for anything else.
    """
    if len(content) > LIMIT_BYTES:
        raise ValueError(f"{name} is larger than {LIMIT_BYTES // 2**20} MB, the most allowed.")
    try:
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise ValueError(f"{name} is not a text file.") from None
    filled = [(i, line) for i, line in enumerate(lines, start=1) if line.strip()]
    if filled and all(_number(field) is None for field in _fields(filled[0][1])):
        del filled[0]  # words: the columns' names
    if len(filled) > MOST:
        raise ValueError(f"{name} holds {len(filled):,} points; at most {MOST:,} are allowed.")
    rows = [_pair(line, f"Line {i} of {name}") for i, line in filled]
    if len(rows) < FEWEST:
        raise ValueError(f"{name} holds {count_of(len(rows), 'point')}; at least {FEWEST} are needed.")
    return _fitted(np.array(rows))


def as_csv(points: np.ndarray) -> bytes:
    """A line x,y and one for each point [n, 2]; `read_csv` gives exactly the same float32 back."""
    return "".join(["x,y\n", *(f"{x!s},{y!s}\n" for x, y in np.asarray(points, np.float32))]).encode()


def keep(points: np.ndarray, folder: Path) -> str:
    """Keep 1 to 5,000 points [n, 2] in [-2, 2]^2 as `folder/NAME.safetensors`; returns the name (see `kept.keep`).

    The same points in the same order have the same name. Raises ValueError, in one sentence, for anything else.
    """
    points = np.asarray(points, np.float32)
    if points.ndim != 2 or points.shape[1] != 2 or not 0 < len(points) <= MOST or not (abs(points) <= REACH).all():
        raise ValueError(f"These are not 1 to {MOST:,} points between −2 and 2.")
    content = tensorfile.packed({"points": torch.from_numpy(points)}, {})
    return kept.keep(folder, io.BytesIO(content), ".safetensors")


def load(name: str, folder: Path) -> np.ndarray:
    """The kept points of that name, float32 [n, 2]. Raises FileNotFoundError or ValueError, in one sentence."""
    path = kept.find(folder, name, ".safetensors")
    if not path:
        raise FileNotFoundError(f"The points {name[:16]} are not on this computer; draw or upload them again.")

    def fits(dtype: torch.dtype, shape: tuple[int, ...]) -> bool:
        return dtype == torch.float32 and len(shape) == 2 and shape[0] <= MOST and shape[1] == 2

    try:
        tensorfile.check_size(path, LIMIT_BYTES)
        if not kept.is_intact(path):
            raise ValueError("it was damaged or changed")
        return tensorfile.read_one(path, "points", fits, LIMIT_BYTES).numpy()
    except ValueError as error:
        raise ValueError(f"{path.name} can't be used as points: {error}.") from None


def _fields(line: str) -> list[str]:
    return re.split(r"\s*[,;\t]\s*|\s+", line.strip())


def _number(field: str) -> float | None:
    try:
        return None if "_" in field else float(field)  # only Python takes 1_000 for a number
    except ValueError:
        return None


def _pair(line: str, where: str) -> list[float]:
    """The two numbers of a line. Raises ValueError, in a sentence that begins with `where`."""
    fields = _fields(line)
    pair = [number for field in fields if (number := _number(field)) is not None]
    quoted = "".join(letter for letter in line.strip()[:40] if letter.isprintable())
    if len(fields) != 2 or len(pair) != 2:
        raise ValueError(f"{where} is not two numbers: “{quoted}”.")
    if not all(math.isfinite(number) and abs(number) <= _LARGEST for number in pair):
        raise ValueError(f"{where} has a number out of range: “{quoted}”.")
    return pair


def _fitted(points: np.ndarray) -> tuple[np.ndarray, str]:
    """Points [n, 2] as they are, or centred and scaled; then a sentence with the numbers."""
    if (abs(points) <= REACH).all():
        return points.astype(np.float32), ""
    low, high = points.min(axis=0), points.max(axis=0)
    (x, y), scale = (low + high) / 2, (high - low).max() / 2 / _SCALED_REACH or 1.0
    message = (
        f"The points went from {_text(low[0])} to {_text(high[0])} and from {_text(low[1])} to {_text(high[1])}, so "
        f"{_text(x)} and {_text(y)} were subtracted and both divided by {_text(scale)}, to fit between −1.6 and 1.6."
    )
    return ((points - (x, y)) / scale).astype(np.float32), message


def _text(number: float) -> str:
    return f"{number:.4g}".replace("-", "−")


def two_moons() -> np.ndarray:
    """Two interleaved half circles, as in scikit-learn's make_moons: float32 [600, 2]."""
    t = np.linspace(0, np.pi, SHAPE_POINTS // 2)
    upper = np.stack([np.cos(t), np.sin(t)], axis=1)
    both = np.concatenate([upper, (1, 0.5) - upper])  # [600, 2], centred at (0.5, 0.25)
    return _drawn((both - (0.5, 0.25)) * 1.1)


def spiral() -> np.ndarray:
    """Two turns that widen evenly, with points at equal distances along it: float32 [600, 2]."""
    t = 4 * np.pi * np.sqrt(np.linspace(0.01, 1, SHAPE_POINTS))
    return _drawn(1.6 * (t / t[-1])[:, None] * np.stack([np.cos(t), np.sin(t)], axis=1))


def heart() -> np.ndarray:
    """The curve x = 16 sin^3 t, y = 13 cos t - 5 cos 2t - 2 cos 3t - cos 4t: float32 [600, 2]."""
    t = np.linspace(-np.pi, np.pi, 4001)
    y = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    return _drawn(_evenly(np.stack([16 * np.sin(t) ** 3, y + 2.5], axis=1)) / 10)


def letter() -> np.ndarray:
    """A capital G: float32 [600, 2]."""
    t = np.radians(np.linspace(45, 360, 500))
    arc = 1.5 * np.stack([0.9 * np.cos(t), np.sin(t)], axis=1)
    return _drawn(_evenly(np.concatenate([arc, [(0.3, 0.0)]])))


SHAPES = {"Two moons": two_moons, "Spiral": spiral, "Heart": heart, "Letter": letter}  # by their names on the page


def _evenly(line: np.ndarray) -> np.ndarray:
    """Points [600, 2] at equal distances along a line [n, 2]."""
    along = np.concatenate([[0], np.hypot(*np.diff(line, axis=0).T).cumsum()])
    at = np.linspace(0, along[-1], SHAPE_POINTS)
    return np.stack([np.interp(at, along, axis) for axis in line.T], axis=1)


def _drawn(line: np.ndarray) -> np.ndarray:
    """Points [600, 2] around those of a line, as if drawn by hand."""
    return (line + np.random.default_rng(0).normal(0, _HAND, line.shape)).round(3).astype(np.float32)
