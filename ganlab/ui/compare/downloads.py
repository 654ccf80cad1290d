"""What the compared runs hold, as CSV; made when it is downloaded."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from ganlab.measure.reading import READINGS
from ganlab.runs.history import METRICS
from ganlab.ui.compare import gradients, samples, weights
from ganlab.ui.compare.picks import Pick
from ganlab.ui.kit.components import csv_file, download
from ganlab.ui.train.downloads import bins

Rows = Callable[[Pick], Iterable[Sequence[Any]]]
WHOLE = ("step", "critic_step")  # columns of whole numbers


def csv_button(picks: list[Pick], what: str) -> None:
    """The button that saves one of FILES."""
    head, rows, help = FILES[what]
    make = partial(file, picks, head, rows)
    download("CSV", f"comparison-{what}.csv", make, key=f"download_compared_{what}", help=help)


def file(picks: list[Pick], head: Sequence[str], rows: Rows) -> bytes:
    """The rows of each run, as it is now, behind its letter and its ID."""
    newest = [pick.last_known() for pick in picks]
    return csv_file(
        ("letter", "run", *head), ((pick.letter, pick.run.run_id, *row) for pick in newest for row in rows(pick))
    )


def _curves(pick: Pick) -> Iterable[Sequence[Any]]:
    return _table(METRICS, pick.record.history.rows.tolist())


def _looks(pick: Pick) -> Iterable[Sequence[Any]]:
    return _table(READINGS, pick.record.readings.tolist())


def _table(columns: Sequence[str], rows: list[list[float]]) -> Iterable[Sequence[Any]]:
    """The rows as a run writes them; what is not known is empty."""
    for row in rows:
        cells = zip(columns, row, strict=True)
        yield ["" if value != value else int(value) if name in WHOLE else value for name, value in cells]


def _weights(pick: Pick) -> Iterable[Sequence[Any]]:
    pooled = [replace(histogram, scale=1.0) for histogram in weights.histograms([pick]).values()]  # as it is drawn
    return [row for histogram in (*pooled, *pick.record.weights) for row in bins(histogram)]


def _gradients(pick: Pick) -> Iterable[Sequence[Any]]:
    found = gradients.known([pick]).get(pick.letter)
    return zip(found.layers, found.norms.tolist(), strict=True) if found else ()


def _points(pick: Pick) -> Iterable[Sequence[Any]]:
    drawn = pick.record.samples if pick.config.kind == "point" else None
    return [] if drawn is None else drawn[: samples.POINTS].tolist()


FILES: dict[str, tuple[Sequence[str], Rows, str]] = {
    "curves": (METRICS, _curves, "Every step of every run: estimate, losses, clip range, shares, seconds."),
    "looks": (READINGS, _looks, "Every look of the instruments at every run, with the distances drawn above."),
    "weights": (
        ("layer", "from", "to", "before", "after"),
        _weights,
        "The counts of every bin, before and after the clamp, of all layers together and of each.",
    ),
    "points": (("x", "y"), _points, "The generated points of every run, of its first fixed latents."),
    "gradients": (("layer", "norm"), _gradients, "The gradient norms of every run that was measured."),
}
"""For each file its columns, its rows of a run, and what it holds."""
