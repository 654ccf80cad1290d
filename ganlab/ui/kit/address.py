"""What a page shows, in its address: a copied link, or a reload, shows the same picture.

The session owns it. The address is read once, when a session opens the page, and from then on only written: a message
of the browser that is on its way while a widget changes still carries the old address.
"""

from collections.abc import Mapping
from typing import Any

import streamlit as st

Fields = Mapping[str, tuple[str, Mapping[str, Any]]]
"""For each field its key in the session, and its values by their texts; a default has no text."""


def read(fields: Fields) -> None:
    """Show what the address says; what is not among the values of a field is ignored."""
    for field, (key, values) in fields.items():
        if (text := st.query_params.get(field, "")) in values:
            st.session_state[key] = values[text]


def write(fields: Fields) -> dict[str, str]:
    """Put what is shown into the address, unless it is there already, and return it; call this after the widgets."""
    state = st.session_state
    view = {
        field: text
        for field, (key, values) in fields.items()
        if key in state
        for shown in [state[key]]  # once, because Streamlit takes its time
        for text, value in values.items()
        if value == shown
    }
    if state.get("in_address") != (*fields, view):  # the address itself may be an old one, or the Back button's
        state["in_address"] = (*fields, view)
        others = {field: text for field, text in st.query_params.to_dict().items() if field not in fields}
        if others | view != st.query_params.to_dict():
            st.query_params.from_dict(others | view)
    return view
