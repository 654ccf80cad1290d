"""What lessons on tensors share: a shape as a reader writes it, what may be drawn, and the sd of what was drawn."""

import math
import re

from torch import Tensor

Shape = tuple[int, ...]
LARGEST = 1_000_000  # numbers in one tensor


def parse(text: str) -> Shape:
    """(2, 5) of "2, 5", "(2, 5)" or "2 × 5". Raises ValueError for other text."""
    sizes = re.split(r"\s*[,x×]\s*|\s+", text.strip().strip("()[]").strip(" ,"))
    if not all(re.fullmatch(r"\d{1,12}", size, re.ASCII) for size in sizes):
        raise ValueError(f"“{text[:40]}” is not a shape. Write whole numbers with commas between, such as 2, 5.")
    return tuple(map(int, sizes))


def written(shape: Shape) -> str:
    """The sizes as in code: 2, 5."""
    return ", ".join(map(str, shape))


def checked(shape: Shape) -> Shape:
    """The shape. Raises ValueError for one that may not be drawn."""
    if not 1 <= len(shape) <= 4 or min(shape) < 1:
        raise ValueError("A shape has one to four sizes here, each at least 1.")
    if math.prod(shape) > LARGEST:
        raise ValueError(
            f"A tensor of {' × '.join(f'{n:,}' for n in shape)} has {math.prod(shape):,} numbers; "
            f"this page draws at most {LARGEST:,}."
        )
    return shape


def sd(values: Tensor) -> float:
    """As `.std()`, which divides by n − 1, in the tensor's own dtype; NaN for a single number."""
    return values.std().item() if values.numel() > 1 else math.nan
