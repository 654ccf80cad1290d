"""Runs on Home: a card for each, and the list of earlier ones, where each can be opened or deleted."""

import dataclasses
from html import escape

import streamlit as st

from ganlab.formatting import file_size
from ganlab.runs.disk import library
from ganlab.runs.run import Run
from ganlab.runs.snapshot import Snapshot
from ganlab.ui.compare import picks
from ganlab.ui.kit import drawings, frame, html, names
from ganlab.ui.kit.access import may_act
from ganlab.ui.kit.components import button, panel
from ganlab.ui.kit.server import acting_hub, hub

SHOWN = 10


def earlier_runs() -> None:
    """The ten newest runs that have ended, and a button for the others; nothing if there are none."""
    if problem := library.problem():
        # The sentence names folders of this computer.
        st.warning(html.plain(problem if may_act() else "The runs can't be listed."), icon=":material/help:")
    in_progress = {run.run_id for run in hub().in_progress}
    ended = [run for run in hub().runs if run.run_id not in in_progress]
    if not ended:
        return
    st.space("xsmall")
    st.header("Earlier runs", anchor=False)
    shown = ended if st.session_state.get("all_runs") else ended[:SHOWN]
    frame.once("left", st.error, "error")
    with st.container(border=True, gap="small"):
        for run in shown:
            _row(run)
            if st.session_state.get("deleting") == run.run_id:
                frame.once("not_deleted", st.error, "error")
    if len(ended) > len(shown):
        show_all = {"all_runs": True}
        button(f"Show all {len(ended)}", "expand_more", st.session_state.update, show_all, type="tertiary")


def _row(run: Run) -> None:
    size = library.size(run.path)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        try:
            snapshot = dataclasses.replace(run.summary, samples=run.newest_samples)
            panel(f"earlier_{run.run_id}", earlier_card(snapshot, run.name, size))
            picks.link("Compare", run.run_id)
        except ValueError as error:
            st.caption(html.plain(str(error)))
        st.page_link(frame.TRAIN, label="Open", query_params={"run": run.run_id})
        if not may_act():
            return
        with st.popover("Edit", type="tertiary", icon=":material/edit:", key=f"menu_{run.run_id}"):
            names.field(run)
            st.markdown(f"Delete this run and its files ({file_size(size)})? This can't be undone.")
            st.button("Delete it", key=f"delete_{run.run_id}", type="primary", on_click=_delete, args=(run.run_id,))


@frame.acting(key="not_deleted")
def _delete(run_id: str) -> None:
    st.session_state["deleting"] = run_id
    st.session_state["left"] = acting_hub().delete(run_id)


def in_progress_card(run: Run) -> str:
    """A run that trains or is paused: how far it is, and how fast."""
    snapshot = run.latest
    facts = " · ".join([_step(snapshot), *html.pace(snapshot)])
    return _card(snapshot, run.name, "runcard", f"{html.progress_bar(snapshot)}<div class='muted small'>{facts}</div>")


def earlier_card(snapshot: Snapshot, name: str, size: int) -> str:
    """A run that has ended, smaller: how far it got, when it was started, and its size on disk in bytes."""
    started = library.made_at(snapshot.run_id)
    when = [f"{started:%Y-%m-%d %H:%M}"] if started else []
    short = library.short_name(snapshot.run_id)
    only = ["read-only"] if snapshot.read_only else []
    seed = [] if "seed" in snapshot.config.unknown else [f"seed {snapshot.config.seed}"]
    facts = [_step(snapshot), *seed, *when, file_size(size), short, *only]
    unbroken = " · ".join(f"<span class='nowrap'>{fact}</span>" for fact in facts)
    return _card(snapshot, name, "runcard small-card", f"<div class='muted small'>{unbroken}</div>")


def _card(snapshot: Snapshot, name: str, css_class: str, body: str) -> str:
    return (
        f"<div class='{css_class}'>{_picture(snapshot)}<div class='txt'>"
        f"<div class='name'><b>{escape(name)}</b>"
        f"{html.pill(snapshot.status)}</div>{body}</div></div>"
    )


def _step(snapshot: Snapshot) -> str:
    return f"step {snapshot.steps_made:,}{html.of_all(snapshot.config)}"


def _picture(snapshot: Snapshot) -> str:
    if snapshot.samples is None:
        return "<div class='runpic' role='img' aria-label='no samples yet'></div>"
    if snapshot.samples.ndim == 2:
        dots = drawings.dots(snapshot.samples[:256])
        return f"<div class='runpic' role='img' aria-label='generated points'>{dots}</div>"
    uri = drawings.sheet_uri(snapshot.samples[:32], columns=8)
    return f"<img class='runpic' src='{uri}' alt='generated samples'>"
