"""The one place that holds this server's runs.

They are not in Streamlit's caches: any visitor's browser can empty those.
"""

import atexit
import gc
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

import streamlit as st

from ganlab.config import TrainConfig
from ganlab.runs.hub import RunHub
from ganlab.runs.run import Run
from ganlab.ui.kit import access, frame
from ganlab.ui.kit.html import plain


class Runs(Protocol):
    """The runs, to look at."""

    @property
    def runs(self) -> Sequence[Run]:
        """All of them, the newest first."""

    @property
    def in_progress(self) -> Sequence[Run]:
        """Those of this server that have not ended, the newest first."""

    @property
    def in_the_way(self) -> Run | None:
        """The newest run that trains, if another one would be too many."""

    @property
    def limit(self) -> int:
        """How many may train at once."""

    def find(self, run_id: str) -> Run:
        """The run with that name. Raises LookupError, in one sentence, if there is none."""


def _close() -> None:
    _hub.close()
    gc.unfreeze()  # otherwise Python aborts while it exits


_hub = RunHub()
atexit.register(_close)
gc.collect()
gc.freeze()  # so that later collections skip torch's half a million objects


def hub() -> Runs:
    """All runs of this server, for every page, tab and visitor."""
    return _hub


def acting_hub() -> RunHub:
    """The same, to start, steer and delete them. Raises Refused for a guest."""
    access.check()
    return _hub


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
        st.warning(plain(str(error)), icon=":material/help:")
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


@frame.acting(OSError)
def try_to_start(config: TrainConfig, instead_of: str = "") -> str | None:
    """Start a run as `RunHub.start` and return its ID; None if it is refused, and `notices` will say why."""
    return acting_hub().start(config, instead_of).run_id
