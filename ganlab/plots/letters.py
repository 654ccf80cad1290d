"""Letters of compared runs in a chart: at the ends of lines and above dots, each readable where several are close.

Places are those on the axes: on a log axis, logarithms.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.optimize import isotonic_regression

from ganlab.plots.base import Figure, note, rounded

Places = Mapping[str, tuple[float, float]]  # by letter
Span = Sequence[float]  # the lower and the upper end of an axis
WIDTH, HEIGHT = 268, 200  # pixels of a chart between its axes, about, on a phone
LOW, NARROW = 13, 9  # pixels of a letter
COVERED = 22  # pixels from a dot up to where its letter ends


def at_ends(ends: Places, span: Span, width: float) -> list[Figure]:
    """Each line's letter at its end; those that would touch are moved apart, in the order of their lines."""
    notes: list[Figure] = []
    for letters in _columns(ends, 0.06 * width):
        at = np.array([_pixels(ends[letter][1], span) for letter in letters])
        for letter, shift in zip(letters, (_apart(at) - at).tolist(), strict=True):
            notes.append(_note(letter, ends[letter], xanchor="left", xshift=5, yanchor="middle", yshift=round(shift)))
    return notes


def above(dots: Places, across: Span, span: Span) -> list[Figure]:
    """Each dot's letter above it; dots so close that one lies on another's letter have theirs in one row."""
    notes: list[Figure] = []
    for column in _columns(dots, NARROW * (across[1] - across[0]) / WIDTH):
        row: list[str] = []
        for letter in column:
            if row and _pixels(dots[letter][1], span) - _pixels(dots[row[-1]][1], span) >= COVERED:
                notes += _row(row, dots[row[-1]])
                row = []
            row.append(letter)
        notes += _row(row, dots[row[-1]])
    return notes


def _columns(places: Places, near: float) -> list[list[str]]:
    """The letters in groups that have about the same x, each in the order of their heights."""
    groups: list[list[str]] = []
    for letter in sorted(places, key=lambda letter: places[letter][0]):
        if groups and places[letter][0] - places[groups[-1][-1]][0] < near:
            groups[-1].append(letter)
        else:
            groups.append([letter])
    return [sorted(group, key=lambda letter: (places[letter][1], letter)) for group in groups]


def _pixels(y: float, span: Span) -> float:
    return HEIGHT * (y - span[0]) / max(span[1] - span[0], 1e-12)


def _apart(at: np.ndarray) -> np.ndarray:
    """Rising places [n] in a chart, moved as little as keeps the letters from touching, and inside it."""
    room = LOW * np.arange(len(at))
    even: np.ndarray = isotonic_regression(at - room).x
    return even.clip(0, max(0, HEIGHT - room[-1])) + room


def _row(letters: Sequence[str], dot: tuple[float, float]) -> list[Figure]:
    middle = (len(letters) - 1) / 2
    shifts = {letter: round((NARROW + 2) * (i - middle)) for i, letter in enumerate(sorted(letters))}
    return [_note(letter, dot, xshift=shift, yanchor="bottom", yshift=3) for letter, shift in shifts.items()]


def _note(letter: str, place: tuple[float, float], **where: int | str) -> Figure:
    x, y = (rounded(value, 6) for value in place)
    return note(x, y, f"<b>{letter}</b>", f"${letter}", 12.5, **where)
