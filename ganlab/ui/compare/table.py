"""The table of runs to choose from: filtered by words, sorted by a column, the newest first."""

import math
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from html import escape
from typing import NamedTuple

import numpy as np
import streamlit as st

from ganlab.config import TrainConfig
from ganlab.formatting import NOTHING, fixed_percent, short
from ganlab.measure.reading import READINGS
from ganlab.runs.disk import contents, library, tables
from ganlab.runs.run import Run
from ganlab.runs.snapshot import Snapshot, Status
from ganlab.ui.compare import picks, settings, sweeps
from ganlab.ui.compare.keys import chip, opened
from ganlab.ui.compare.picks import Pick
from ganlab.ui.kit import drawings, html
from ganlab.ui.kit.components import button, choices
from ganlab.ui.kit.live import once

NO_RUNS = "No runs yet. <a href='Train' target='_self'>Train one</a>, and come back to see it beside others."
SHOWN = 20  # rows at first, and with each click more
POINTS = 40  # of a sparkline
NUMBER = re.compile(r"\d[\d.]*")
FINEST = 16  # pixels of a sample's side
SAMPLES, COLUMNS, DOTS = 8, 4, 64  # of a thumbnail: images, in so many columns; or points


class Row(NamedTuple):
    """A run in the table; one that can't be read has a `problem`, and nothing else."""

    run: Run
    summary: Snapshot | None = None
    name: str = ""
    usual: str = ""  # the name that it has without one from its user
    problem: str = ""


class Facts(NamedTuple):
    """What the tables of a run say at their ends."""

    w1: float  # the newest one, as all of the instruments'
    real_to_real: float
    precision: float
    recall: float
    share: float  # of the weights at a bound, after the newest clamp
    sparkline: str  # of the estimate, as SVG


NO_FACTS = Facts(math.nan, math.nan, math.nan, math.nan, math.nan, "")
SORTS: dict[str, Callable[[Row], tuple[float, str]]] = {
    "Run": lambda row: (0.0, row.name.lower()),
    "Steps": lambda row: (_steps(row), ""),
    "W1": lambda row: (facts(row).w1, ""),
    "Precision": lambda row: (facts(row).precision, ""),
    "At a bound": lambda row: (facts(row).share, ""),
}
"""What each column is sorted by."""


def show(runs: Sequence[Run], chosen: Sequence[Pick]) -> None:
    """The table of these runs, all single runs or those of the chosen sweep, with a field to filter it."""
    words = st.session_state.get("compare_filter", "").lower().split()
    column, falling = st.session_state.setdefault("compare_sort", ("", False))
    most = st.session_state.setdefault("compare_rows", SHOWN)
    # Without a filter and a sort, what is not shown is not read.
    listed = [_row(run) for run in (runs if words or column else runs[:most])]
    rows = [row for row in listed if _has_all(_text(row), words)]
    found = len(rows) if words else len(runs)
    rows = _sorted(rows, column, falling)[:most]
    nothing = "No run matches."
    if sweeps.chosen() and not runs:
        nothing = "No run of this sweep is known."
    elif not words:
        nothing = "No single runs yet: choose a sweep above." if library.sweep_paths() else NO_RUNS
    picked = {pick.run.run_id: pick for pick in chosen}
    table = _table(rows, picked, column, falling, _differing(listed)) if rows else f"<p class='muted'>{nothing}</p>"
    choices("runs_table", table, _picked)
    if found > len(rows):
        more = {"compare_rows": most + SHOWN}
        label = f"Show more: {len(rows)} of {found:,} are shown"
        button(label, "expand_more", st.session_state.update, more, type="tertiary", key="more_runs")


def _picked(text: str) -> None:
    """Choose a run, or sort by a column: first by its smallest value, then by its largest, then no longer."""
    state = st.session_state
    if not text.startswith("sort:"):
        picks.choose(text)
        return
    column, falling = state["compare_sort"]
    clicked = text.removeprefix("sort:")
    state["compare_sort"] = (clicked, False) if clicked != column else ("", False) if falling else (column, True)


def _row(run: Run) -> Row:
    try:
        summary = run.summary
        usual = once(summary, "usual name", lambda: run.usual_name)
    except ValueError as error:
        return Row(run, problem=str(error))
    return Row(run, summary, contents.name(run.path) or usual, usual)


def _text(row: Row) -> str:
    """What the filter looks through."""
    if not row.summary:
        return f"{row.run.run_id} {row.problem}".lower()
    config = row.summary.config
    words = (row.name, row.run.run_id, html.title(config), html.PILLS[row.summary.status][2])
    return " ".join((*words, *settings.in_words(config, ["seed"]), *html.facts(config))).lower()


def _has_all(text: str, words: Sequence[str]) -> bool:
    """Whether all words are in the text; a number only as it is, so that 0 does not find 0.1."""
    alone = (rf"(?<![\w.]){re.escape(word)}(?![\w.])" if NUMBER.fullmatch(word) else re.escape(word) for word in words)
    return all(re.search(pattern, text) for pattern in alone)


def _sorted(rows: list[Row], column: str, falling: bool) -> list[Row]:
    """By a column; runs without a value come last."""
    if not column:
        return rows
    value = SORTS[column]
    known = [row for row in rows if row.summary and not math.isnan(value(row)[0])]
    return sorted(known, key=value, reverse=falling) + [row for row in rows if row not in known]


def facts(row: Row) -> Facts:
    """What its tables say, read once; nothing if they can't be read."""
    summary = row.summary
    with suppress(ValueError):  # it may have been deleted since its summary was read
        return once(summary, "table facts", lambda: _facts(row.run)) if summary else NO_FACTS
    return NO_FACTS


def _facts(run: Run) -> Facts:
    tables = run.tables
    share = float(tables.history["at_bound_share"][-1]) if len(tables.history) else math.nan
    looks = tables.readings[np.isfinite(tables.readings[:, READINGS.index("w1")])]

    def newest(column: str) -> float:
        return float(looks[-1, READINGS.index(column)]) if len(looks) else math.nan

    measured = newest("w1"), newest("real_to_real"), newest("precision"), newest("recall")
    return Facts(*measured, share, _sparkline(tables.history["critic_estimate"]))


def _sparkline(values: np.ndarray) -> str:
    """Values as a line the size of a word, linear near 0 and logarithmic further away."""
    values = values[np.isfinite(values)]
    if len(values) < 2:
        return ""
    k = -(-len(values) // POINTS)
    values = values[-(len(values) // k * k) :].reshape(-1, k).mean(axis=1)
    values = np.arcsinh(values / max(np.quantile(np.abs(values), 0.02), 1e-12))
    low, high = min(values.min(), 0.0), max(values.max(), 0.0)
    y = 26 - 24 * (values - low) / (high - low or 1)
    x = np.linspace(0, 100, len(y))
    path = "L".join(f"{a:.0f} {b:.0f}" for a, b in zip(x.tolist(), y.tolist(), strict=True))
    head = "<svg class='spark' viewBox='0 0 100 28' preserveAspectRatio='none' aria-hidden='true'>"
    return f"{head}<path d='M{path}'/></svg>"


def _differing(rows: Sequence[Row]) -> dict[str, list[str]]:
    """By their data, the settings in which runs differ, but for those that their names tell."""
    by_data: dict[str, list[TrainConfig]] = {}
    for row in rows:
        if row.summary:
            by_data.setdefault(row.summary.config.dataset, []).append(row.summary.config)
    return {data: settings.unnamed(configs) for data, configs in by_data.items()}


def _table(
    rows: Sequence[Row], chosen: dict[str, Pick], column: str, falling: bool, differ: dict[str, list[str]]
) -> str:
    differs = any(_differences(row, differ) for row in rows)
    heads = [
        "<th><span class='unseen-text'>Compare</span>",
        "<th class='pic'>",
        _head("Run", column, falling),
        "<th class='set'>Differing settings" if differs else "",
        *(_head(name, column, falling) for name in ("Steps", "W1", "Precision", "At a bound")),
        "<th class='line'>Estimate",
    ]
    body = "".join(_line(row, chosen.get(row.run.run_id), differ, differs) for row in rows)
    return (
        "<div class='runs' role='region' aria-label='Runs' tabindex='0'>"
        f"<table><thead><tr>{''.join(heads)}<tbody>{body}</table></div>"
    )


def _head(name: str, column: str, falling: bool) -> str:
    sort, arrow = "none", ""
    if name == column:
        sort, arrow = ("descending", " ↓") if falling else ("ascending", " ↑")
    return f"<th aria-sort='{sort}'><button type='button' data-pick='sort:{name}'>{name}{arrow}</button>"


def _differences(row: Row, differ: dict[str, list[str]]) -> str:
    """The settings in which a run differs from others, in words."""
    if not row.summary:
        return ""
    config = row.summary.config
    return " · ".join(settings.in_words(config, [name for name in differ[config.dataset] if name != "seed"]))


def _line(row: Row, pick: Pick | None, differ: dict[str, list[str]], differs: bool) -> str:
    """A row; `differs` is whether the table has a column of differing settings."""
    run_id, summary, letter = escape(row.run.run_id), row.summary, pick.letter if pick else ""
    if summary is None:
        return f"<tr><td><td class='pic'><td colspan='{6 + differs}' class='bad'>{escape(row.problem)}"
    known, config = facts(row), summary.config
    name, short_id = escape(row.name), escape(library.short_name(row.run.run_id))
    seed = "".join(settings.in_words(config, ["seed"])) if "seed" in differ[config.dataset] else ""
    label = ", ".join(filter(None, (name, seed, short_id)))
    box = (
        f"<button type='button' class='box' role='checkbox' aria-checked='{str(bool(letter)).lower()}' "
        f"data-pick='{'-' if letter else '+'}{run_id}' aria-label='{label}'>"
        f"{chip(letter) if letter else ''}</button>"
    )
    usual = "" if row.name == row.usual else f"<small>{escape(row.usual)}</small>"
    problem = f"<small class='bad'>{escape(summary.error)}</small>" if summary.error else ""
    times = f"<small>{known.w1 / known.real_to_real:.1f}× real</small>" if known.real_to_real > 0 else ""
    set_words = escape(_differences(row, differ))
    set_cell = f"<td class='set'><small title='{set_words}'>{set_words or NOTHING}</small>" if differs else ""
    share, precision = (NOTHING if math.isnan(of) else fixed_percent(of, 0) for of in (known.share, known.precision))
    recall = "" if math.isnan(known.recall) else f"<small>recall {fixed_percent(known.recall, 0)}</small>"
    return (
        f"<tr><td>{box}<td class='pic'>{once(summary, 'thumbnail', lambda: _thumbnail(row.run))}"
        f"<td><b>{opened(summary, row.run, row.name)}</b>{html.pill((pick.record if pick else summary).status)}"
        f"<span class='muted small nowrap'>{seed}</span>{usual}{problem}"
        f"{set_cell}<td>{_steps(row):,}<small>{html.of_all(config)}</small><td>{short(known.w1)}{times}"
        f"<td>{precision}{recall}<td>{share}<td class='line'>{known.sparkline}"
    )


def _steps(row: Row) -> int:
    """How many steps a run has made; of one that another process trains, those in its table."""
    if row.summary and row.summary.status is Status.ELSEWHERE:
        return tables.newest_step(row.run.path)
    return row.summary.steps_made if row.summary else 0


def _thumbnail(run: Run) -> str:
    samples = run.newest_samples
    if samples is None:
        return "<i class='thumb'></i>"
    if samples.ndim == 2:
        inside = samples[:DOTS][(np.abs(samples[:DOTS]) <= 2).all(axis=1)]
        path = "".join(f"M{33 + 16 * x:.0f} {33 - 16 * y:.0f}h0" for x, y in inside.tolist())
        return f"<svg class='thumb' viewBox='0 0 66 66' aria-hidden='true'><path d='{path}'/></svg>"
    every = max(1, samples.shape[1] // FINEST)
    uri = drawings.sheet_uri(samples[:SAMPLES, ::every, ::every], COLUMNS)
    return f"<img class='thumb' src='{uri}' alt=''>"
