"""Earlier runs: the list on Home, where each can be opened or deleted."""

import dataclasses

import streamlit as st

from ganlab.formatting import file_size
from ganlab.runs.disk import library
from ganlab.runs.hub import Refused
from ganlab.runs.run import Run
from ganlab.ui.home import run_cards
from ganlab.ui.kit import frame, html
from ganlab.ui.kit.components import panel
from ganlab.ui.kit.server import hub

SHOWN = 10


def earlier_runs() -> None:
    """The ten newest runs that have ended, and a button for the others; nothing if there are none."""
    in_progress = {run.run_id for run in hub().in_progress}
    ended = [run for run in hub().runs if run.run_id not in in_progress]
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
            snapshot = dataclasses.replace(run.summary, samples=run.newest_samples)
            panel(f"earlier_{run.run_id}", run_cards.earlier(snapshot, size))
        except ValueError as error:
            st.caption(html.plain(str(error)))
        st.page_link(frame.TRAIN, label="Open", query_params={"run": run.run_id})
        with st.popover("Delete", type="tertiary", icon=":material/delete:", key=f"menu_{run.run_id}"):
            st.markdown(f"Delete this run and its files ({file_size(size)})? This can't be undone.")
            st.button("Delete it", key=f"delete_{run.run_id}", type="primary", on_click=_delete, args=(run.run_id,))


@frame.refusing(Refused)
def _delete(run_id: str) -> None:
    st.session_state["refused"] = hub().delete(run_id)
