"""Tell stale messages of the browser from moves of the user, for widgets whose value is owned elsewhere, as by a run.

The page sets such a widget to its owner's value before it draws it. A message that the browser sent before it received
that still carries the old value, and Streamlit calls `on_change` for it: it must not undo what the owner has.
"""

from typing import Any

import streamlit as st


def show(key: str, value: Any) -> None:
    """Set a widget to its owner's value, and remember the value that a late message would carry."""
    state = st.session_state
    if state.get(key, value) != value:
        _values("late_values")[key] = state[key]
    state[key] = _values("shown_values")[key] = value


def is_late(key: str) -> bool:
    """Whether the widget's value was sent before the browser received the newest one.

    Each widget is checked separately: while a page is on its way, a message may mix old values and new ones.
    """
    late = _values("late_values")
    return key in late and st.session_state[key] == late[key]


def hear() -> None:
    """Call this when a message of the browser has arrived: where it carries the newest value, old values are moves."""
    late, shown = _values("late_values"), _values("shown_values")
    for key in list(late):
        if st.session_state.get(key) == shown[key]:
            del late[key]


def _values(name: str) -> dict[str, Any]:
    return st.session_state.setdefault(name, {})
