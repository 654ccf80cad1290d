"""The user's own points: shapes to start from, kept and loaded. Knows nothing of training or screens.

Whatever a file holds, this module raises only ValueError (one sentence for the user) or OSError.
"""

import io
from pathlib import Path

import numpy as np
import torch

from ganlab import tensorfile
from ganlab.data import kept

FEWEST = 16  # points that a run needs
MOST = 5_000  # points that are allowed
LIMIT_BYTES = 2 * 2**20  # size of a file
SHAPE_POINTS = 600  # points of a shape to start a drawing from
REACH = 2.0  # points lie in [-2, 2]^2, the square that every picture of points shows
_HAND = 0.03  # standard deviation along each axis, around the line of a shape


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
