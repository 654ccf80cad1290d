"""Why the last request was refused, shown once, at the top of the page."""

import streamlit as st

from ganlab.ui.kit.html import plain


def refuse(sentence: str) -> None:
    """Keep a sentence for the next drawing of the page. For callbacks."""
    st.session_state["refused"] = sentence


def notices() -> None:
    """Show the sentence, once. It has a container, so that what follows is not rebuilt when it appears."""
    with st.container():
        if sentence := st.session_state.pop("refused", ""):
            st.error(plain(sentence), icon=":material/error:")
