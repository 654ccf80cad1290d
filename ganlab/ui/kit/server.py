"""The one place that holds this server's runs.

Streamlit takes the source text of `hub` as its key: a change here lets go of all runs, so it stays small.
"""

import atexit
import gc
from contextlib import suppress

import streamlit as st

from ganlab.config import TrainConfig
from ganlab.runs.hub import Refused, Run, RunHub


def _close(hub: RunHub) -> None:
    hub.close()
    gc.unfreeze()  # else Python aborts on its way out


@st.cache_resource(on_release=_close, show_spinner=False)
def hub() -> RunHub:
    """All runs of this server, for every page, tab and visitor."""
    made = RunHub()
    atexit.register(_close, made)
    gc.collect()
    gc.freeze()  # torch's half a million objects need not be looked through again and again
    return made


def find_run() -> Run | None:
    """The run that ?run= names; a sentence and None if there is no such run."""
    run_id = st.query_params.get("run")
    if run_id is None:
        return None
    try:
        run = hub().find(run_id)
    except LookupError as error:
        st.session_state.pop("run", None)
        del st.query_params["run"]
        st.warning(str(error), icon=":material/help:")
        return None
    st.session_state["run"] = run_id  # so that the links in the sidebar lead back to it
    return run


def with_networks() -> dict[str, Run]:
    """The runs that have networks to look at, by name, newest first; those that can't be read are left out."""
    found = {}
    for run in hub().runs:
        with suppress(ValueError):
            if run.has_generator and run.summary.config:
                found[run.run_id] = run
    return found


def try_to_start(config: TrainConfig) -> str | None:
    """Start a run and return its name; if it is refused, None, and `notices` will say why."""
    try:
        return hub().start(config).run_id
    except (Refused, OSError) as error:
        st.session_state["refused"] = str(error)
        return None
