"""Earlier runs on Home: what there is on disk, and a way to open or delete it."""

import dataclasses

import streamlit as st

from ganlab.formatting import file_size, range_in_words
from ganlab.runs.disk import library
from ganlab.runs.hub import Refused
from ganlab.runs.run import Run
from ganlab.runs.snapshot import Snapshot
from ganlab.ui.kit import drawings, frame, html
from ganlab.ui.kit.components import panel
from ganlab.ui.kit.html import pill, title
from ganlab.ui.kit.server import hub


def earlier_card(snapshot: Snapshot, size: int) -> str:
    """A run that has ended, for Home: picture, name, state, how far, when, how large on disk."""
    when = library.made_at(snapshot.run_id)
    facts = [
        f"step {snapshot.step:,} of {snapshot.config.steps:,}",
        f"seed {snapshot.config.seed}",
        *([f"{when:%Y-%m-%d %H:%M}"] if when else []),
        file_size(size),
        snapshot.run_id[-4:],
    ]
    told = [f"<span class='nowrap'>{fact}</span>" for fact in facts]
    return (
        f"<div class='runcard small-card'>{drawings.run_thumb(snapshot)}<div class='txt'>"
        f"<div class='name'><b>{title(snapshot.config)}, {range_in_words(snapshot.config.clip_range)}</b>"
        f"{pill(snapshot.status)}</div><div class='muted small'>{' · '.join(told)}</div></div></div>"
    )


SHOWN = 10


def earlier_runs() -> None:
    """The newest ten runs that have ended, and a button for the others; nothing if there is none."""
    going = {run.run_id for run in hub().in_progress}
    ended = [run for run in hub().runs if run.run_id not in going]
    if not ended:
        return
    st.space("xsmall")
    st.subheader("Earlier runs", anchor=False)
    shown = ended if st.session_state.get("all_runs") else ended[:SHOWN]
    with st.container(border=True, gap="small"):
        for run in shown:
            _row(run)
    if len(ended) > len(shown):
        st.button(f"Show all {len(ended)}", type="tertiary", icon=":material/expand_more:", on_click=_show_all)


def _show_all() -> None:
    st.session_state["all_runs"] = True


def _row(run: Run) -> None:
    size = library.size(run.path)
    with st.container(horizontal=True, wrap=False, vertical_alignment="center", gap="small"):
        try:
            seen = dataclasses.replace(run.summary, samples=run.newest_samples)
            panel(f"earlier_{run.run_id}", earlier_card(seen, size))
        except ValueError as error:
            st.caption(html.plain(str(error)))
        st.page_link(frame.TRAIN, label="Open", query_params={"run": run.run_id})
        with st.popover("Delete", type="tertiary", icon=":material/delete:", key=f"menu_{run.run_id}"):
            told = file_size(size)
            st.markdown(f"Delete this run and everything in its folder, {told}? There is no way back.")
            st.button("Delete it", key=f"delete_{run.run_id}", type="primary", on_click=_delete, args=(run.run_id,))


def _delete(run_id: str) -> None:
    try:
        hub().delete(run_id)
    except Refused as error:
        st.session_state["refused"] = str(error)
