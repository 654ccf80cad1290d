"""Earlier runs on Home: what there is on disk, and a way to open or delete it."""

import dataclasses

import streamlit as st

from ganlab import store
from ganlab.hub import Refused, Run
from ganlab.ui import card_words, frame, words
from ganlab.ui.components import panel
from ganlab.ui.hub import hub

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
    size = store.size(run.path)
    with st.container(horizontal=True, wrap=False, vertical_alignment="center", gap="small"):
        try:
            seen = dataclasses.replace(run.glance, samples=run.picture)
            panel(f"earlier_{run.run_id}", card_words.earlier_card(seen, size))
        except ValueError as error:
            st.caption(words.plain(str(error)))
        st.page_link(frame.TRAIN, label="Open", query_params={"run": run.run_id})
        with st.popover("Delete", type="tertiary", icon=":material/delete:", key=f"menu_{run.run_id}"):
            told = card_words.file_size(size)
            st.markdown(f"Delete this run and everything in its folder, {told}? There is no way back.")
            st.button("Delete it", key=f"delete_{run.run_id}", type="primary", on_click=_delete, args=(run.run_id,))


def _delete(run_id: str) -> None:
    try:
        hub().delete(run_id)
    except Refused as error:
        st.session_state["refused"] = str(error)
