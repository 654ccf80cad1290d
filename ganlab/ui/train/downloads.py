"""Files made when they are asked for, from the newest snapshot of that moment."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from ganlab.data import images
from ganlab.gan.clipping import WeightHistogram
from ganlab.plots import curves
from ganlab.runs.disk import networks
from ganlab.runs.run import Run
from ganlab.runs.snapshot import Snapshot
from ganlab.ui.kit.components import csv_file, download
from ganlab.ui.train import look_back, view


def histogram(run: Run) -> None:
    """The shown clamp's histograms as CSV."""
    place = look_back.place()
    make = lambda: histogram_csv(look_back.at(run, place).weights)  # noqa: E731
    told = "The counts of every bin of every layer, before and after the clamp."
    download("CSV", f"{run.run_id}-{look_back.name(run)}-histogram.csv", make, key="download_histogram", help=told)


def samples(run: Run, pictures: bool) -> None:
    """The sample sheet, its single pictures, and the generator that made them."""
    rows, columns, enlarge = (st.session_state.get(name, 1) for name in ("rows", "columns", "enlarge"))
    place = look_back.place()

    def sheet() -> bytes:
        snapshot = look_back.at(run, place)
        if pictures:
            return images.png(images.sheet(snapshot.samples[: rows * columns], columns, enlarge))
        return images.png(images.scatter(snapshot.samples, snapshot.real))

    def network() -> bytes:
        snapshot = run.latest
        return networks.network_file(snapshot.config, snapshot.step, snapshot.generator)

    ready = run.latest.samples is not None
    download("PNG", f"{run.run_id}-{look_back.name(run)}-samples.png", sheet, disabled=not ready)
    if pictures:
        name = f"{run.run_id}-{look_back.name(run)}-samples.zip"
        singles = lambda: images.zip_of_pngs(look_back.at(run, place).samples[: rows * columns])  # noqa: E731
        download("ZIP", name, singles, "folder_zip", disabled=not ready)
    told = "generator.safetensors: the generator's weights as they are now."
    download("Generator", "generator.safetensors", network, "network_node", help=told, disabled=not ready)


def metrics(run: Run) -> None:
    """All curves as CSV, every step of them; while they are frozen, as far as they are shown."""
    frozen = view.frozen(run)  # a download runs outside the page, where there is no session
    make = lambda: curves_csv(frozen or run.latest)  # noqa: E731
    told = "Every step's estimate, losses, clip range, seconds, and the shares of every layer."
    download("CSV", f"{run.run_id}-metrics.csv", make, key="download_curves", help=told)


def curves_csv(snapshot: Snapshot) -> bytes:
    """A row a step: the columns of metrics.csv, then both shares of every layer."""
    columns, rows = curves.table(snapshot)
    return csv_file(columns, ([int(step), int(critic_step), *rest] for step, critic_step, *rest in rows.tolist()))


def histogram_csv(histograms: Sequence[WeightHistogram]) -> bytes:
    """layer, from, to, before, after: a row per bin; where from equals to, the weights exactly at that bound."""
    return csv_file(("layer", "from", "to", "before", "after"), (row for h in histograms for row in _bins(h)))


def _bins(histogram: WeightHistogram) -> list[tuple[Any, ...]]:
    low, high = histogram.clip_range
    before, after = histogram.before_counts, histogram.after_counts
    edges = histogram.edges.tolist()
    rows = list(zip(edges, edges[1:], histogram.before.tolist(), histogram.after.tolist(), strict=False))
    at_bounds = [(low, low, before.at_low, after.at_low), (high, high, before.at_high, after.at_high)]
    return [(histogram.name, *row) for row in sorted(rows + at_bounds)]
