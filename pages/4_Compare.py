"""Several runs side by side: their curves, weights, samples and measurements."""

import streamlit as st

from ganlab.ui.compare import address, against, layout, live, picks, sweeps, table
from ganlab.ui.kit import frame
from ganlab.ui.kit.server import hub
from ganlab.ui.train.view import Slots

with frame.page("Compare"):
    st.header("Compare", anchor=False)
    address.read()
    runs = hub().runs
    known = {run.run_id: run for run in (*runs, *sweeps.named(st.session_state["compared"]))}
    compared = picks.picked(known)
    with st.container(border=True):
        layout.runs_head()
        swept = sweeps.runs_of(sweeps.chosen())
        sweeps.status(swept)
        table.show(swept if sweeps.chosen() else runs, compared)
    chosen = against.card(swept, compared)
    if compared:
        slots: Slots = {}
        layout.chosen(compared, chosen)
        layout.curves_cards(compared, slots)
        layout.measurements_card(compared, slots)
        layout.gradients_card(compared, slots)
        layout.weights_card(compared, slots)
        layout.samples_card(compared, slots)
        layout.settings_card(compared)
        layout.methods_card(compared, slots)
        live.live(compared, slots)
    elif known:
        st.caption("Choose up to eight runs in the table to see them side by side.")
    address.write()
