"""Files of the Train page, made when they are downloaded, from the newest snapshot of that moment."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st

from ganlab.data import images
from ganlab.gan.histograms import WeightHistogram
from ganlab.gan.watched import WatchedConfig
from ganlab.plots import curves
from ganlab.runs.disk import networks
from ganlab.runs.run import Run
from ganlab.runs.snapshot import Snapshot
from ganlab.ui.kit.components import csv_file, download
from ganlab.ui.train import look_back, view


def histogram(run: Run) -> None:
    """The histograms of the shown clamp as CSV."""
    place, name = look_back.place(), f"{run.path.name}-{look_back.name(run)}-histogram.csv"
    help = "The counts of every bin of every layer, before and after the clamp."
    download("CSV", name, lambda: histogram_csv(look_back.at(run, place).weights), key="download_histogram", help=help)


def samples(run: Run, are_images: bool) -> None:
    """The sample sheet, its single images, and the generator that made them."""
    rows, columns, enlarge = (st.session_state.get(name, 1) for name in ("rows", "columns", "enlarge"))
    place, name = look_back.place(), f"{run.path.name}-{look_back.name(run)}-samples"
    disabled = run.latest.samples is None

    def shown() -> np.ndarray:
        samples = look_back.at(run, place).samples
        assert samples is not None  # the buttons are disabled until there are some
        return samples[: rows * columns] if are_images else samples

    def sheet() -> bytes:
        if are_images:
            return images.png(images.sheet(shown(), columns, enlarge))
        return images.png(images.scatter(shown(), run.latest.real))

    def network() -> bytes:
        snapshot = run.latest
        return networks.network_file(snapshot.config, snapshot.step, snapshot.generator)

    download("PNG", f"{name}.png", sheet, disabled=disabled)
    if are_images:
        download("ZIP", f"{name}.zip", lambda: images.zip_of_pngs(shown()), "folder_zip", disabled=disabled)
    if isinstance(run.config, WatchedConfig):  # which keeps no networks
        return
    help = "generator.safetensors: the generator's weights as they are now."
    disabled = run.latest.generator is None  # that of another process is in its checkpoints
    download("Generator", "generator.safetensors", network, "network_node", help=help, disabled=disabled)


def metrics(run: Run) -> None:
    """All curves as CSV, every step of them; while they are frozen, as far as they are shown."""
    frozen = view.frozen(run)  # a download runs outside the page, where there is no session
    name = f"{run.path.name}-metrics.csv"
    help = "Every step's estimate, losses, clip range, seconds, and the shares of every layer."
    download("CSV", name, lambda: curves_csv(frozen or run.latest), key="download_curves", help=help)


def curves_csv(snapshot: Snapshot) -> bytes:
    """One row per step: the columns of metrics.csv, then both shares of every layer; empty where nothing is clamped."""
    columns, rows = curves.table(snapshot)
    cells = ([("" if math.isnan(value) else value) for value in row] for row in rows.tolist())
    return csv_file(columns, ([int(step), int(critic_step), *rest] for step, critic_step, *rest in cells))


def histogram_csv(histograms: Sequence[WeightHistogram]) -> bytes:
    """layer, from, to, before, after: one row per bin; where from equals to, the weights exactly at that bound.

    Where nothing is clamped, `after` is empty.
    """
    return csv_file(("layer", "from", "to", "before", "after"), (row for h in histograms for row in bins(h)))


def bins(histogram: WeightHistogram) -> list[tuple[Any, ...]]:
    """The rows of `histogram_csv` for one histogram."""
    edges = (histogram.edges * histogram.scale).tolist()
    if histogram.clip_range is None:
        counted = zip(edges, edges[1:], histogram.before.tolist(), strict=False)
        return [(histogram.name, *row, "") for row in counted]
    low, high = (bound * histogram.scale for bound in histogram.clip_range)
    before, after = histogram.before_counts, histogram.after_counts
    rows = list(zip(edges, edges[1:], histogram.before.tolist(), histogram.after.tolist(), strict=False))
    at_bounds = [(low, low, before.at_low, after.at_low), (high, high, before.at_high, after.at_high)]
    return [(histogram.name, *row) for row in sorted(rows + at_bounds)]
