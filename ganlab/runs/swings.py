"""Whether a series of numbers goes up and down at an even pace. Pure."""

import numpy as np


def swings(values: np.ndarray) -> tuple[float, int, float]:
    """(lowest autocorrelation, period in steps, sd / |mean|) of a series [n] without its linear trend.

    Only periods up to n / 4, so that the series holds four of them; (0, 0, 0) for a straight line or a longer period.
    """
    steps = np.arange(len(values))
    rest = values - np.polyval(np.polyfit(steps, values, 1), steps)
    power = (rest**2).sum()
    if power <= 1e-12 * (values**2).sum():  # a straight line: only rounding errors are left
        return 0.0, 0, 0.0
    lags = np.arange(1, len(values) // 8 + 1)  # half a period
    correlation = np.array([(rest[:-lag] * rest[lag:]).sum() / power for lag in lags])
    if correlation.argmin() == len(lags) - 1:  # it may fall further: the period is too long to measure
        return 0.0, 0, 0.0
    mean = abs(values.mean())
    return float(correlation.min()), int(2 * lags[correlation.argmin()]), float(rest.std() / max(mean, 1e-30))
