"""What stands where on Compare: controls, and the containers that `live` fills."""

from collections.abc import Callable, Sequence
from functools import partial
from html import escape

import streamlit as st

from ganlab.plots.curves import ALONG
from ganlab.ui.compare import curves, instruments, live, methods, new_sweep, picks, report, samples, settings, sweeps
from ganlab.ui.compare.against import Chosen
from ganlab.ui.compare.downloads import csv_button, measurements_button
from ganlab.ui.compare.keys import chip, opened
from ganlab.ui.compare.picks import Pick
from ganlab.ui.kit import frame, html
from ganlab.ui.kit.components import Caption, choices, download, opened_code, panel
from ganlab.ui.train.view import Slots


def runs_head() -> None:
    """The title of the table, what it lists, its filter, and the form of a new sweep."""
    new_sweep.follow()
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader("Runs", anchor=False, width="content")
        with st.container(horizontal=True, width="content", gap="small"):
            sweeps.menu()
            st.text_input(
                "Filter", key="compare_filter", label_visibility="collapsed", placeholder="Filter by words", width=260
            )
            new_sweep.control()
    with st.container():
        frame.once("too_many", st.error, "error")


def chosen(compared: list[Pick], sweep: Sequence[Chosen]) -> None:
    """The compared runs, each with its letter, a link to its page, and a button that removes it; and the report.

    `sweep` is what the figures of a sweep show.
    """
    warned = [(pick.letter, pick.record.warning) for pick in compared if pick.record.warning]
    warnings = "".join(f"<p class='warning small'>{chip(letter)} {escape(text)}" for letter, text in warned)
    with st.container(horizontal=True, gap="small"):
        choices("picks", f"<ul class='picks'>{''.join(map(_item, compared))}</ul>{warnings}", picks.choose)
        help = "Figures, samples, measurements and settings in one HTML file that opens without a network."
        make = partial(report.page, compared, *live.axes(), sweep)
        download("Report", "comparison.html", make, "description", help=help)


def _item(pick: Pick) -> str:
    name, run_id = escape(pick.name), escape(pick.run.run_id)
    seed = f"seed {settings.value(pick.config, 'seed')}"
    label = f"Remove {pick.letter}, {name}, {seed}"
    remove = f"<button type='button' data-pick='-{run_id}' aria-label='{label}'>✕</button>"
    link = f"{opened(pick.record, pick.run, pick.name)}<span class='muted small nowrap'>{seed}</span>"
    changed = settings.changed(pick.record.changes)
    return f"<li>{chip(pick.letter)}{link}{_elsewhere(pick)}{changed}{html.pill(pick.record.status)}{remove}"


def _elsewhere(pick: Pick) -> str:
    """In which list a run is if the table shows another one, as HTML."""
    sweep = pick.run.run_id.rpartition("/")[0]
    if sweep == sweeps.chosen():
        return ""
    return f"<span class='muted small'>{f'sweep {escape(sweep)}' if sweep else 'single run'}</span>"


def curves_cards(compared: list[Pick], slots: Slots) -> None:
    """Two charts over time with one axis, and what it counts."""
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="distribute"):
        with st.container(width="content", gap=None):
            st.subheader("Over time", anchor=False)
            _note(curves.note(compared))
        with st.container(horizontal=True, width="content", vertical_alignment="center", gap="small"):
            st.segmented_control(
                "Along",
                list(ALONG),
                default="step",
                required=True,
                key="compare_along",
                persist_state="session",
                label_visibility="collapsed",
                format_func=lambda column: f"{ALONG[column].capitalize()}s",
            )
            csv_button(compared, "curves", "CSV of steps")
            csv_button(compared, "looks", "CSV of looks")
    for column, title in zip(st.columns(2, gap="small"), curves.CHARTS, strict=True):
        with column.container(border=True):
            slots[f"head {title}"] = st.container()
            slots[title] = st.container()


def weights_card(compared: list[Pick], slots: Slots) -> None:
    """The weights overlaid, and one by one."""
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.subheader("Critic weights around the clamp", anchor=False, width="content")
            with st.container(horizontal=True, width="content", vertical_alignment="center", gap="small"):
                help = "Shares on a logarithmic axis, to see the small bins."
                st.toggle("Log y", key="compare_log", persist_state="session", help=help)
                csv_button(compared, "weights")
        slots["weights key"] = st.container()
        slots["weights"] = st.container()
        slots["one by one head"] = st.container()
        slots["one by one"] = st.container()


def samples_card(compared: list[Pick], slots: Slots) -> None:
    with st.container(border=True):
        if any(pick.config.kind == "point" for pick in compared):
            _titled("Samples", partial(csv_button, compared, "points"))
        else:
            st.subheader("Samples", anchor=False)
        _note(samples.note(compared))
        slots["samples"] = st.container()


def measurements_card(compared: list[Pick], slots: Slots) -> None:
    """The table of the instruments."""

    def buttons() -> None:
        with st.container(horizontal=True, width="content", vertical_alignment="center", gap="small"):
            with st.popover("How to read", icon=":material/help:", type="tertiary"):
                st.markdown(instruments.explained(compared))
            measurements_button(compared)

    with st.container(border=True):
        _titled("Measurements", buttons)
        _note(instruments.note(compared))
        slots["instruments"] = st.container()


def gradients_card(compared: list[Pick], slots: Slots) -> None:
    with st.container(border=True):
        _titled("Gradients", partial(csv_button, compared, "gradients"))
        slots["gradients head"] = st.container()
        slots["gradients"] = st.container()


def settings_card(compared: list[Pick]) -> None:
    """The settings in which the compared runs differ; nothing for one run that was not changed."""
    table = settings.table(compared)
    if not table and len(compared) == 1:
        return
    with st.container(border=True):
        st.subheader("Differing settings", anchor=False)
        if table:
            panel("compare_settings", table, Caption("Differing settings"))
        else:
            st.caption("These runs have the same settings.")


def methods_card(compared: list[Pick], slots: Slots) -> None:
    """How all of it was made, to be put into a paper."""
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            st.subheader("Methods", anchor=False, width="content")
            help = "The papers that the paragraph cites, and ganlab."
            download("BibTeX", "comparison.bib", lambda: methods.bibtex(compared).encode(), help=help)
        slots["methods"] = st.container()
        with opened_code("BibTeX") as opened:
            if opened:
                st.code(methods.bibtex(compared), language=None)


def _note(text: str) -> None:
    """A caption, without a gap where there is none."""
    if text:
        st.caption(text)


def _titled(title: str, buttons: Callable[[], None]) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.subheader(title, anchor=False, width="content")
        buttons()
