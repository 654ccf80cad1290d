"""What the lessons on random tensors share: which shapes and seeds they allow, and the sd of a tensor."""

import math

from torch import Tensor

from ganlab.lessons.shapes import Shape

LARGEST = 1_000_000  # numbers in one tensor


def check(shape: Shape, seed: int) -> None:
    """Raises ValueError, with a sentence for the reader, for a shape or seed that these lessons do not allow."""
    if not 1 <= len(shape) <= 4 or min(shape) < 1:
        raise ValueError("A shape has one to four sizes here, each at least 1.")
    if math.prod(shape) > LARGEST:
        raise ValueError(
            f"A tensor of {' × '.join(f'{n:,}' for n in shape)} has {math.prod(shape):,} numbers; "
            f"this page draws at most {LARGEST:,}."
        )
    if not 0 <= seed < 2**53:
        raise ValueError("The seed must be a whole number from 0 to 9,007,199,254,740,991.")


def sd(values: Tensor) -> float:
    """As `.std()`, which divides by n − 1, in the tensor's own dtype; NaN for a single number."""
    return values.std().item() if values.numel() > 1 else math.nan
