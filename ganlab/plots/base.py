"""What all figures share: their type, and arrays packed for the browser."""

import base64
from typing import Any

import numpy as np

Figure = dict[str, Any]


def rounded(value: float, digits: int = 4) -> float:
    """The value rounded to this many significant digits."""
    return float(f"{value:.{digits}g}")


def packed(values: np.ndarray) -> Figure:
    """[n] as Plotly's typed array: 4 bytes per number, a third of what JSON takes."""
    return {"dtype": "f4", "bdata": base64.b64encode(values.astype("<f4").tobytes()).decode()}


def halved(values: np.ndarray, unit: float) -> Figure:
    """[n] or [rows, columns] as whole numbers of `unit`: 2 bytes per number, half of `packed`.

    The same as `packed` if a number is beyond 32,767 units or not finite. Plotly has no such array; plot.js unpacks it.
    """
    counts = np.rint(values / unit)
    if not np.abs(counts).max(initial=0) <= 32767:
        return packed(values)
    return {"unit": unit, "shape": [*counts.shape], "counts": base64.b64encode(counts.astype("<i2").tobytes()).decode()}
