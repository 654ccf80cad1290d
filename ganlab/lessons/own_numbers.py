"""A line of numbers that the reader types, and what a clamp does to them."""

import math
from collections.abc import Sequence

import numpy as np
import torch

EXAMPLE = "-2, -1, 0, 1, 2"  # the first example of the article on weight clipping, clamped to EXAMPLE_RANGE
EXAMPLE_RANGE = (-1.0, 1.0)
LARGEST_COUNT = 200


def parse(text: str) -> list[float]:
    """The numbers in a line of text, as float32. Raises ValueError for no or too many numbers, or another word."""
    words = text.replace(",", " ").replace(";", " ").replace("\N{MINUS SIGN}", "-").split()
    if not words:
        raise ValueError("Type some numbers, separated by commas.")
    if "," in text and ";" in text:
        raise ValueError("Write decimals with a point, such as 1.5; commas separate numbers.")
    if len(words) > LARGEST_COUNT:
        raise ValueError(f"That is {len(words):,} numbers; at most {LARGEST_COUNT} can be shown.")
    return [_number(word) for word in words]


def _number(word: str) -> float:
    try:
        value = float(word) if word.isascii() and "_" not in word else math.nan
    except ValueError:
        value = math.nan
    if math.isnan(value):
        raise ValueError(f"“{word[:40]}” is not a number.")
    rounded = torch.tensor(value).item()  # to float32
    if math.isinf(rounded):
        raise ValueError(f"“{word[:40]}” is too large for a 32-bit float.")
    return rounded


def code(values: Sequence[float], clip_range: tuple[float, float]) -> str:
    low, high = clip_range
    short = [float(str(np.float32(value))) for value in values]  # the fewest digits of the same float32
    return f"import torch\n\nnumbers = torch.tensor({short})\nprint(numbers.clamp({low}, {high}))\n"


def printed(values: Sequence[float], clip_range: tuple[float, float]) -> str:
    return f"{torch.tensor(values).clamp(*clip_range)}\n"
