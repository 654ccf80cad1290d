"""Shapes to start a drawing from: 600 points in [-2, 2]^2 each, always the same ones."""

import numpy as np

N = 600
_SD = 0.03  # along each axis, around the line


def two_moons() -> np.ndarray:
    """Two interleaved half circles, as in scikit-learn's make_moons: float32 [600, 2]."""
    t = np.linspace(0, np.pi, N // 2)
    upper = np.stack([np.cos(t), np.sin(t)], axis=1)
    both = np.concatenate([upper, (1, 0.5) - upper])  # [600, 2], centred at (0.5, 0.25)
    return _drawn((both - (0.5, 0.25)) * 1.1)


def spiral() -> np.ndarray:
    """Two turns that widen evenly, with points at equal distances along it: float32 [600, 2]."""
    t = 4 * np.pi * np.sqrt(np.linspace(0.01, 1, N))
    return _drawn(1.6 * (t / t[-1])[:, None] * np.stack([np.cos(t), np.sin(t)], axis=1))


def heart() -> np.ndarray:
    """The curve x = 16 sin^3 t, y = 13 cos t - 5 cos 2t - 2 cos 3t - cos 4t: float32 [600, 2]."""
    t = np.linspace(-np.pi, np.pi, 4001)
    line = np.stack(
        [16 * np.sin(t) ** 3, 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)], axis=1
    )
    return _drawn(_evenly(line + np.array([0, 2.5])) / 10)


def letter() -> np.ndarray:
    """A capital G: float32 [600, 2]."""
    t = np.radians(np.linspace(45, 360, 500))
    arc = 1.5 * np.stack([0.9 * np.cos(t), np.sin(t)], axis=1)
    return _drawn(_evenly(np.concatenate([arc, [(0.3, 0.0)]])))


SHAPES = {"Two moons": two_moons, "Spiral": spiral, "Heart": heart, "Letter": letter}
"""By their names on the page."""


def _evenly(line: np.ndarray) -> np.ndarray:
    """Points [600, 2] at equal distances along a line [n, 2]."""
    along = np.concatenate([[0], np.hypot(*np.diff(line, axis=0).T).cumsum()])
    at = np.linspace(0, along[-1], N)
    return np.stack([np.interp(at, along, axis) for axis in line.T], axis=1)


def _drawn(line: np.ndarray) -> np.ndarray:
    """Points [600, 2] around those of a line, as if drawn by hand."""
    return (line + np.random.default_rng(0).normal(0, _SD, line.shape)).round(3).astype(np.float32)
