"""A run as TensorBoard reads it: its tables as scalars, and its weights around the clamp with their own bins."""

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ganlab.gan.histograms import Counts, WeightHistogram, pooled
from ganlab.measure.reading import READINGS
from ganlab.runs.disk import moments, tables
from ganlab.runs.history import METRICS

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter


def write(run: Path, folder: Path) -> None:
    """Write the tables and the moments of a run, given its folder, into a new folder.

    Raises ValueError, in one sentence, if TensorBoard is not installed or a file of the run can't be read, and OSError.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        raise ValueError("--tensorboard needs TensorBoard: pip install tensorboard.") from None
    metrics, readings = tables.metrics(run), tables.readings(run)
    every = [moments.read(run, step) for step in moments.steps(run)]
    steps = metrics[:, METRICS.index("step")]
    began = (run / "config.json").stat().st_mtime
    times = began + metrics[:, METRICS.index("seconds")]  # of training alone: TensorBoard's relative time

    def time(step: float) -> float:
        return float(times[min(int(np.searchsorted(steps, step)), len(times) - 1)]) if len(times) else began

    with SummaryWriter(str(folder)) as writer:
        _add_scalars(writer, "metrics", METRICS, metrics, times)
        _add_scalars(writer, "instruments", READINGS, readings, np.array([time(step) for step in readings[:, 0]]))
        for moment in every:
            for histogram in (*moment.weights, pooled(moment.weights)):
                if not math.isnan(histogram.scale):
                    _add_histograms(writer, histogram, moment.step, time(moment.step))


def _add_scalars(
    writer: "SummaryWriter", table: str, columns: tuple[str, ...], rows: np.ndarray, times: np.ndarray
) -> None:
    """Every known value of every column but the first, which is the step."""
    for column, values in list(zip(columns, rows.T, strict=True))[1:]:
        for step, value, time in zip(rows[:, 0].tolist(), values.tolist(), times.tolist(), strict=True):
            if math.isfinite(value):
                writer.add_scalar(f"{table}/{column}", value, int(step), time)


def _add_histograms(writer: "SummaryWriter", histogram: WeightHistogram, step: int, time: float) -> None:
    sides = {"before": (histogram.before, histogram.before_counts), "after": (histogram.after, histogram.after_counts)}
    if histogram.clip_range is None:
        sides = {"weights": sides["before"]}
    for side, (bins, counts) in sides.items():
        edges, in_buckets = buckets(histogram, bins, counts)
        # Of empty ones at both ends TensorBoard would drop the buckets, and stretch the next ones to `min` and `max`.
        first, last = np.flatnonzero(in_buckets)[[0, -1]] if in_buckets.any() else (0, len(in_buckets) - 1)
        edges, in_buckets = edges[first : last + 2], in_buckets[first : last + 1]
        writer.add_histogram_raw(
            tag=f"{side}/{histogram.name.replace(' ', '_')}",
            min=edges[0],
            max=edges[-1],
            num=int(in_buckets.sum()),
            sum=math.nan,  # the moment of a run holds counts alone
            sum_squares=math.nan,
            bucket_limits=edges[1:].tolist(),
            bucket_counts=in_buckets.tolist(),
            global_step=step,
            walltime=time,
        )


def buckets(histogram: WeightHistogram, bins: np.ndarray, counts: Counts) -> tuple[np.ndarray, np.ndarray]:
    """One side of a histogram as edges float64 [n + 1] of half-open buckets, and their counts int64 [n].

    The weights exactly at a bound have a bucket of their own, from the bound to the next float32.
    """
    edges = histogram.edges * histogram.scale
    if histogram.clip_range is None:
        return edges, bins
    clip_range = np.array(histogram.clip_range)
    at = np.searchsorted(histogram.edges, clip_range.astype(np.float32))
    bounds = (clip_range * histogram.scale).astype(np.float32)
    edges[at] = bounds
    after = np.nextafter(bounds, np.float32(np.inf))
    return np.insert(edges, at + 1, after), np.insert(bins, at, [counts.at_low, counts.at_high])
