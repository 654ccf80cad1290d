"""Widgets whose value is owned elsewhere, as by a run, and the stale messages of the browser about them.

The page sets such a widget to its owner's value before it draws it. A message that the browser sent before it received
that still carries the old value, and Streamlit calls `on_change` for it: it must not undo what the owner has.
"""

from collections.abc import Callable
from typing import Any

import streamlit as st


def tied(key: str, value: Any, move: Callable[[Any], None]) -> dict[str, Any]:
    """Options of a widget that shows its owner's `value`; `move` is called with the value that the user chooses."""
    state = st.session_state
    if state.get(key, value) != value:
        _values("late_values")[key] = state[key]
    state[key] = _values("shown_values")[key] = value

    def moved() -> None:
        # Each widget is checked separately: while a page is on its way, a message may mix old values and new ones.
        late = _values("late_values")
        if key not in late or state[key] != late[key]:
            move(state[key])

    return {"key": key, "on_change": moved}


def hear() -> None:
    """Call this when a message of the browser has arrived: where it carries the newest value, old values are moves."""
    late, shown = _values("late_values"), _values("shown_values")
    for key in list(late):
        if st.session_state.get(key) == shown[key]:
            del late[key]


def _values(name: str) -> dict[str, Any]:
    return st.session_state.setdefault(name, {})
