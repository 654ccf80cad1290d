"""What the compared runs hold, as CSV; made when it is downloaded."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np

from ganlab.gan.holding import constraint_in_words
from ganlab.measure.reading import READINGS
from ganlab.runs.history import METRICS
from ganlab.ui.compare import gradients, groups, samples, settings, weights
from ganlab.ui.compare.groups import Group
from ganlab.ui.compare.measures import MEASURES
from ganlab.ui.compare.picks import Pick
from ganlab.ui.kit.components import csv_file, download
from ganlab.ui.train.downloads import bins

Rows = Callable[[Pick], Iterable[Sequence[Any]]]
WHOLE = ("step", "critic_step")  # columns of whole numbers
OVER_SEEDS: dict[str, Callable[[np.ndarray], Any]] = {"median": np.median, "smallest": np.min, "largest": np.max}
"""The columns of runs that differ only in their seed."""
RUN_ROWS: dict[str, Callable[[Pick], str]] = {
    "run": lambda pick: pick.name,
    "ID": lambda pick: pick.run.run_id,
    "constraint": lambda pick: ", then ".join(
        dict.fromkeys(constraint_in_words(config) for config in (pick.config, pick.record.config))
    ),
    "seed": lambda pick: settings.value(pick.config, "seed"),
    "changed": lambda pick: settings.changes_in_words(pick.record.changes),
}
"""What the first rows of the measurements say of each run."""


def csv_button(picks: list[Pick], what: str, label: str = "CSV") -> None:
    """The button that saves one of FILES."""
    head, rows, help = FILES[what]
    _button(label, what, partial(file, picks, head, rows), help)


def measurements_button(picks: list[Pick]) -> None:
    """The button that saves the table of measurements."""
    help = "The table below in full precision, with the name, constraint and seed of every run."
    _button("CSV", "measurements", partial(measurements, picks), help)


def _button(label: str, what: str, make: Callable[[], bytes], help: str) -> None:
    download(label, f"comparison-{what}.csv", make, key=f"download_compared_{what}", help=help)


def measurements(picks: list[Pick]) -> bytes:
    """A row for each measure that any run has, and the columns of the table; three for runs that differ by seed."""
    newest = groups.grouped([pick.last_known() for pick in picks])
    columns = [(group, name) for group in newest for name in (OVER_SEEDS if len(group) > 1 else [""])]
    rows: list[list[Any]] = [
        [name, *("; ".join(dict.fromkeys(map(of_run, group))) for group, _ in columns)]
        for name, of_run in RUN_ROWS.items()
    ]
    rows = [row for row in rows if any(row[1:])]
    for measure in MEASURES:
        found = [(groups.values(group, measure.of), name) for group, name in columns]
        if any(len(values) for values, _ in found):
            cells = (float(OVER_SEEDS[name or "median"](values)) if len(values) else "" for values, name in found)
            rows.append([measure.label, *cells])
    return csv_file(["measure", *(_column(group, name) for group, name in columns)], rows)


def _column(group: Group, name: str) -> str:
    letters = ", ".join(pick.letter for pick in group)
    return f"{letters}: {name}" if name else letters


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
    "looks": (READINGS, _looks, "Every look of the instruments at every run, with the distances drawn below."),
    "weights": (
        ("layer", "from", "to", "before", "after"),
        _weights,
        "The counts of every bin, before and after the clamp, of all layers together and of each.",
    ),
    "points": (("x", "y"), _points, "The generated points of every run, of its first fixed latents."),
    "gradients": (("layer", "norm"), _gradients, "The gradient norms of every run that was measured."),
}
"""For each file its columns, its rows of a run, and what it holds."""
