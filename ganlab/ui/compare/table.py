"""The table of runs to choose from: filtered by words, sorted by a column, the newest first.

The rows of runs that train are kept up to date.
"""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from html import escape

import streamlit as st

from ganlab.config import TrainConfig
from ganlab.formatting import NOTHING, fixed_percent, short
from ganlab.runs.disk import library
from ganlab.runs.run import Run
from ganlab.ui.compare import picks, settings, sweeps
from ganlab.ui.compare.keys import chip, opened
from ganlab.ui.compare.picks import Pick
from ganlab.ui.compare.rows import Row, facts, steps, thumbnail
from ganlab.ui.kit import html
from ganlab.ui.kit.components import button, choices, feed
from ganlab.ui.kit.live import feeding, mounting

NO_RUNS = "No runs yet. <a href='Train' target='_self'>Train one</a>, and come back to see it beside others."
SHOWN = 20  # rows at first, and with each click more
EVERY = 2.0  # seconds between two looks at the runs that train
NUMBER = re.compile(r"\d[\d.]*")
SORTS: dict[str, Callable[[Row], tuple[float, str]]] = {
    "Run": lambda row: (0.0, row.name.lower()),
    "Steps": lambda row: (steps(row), ""),
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
    listed = [Row.of(run) for run in (runs if words or column else runs[:most])]
    rows = [row for row in listed if _has_all(_text(row), words)]
    found = len(rows) if words else len(runs)
    rows = _sorted(rows, column, falling)[:most]
    nothing = "No run matches."
    if sweeps.chosen() and not runs:
        nothing = "No run of this sweep is known."
    elif not words:
        nothing = "No single runs yet: choose a sweep above." if library.sweep_paths() else NO_RUNS
    if rows:
        letters = {pick.run.run_id: pick.letter for pick in chosen}
        differ = _differing(listed)
        differs = any(_differences(row, differ) for row in rows)
        head = _heads(column, falling, differs)
        _live(rows, head, partial(_line, letters=letters, differ=differ, differs=differs))
    else:
        choices("runs_table", f"<p class='muted'>{nothing}</p>", _picked)
    if found > len(rows):
        more = {"compare_rows": most + SHOWN}
        label = f"Show more: {len(rows)} of {found:,} are shown"
        button(label, "expand_more", st.session_state.update, more, type="tertiary", key="more_runs")


def _live(rows: list[Row], head: str, line: Callable[[Row], str]) -> None:
    """Show these rows; a fragment looks again at the runs that train, as long as there are any."""
    lines = [line(row) for row in rows]

    def draw() -> None:
        choices("runs_table", [head, *lines, "</table></div>"], _picked)

    with mounting():
        draw()
    first = True  # the page has just been drawn

    @st.fragment(run_every=EVERY if any(row.trains for row in rows) else None)
    def tick() -> None:
        nonlocal first
        with feeding(feed, "feed_table"):
            if first:
                first = False
                return
            _look_again(rows, lines, line)
            if not any(row.trains for row in rows):
                st.rerun()  # without ticks
            draw()

    with st.container(key="live_table"):
        tick()


def _look_again(rows: list[Row], lines: list[str], line: Callable[[Row], str]) -> None:
    """Bring the rows of runs that train up to date. No others are read."""
    for i, row in enumerate(rows):
        if row.trains:
            rows[i] = Row.of(row.run)
            lines[i] = line(rows[i])


def _picked(text: str) -> None:
    """Choose a run, or sort by a column: first by its smallest value, then by its largest, then no longer."""
    state = st.session_state
    if not text.startswith("sort:"):
        picks.choose(text)
        return
    column, falling = state["compare_sort"]
    clicked = text.removeprefix("sort:")
    state["compare_sort"] = (clicked, False) if clicked != column else ("", False) if falling else (column, True)


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
    known, unknown = list[tuple[tuple[float, str], Row]](), list[Row]()
    for row in rows:
        value = SORTS[column](row) if row.summary else (math.nan, "")
        if math.isnan(value[0]):
            unknown.append(row)
        else:
            known.append((value, row))
    return [row for _, row in sorted(known, key=lambda pair: pair[0], reverse=falling)] + unknown


def _differing(rows: Sequence[Row]) -> dict[str, list[str]]:
    """By their data, the settings in which runs differ, but for those that their names tell."""
    by_data: dict[str, list[TrainConfig]] = {}
    for row in rows:
        if row.summary:
            by_data.setdefault(row.summary.config.dataset, []).append(row.summary.config)
    return {data: settings.unnamed(configs) for data, configs in by_data.items()}


def _heads(column: str, falling: bool, differs: bool) -> str:
    """The start of the table; `differs` is whether it has a column of differing settings."""
    heads = [
        "<th><span class='unseen-text'>Compare</span>",
        "<th class='pic'>",
        _head("Run", column, falling),
        "<th class='set'>Differing settings" if differs else "",
        *(_head(name, column, falling) for name in ("Steps", "W1", "Precision", "At a bound")),
        "<th class='line'>Estimate",
    ]
    return f"<div class='runs' role='region' aria-label='Runs' tabindex='0'><table><thead><tr>{''.join(heads)}<tbody>"


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


def _line(row: Row, letters: Mapping[str, str], differ: dict[str, list[str]], differs: bool) -> str:
    """A row; `letters` are those of the compared runs, and `differs` is as in `_heads`."""
    run_id, summary, letter = escape(row.run.run_id), row.summary, letters.get(row.run.run_id, "")
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
        f"<tr><td>{box}<td class='pic'>{thumbnail(row)}"
        f"<td><b>{opened(summary, row.run, row.name)}</b>{html.pill(summary.status)}"
        f"<span class='muted small nowrap'>{seed}</span> {settings.changed(known.changes)}{usual}{problem}"
        f"{set_cell}<td>{steps(row):,}<small>{html.of_all(config)}</small><td>{short(known.w1)}{times}"
        f"<td>{precision}{recall}<td>{share}<td class='line'>{known.sparkline}"
    )
