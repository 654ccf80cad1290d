"""The shape of a tensor, as a reader writes it."""

import re

Shape = tuple[int, ...]


def parse(text: str) -> Shape:
    """(2, 5) of "2, 5", "(2, 5)" or "2 × 5". Raises ValueError, with a sentence for the reader, for other text."""
    sizes = re.split(r"\s*[,x×]\s*|\s+", text.strip().strip("()[]").strip(" ,"))
    if not all(re.fullmatch(r"\d{1,12}", size, re.ASCII) for size in sizes):
        raise ValueError(f"“{text[:40]}” is not a shape. Write whole numbers with commas between, such as 2, 5.")
    return tuple(map(int, sizes))
