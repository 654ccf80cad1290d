"""What Compare shows in the page's address: the runs, what the table lists, and how everything is drawn."""

import streamlit as st

from ganlab.config import TrainConfig
from ganlab.plots.curves import ALONG
from ganlab.runs.disk import library
from ganlab.settings import fields
from ganlab.ui.compare import against, picks, sweeps, table
from ganlab.ui.kit import address

LONGEST = 64  # of a text that is not one of a few
SINGLE = "~"  # in place of a sweep, which can't be called that: all single runs


def _fields() -> address.Fields:
    chosen = ",".join(st.session_state.get("compared", ()))
    sorts = [(f"{'-' * falling}{name.lower()}", (name, falling)) for name in table.SORTS for falling in (False, True)]
    return {
        "runs": ("compared", {text: picks.listed(text) for text in (st.query_params.get("runs"), chosen) if text}),
        "sweep": ("sweep", _lists()),
        "filter": _of_any("filter", "compare_filter"),
        "sort": ("compare_sort", dict(sorts)),
        "measure": ("sweep_measure", {name: name for name in against.OFFERED if name != against.RESULT}),
        "beside": ("sweep_reason", {name: name for name in against.OFFERED if name != against.REASON}),
        "against": ("sweep_setting", {name: name for name in fields(TrainConfig) if name != against.FIRST}),
        "shown": _of_any("shown", "previewed"),
        "along": ("compare_along", {name: name for name in ALONG if name != "step"}),
        "log": ("compare_log", {"1": True}),
    }


def _lists() -> dict[str, str]:
    """The lists that the table can show; that of single runs only where the page would open on a sweep."""
    paths = library.sweep_paths()
    lists = {name: name for name in paths}
    if st.query_params.get("sweep") == SINGLE or sweeps.first_list(paths) != sweeps.ALL:
        lists[SINGLE] = sweeps.ALL
    return lists


def _of_any(field: str, key: str) -> tuple[str, dict[str, str]]:
    """A field for any short text."""
    texts = (st.query_params.get(field), st.session_state.get(key))
    return key, {text: text for text in texts if text and len(text) <= LONGEST}


def read() -> None:
    """Show what the address says, if this session opens the page."""
    if "compared" not in st.session_state:
        st.session_state["compared"] = list[str]()
        address.read(_fields())


def write() -> None:
    """Put what is shown into the address, and into the link that leads back to it; call this after the widgets."""
    if not sweeps.chosen():
        st.session_state.pop("previewed", None)  # it was a sweep's
    st.session_state["compare_link"] = address.write(_fields())
