"""Which of the critic's layers the page shows: chosen in a menu, or clicked in the drawing of the networks.

`layer` in the session holds it; the menu shows and changes it.
"""

import streamlit as st

from ganlab.ui.kit import late

ALL = "All layers"


def shown() -> str | None:
    """The name of a critic parameter; None for all together."""
    layer = st.session_state.get("layer", ALL)
    return None if layer == ALL else layer


def menu(names: list[str]) -> None:
    """The menu: all layers together, or one parameter of the critic."""
    state, options = st.session_state, [ALL, *names]
    if state.get("layer") not in options:
        state["layer"] = ALL
    late.show("layer_menu", state["layer"])
    st.selectbox(
        "Layer",
        options,
        index=options.index(state["layer"]),
        key="layer_menu",
        on_change=_chosen,
        label_visibility="collapsed",
        width=150,
    )


def pick(name: str) -> None:
    """Show this layer: it was clicked. For callbacks."""
    st.session_state["layer"] = name


def _chosen() -> None:
    if not late.is_late("layer_menu"):
        st.session_state["layer"] = st.session_state["layer_menu"]
