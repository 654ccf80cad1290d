"""What all figures share: the type, and arrays packed for the way to the browser."""

import base64
from typing import Any

import numpy as np

Figure = dict[str, Any]


def rounded(value: float, digits: int = 4) -> float:
    return float(f"{value:.{digits}g}")


def packed(values: np.ndarray) -> Figure:
    """[n] as Plotly's typed array: four bytes a number are a third of what JSON takes."""
    return {"dtype": "f4", "bdata": base64.b64encode(values.astype("<f4").tobytes()).decode()}


def halved(values: np.ndarray, unit: float) -> Figure:
    """[n] or [rows, columns] in whole units: two bytes a number.

    As `packed` if one is beyond 32,767 of them, or is no number. Plotly has no such array; plot.js unfolds it.
    """
    counts = np.rint(values / unit)
    if not np.abs(counts).max(initial=0) <= 32767:
        return packed(values)
    return {"unit": unit, "shape": [*counts.shape], "counts": base64.b64encode(counts.astype("<i2").tobytes()).decode()}
