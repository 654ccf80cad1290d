"""Files made when they are asked for, from the newest snapshot of that moment."""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import streamlit as st

from ganlab import images, store
from ganlab.runs import TrainingRun
from ganlab.snapshot import METRICS, History, WeightHistogram
from ganlab.ui import watch


def button(label: str, name: str, make: Callable[[], bytes], icon: str = "download", **look: Any) -> None:
    """A quiet download button for the file `name`, made when it is pressed."""
    look = {"key": f"download_{label}", "type": "tertiary", "on_click": "ignore"} | look
    st.download_button(label, make, file_name=name, icon=f":material/{icon}:", **look)


def histogram(run: TrainingRun) -> None:
    """The histogram on screen as CSV."""
    layer = st.session_state.get("layer")  # a download runs outside the page, where there is no session

    def make() -> bytes:
        shown = watch.chosen_histogram(run.latest, layer)
        return histogram_csv(shown) if shown else b""

    told = "The counts of every bin, before and after the clamp."
    button("CSV", f"{run.run_id}-histogram.csv", make, key="download_histogram", help=told)


def samples(run: TrainingRun, pictures: bool) -> None:
    """The sample sheet, its single pictures, and the generator that made them."""
    rows, columns, enlarge = (st.session_state.get(name, 1) for name in ("rows", "columns", "enlarge"))

    def sheet() -> bytes:
        snapshot = run.latest
        if pictures:
            return images.png(images.sheet(snapshot.samples[: rows * columns], columns, enlarge))
        return images.png(images.scatter(snapshot.samples, snapshot.real))

    def network() -> bytes:
        snapshot = run.latest
        return store.network_file(snapshot, snapshot.generator)

    ready = run.latest.samples is not None
    button("PNG", f"{run.run_id}-samples.png", sheet, disabled=not ready)
    if pictures:
        name = f"{run.run_id}-samples.zip"
        singles = lambda: images.zip_of_pngs(run.latest.samples[: rows * columns])  # noqa: E731
        button("ZIP", name, singles, "folder_zip", disabled=not ready)
    told = "generator.safetensors: the generator's weights as they are now."
    button("Generator", "generator.safetensors", network, "network_node", help=told, disabled=not ready)


def curves(run: TrainingRun) -> None:
    """All metrics of all steps as CSV."""
    make = lambda: curves_csv(run.latest.history)  # noqa: E731
    told = "Every step's metrics: estimate, losses, clip range, shares, seconds."
    button("CSV", f"{run.run_id}-metrics.csv", make, key="download_curves", help=told)


def curves_csv(history: History) -> bytes:
    """A row a step, as in metrics.csv."""
    return _csv(METRICS, ([int(step), *rest] for step, *rest in history.rows.tolist()))


def histogram_csv(histogram: WeightHistogram) -> bytes:
    """from, to, before, after: a row per bin; where from equals to, the weights exactly at that bound."""
    low, high = histogram.clip_range
    before, after = histogram.before_counts, histogram.after_counts
    edges = histogram.edges.tolist()
    rows = list(zip(edges, edges[1:], histogram.before.tolist(), histogram.after.tolist(), strict=False))
    at_bounds = [(low, low, before.at_low, after.at_low), (high, high, before.at_high, after.at_high)]
    return _csv(("from", "to", "before", "after"), sorted(rows + at_bounds))


def _csv(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return text.getvalue().encode()
