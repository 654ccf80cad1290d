"""Which of the critic's layers the page shows: chosen in a menu, or clicked in the drawing of the networks.

`layer` of the session holds it; the menu only asks for it. A message that the browser sent before it heard of a
click still carries the menu's old value, which `layer_stale` remembers, so that it does not count as a choice.
"""

import streamlit as st

ALL = "All layers"


def shown() -> str | None:
    """The name of a critic parameter; None for all together."""
    layer = st.session_state.get("layer", ALL)
    return None if layer == ALL else layer


def menu(names: list[str]) -> None:
    """The menu: all together, or one parameter of the critic."""
    state, offered = st.session_state, [ALL, *names]
    if state.get("layer") not in offered:
        state["layer"] = ALL
    state["layer_menu"] = state["layer"]
    look = {"label_visibility": "collapsed", "width": 150, "index": offered.index(state["layer"])}
    st.selectbox("Layer", offered, key="layer_menu", on_change=_chosen, **look)


def pick(name: str) -> None:
    """Show this one: it was clicked. For callbacks."""
    st.session_state.update(layer_stale=st.session_state.get("layer_menu"), layer=name)


def heard() -> None:
    """Once a message carries the clicked layer, old values are choices of the reader's again."""
    if st.session_state.get("layer_menu") == st.session_state.get("layer"):
        st.session_state["layer_stale"] = None


def _chosen() -> None:
    if st.session_state["layer_menu"] != st.session_state.get("layer_stale"):
        st.session_state["layer"] = st.session_state["layer_menu"]
