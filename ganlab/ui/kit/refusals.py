"""Why the last request was refused, shown once."""

import streamlit as st

from ganlab.ui.kit import html


def notices() -> None:
    """Why the last wish was not met, once. In a place of its own: what follows must not be built anew."""
    with st.container():
        if refused := st.session_state.pop("refused", ""):
            st.error(html.plain(refused), icon=":material/error:")
