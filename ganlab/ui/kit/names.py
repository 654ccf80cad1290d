"""The name of a run, to be changed in place."""

import streamlit as st

from ganlab.runs.disk import contents
from ganlab.runs.run import Run
from ganlab.ui.kit import frame


def field(run: Run) -> None:
    """A field for the run's name; left empty, it shows the name that the run has without one."""
    key = f"name_{run.run_id}"
    st.session_state[key] = contents.name(run.path)
    help = "Shown wherever the run is listed. Its ID and its folder keep their names."
    most = contents.LONGEST_NAME
    st.text_input(
        "Name", key=key, placeholder=_usual(run), max_chars=most, help=help, on_change=_rename, args=(run, key)
    )
    if st.session_state.get("renamed") == run.run_id:
        frame.once("name_refused", st.error, "error")


def _usual(run: Run) -> str:
    try:
        return run.usual_name
    except ValueError:  # its settings can't be read
        return ""


@frame.acting(ValueError, OSError, key="name_refused")
def _rename(run: Run, key: str) -> None:
    st.session_state["renamed"] = run.run_id
    contents.rename(run.path, st.session_state[key])
