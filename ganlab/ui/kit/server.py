"""The one place that holds this server's runs.

Streamlit takes the source text of `hub` as its cache key: editing that function releases all runs.
"""

import atexit
import gc
from contextlib import suppress

import streamlit as st

from ganlab.config import TrainConfig
from ganlab.runs.hub import Refused, RunHub
from ganlab.runs.run import Run
from ganlab.ui.kit import frame


def _close(hub: RunHub) -> None:
    hub.close()
    gc.unfreeze()  # otherwise Python aborts while it exits


@st.cache_resource(on_release=_close, show_spinner=False)
def hub() -> RunHub:
    """All runs of this server, for every page, tab and visitor."""
    hub = RunHub()
    atexit.register(_close, hub)
    gc.collect()
    gc.freeze()  # so that later collections skip torch's half a million objects
    return hub


def find_run() -> Run | None:
    """The run that ?run= names; if there is none, a warning and None."""
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
    """The runs that have networks, by name, the newest first; those that can't be read are left out."""
    runs = {}
    for run in hub().runs:
        with suppress(ValueError):
            if run.has_generator and run.summary.config:
                runs[run.run_id] = run
    return runs


@frame.refusing(Refused, OSError)
def try_to_start(config: TrainConfig, instead_of: str = "") -> str | None:
    """Start a run as `RunHub.start` and return its ID; None if it is refused, and `notices` will say why."""
    return hub().start(config, instead_of).run_id
