"""Several values of a setting as text: a list of numbers, and of ranges such as 0.001:1:log7."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from ganlab import settings
from ganlab.config import TrainConfig
from ganlab.runs.sweep import MOST_RUNS

RANGE = re.compile(r"([^:]+):([^:]+):(log)?([0-9]{1,5})")


def numbers(name: str, kind: type, texts: Sequence[str]) -> list[Any]:
    """The numbers, int or float, that are listed and in ranges, each once.

    Raises ValueError, in one sentence that begins with `name`.
    """
    ranges = [RANGE.fullmatch(text) for text in texts]
    if (many := sum(int(match[4]) if match else 1 for match in ranges)) > MOST_RUNS:
        raise ValueError(f"{name} lists {many:,} numbers, and a sweep has at most {MOST_RUNS:,} runs: list fewer.")
    values: list[Any] = []
    for text, match in zip(texts, ranges, strict=True):
        try:
            values += _spread(kind, *match.groups()) if match else [kind(text)]
        except (ValueError, OverflowError):
            example = "1:9:5" if kind is int else "0.001:1:log7"
            raise ValueError(f"{name}: {text!r} is neither a number nor a range such as {example}.") from None
    return list(dict.fromkeys(values))


def clip_ranges(name: str, texts: Sequence[str]) -> list[tuple[float, float]]:
    """The range from -c to c for each number c in these texts. Raises ValueError as `numbers`."""
    return [_clip_range(name, c) for c in numbers(name, float, texts)]


def _clip_range(name: str, c: float) -> tuple[float, float]:
    if not c > 0:
        raise ValueError(f"{name} must be above 0, not {c:g}: it means a clip range from -c to c.")
    try:
        return settings.checked(TrainConfig, "clip_range", (-c, c))
    except ValueError:
        raise ValueError(f"{name} must fit in a 32-bit float, and {c:g} does not: choose one closer to 1.") from None


def _spread(kind: type, first: str, last: str, log: str | None, many: str) -> list[Any]:
    """The numbers of a range; between its ends they are rounded, so that they are the same on every computer.

    Steps of a factor have three digits, 0.0316, or six where three would merge neighbours; equal steps have six.
    Raises ValueError.
    """
    with np.errstate(all="ignore"):
        between = (np.geomspace if log else np.linspace)(float(first), float(last), int(many)).tolist()
    if not between:
        raise ValueError
    if kind is int:
        return [round(value) for value in between]
    short = [_rounded(value, 3) for value in between]
    values = short if log and len(set(short)) == len(short) else [_rounded(value, 6) for value in between]
    return [float(first), *values[1:-1], float(last)][: len(values)]


def _rounded(value: float, digits: int) -> float:
    """To this many significant digits; a whole number keeps six."""
    six = float(f"{value:.6g}")
    return six if six.is_integer() else float(f"{value:.{digits}g}")
