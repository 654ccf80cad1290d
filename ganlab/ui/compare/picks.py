"""The runs that are compared: chosen in the table, and kept in the session."""

from collections.abc import Mapping
from contextlib import suppress
from typing import NamedTuple

import streamlit as st

from ganlab.config import TrainConfig
from ganlab.plots.compare import LETTERS
from ganlab.runs.run import Run
from ganlab.runs.snapshot import Snapshot, Status
from ganlab.ui.kit import frame
from ganlab.ui.kit.html import plain

MOST = len(LETTERS)


class Pick(NamedTuple):
    """A run that is compared, and all that is drawn of it."""

    letter: str
    run: Run
    name: str
    config: TrainConfig  # as started
    record: Snapshot

    @classmethod
    def of(cls, letter: str, run: Run) -> "Pick":
        """The run as it is now. Raises ValueError if it can't be read."""
        return cls(letter, run, run.name, run.config, run.record)

    def newest(self) -> "Pick":
        """The same with its newest record. Raises ValueError as `of`."""
        return self._replace(record=self.run.record)

    def last_known(self) -> "Pick":
        """The same with its newest record, or with the one it has if that can't be read any more."""
        with suppress(ValueError):
            newest = self.newest()
            if newest.record.status is not Status.WAITING:  # a sweep's run that is deleted waits again
                return newest
        return self

    @property
    def trains(self) -> bool:
        """Whether it may still change, in this process or another one."""
        return not self.record.status.ended


def listed(text: str) -> list[str]:
    """The IDs of runs as an address lists them, each once, each in the place of its letter; "" is a free one."""
    places = list[str]()
    for run_id in text.split(","):
        if not run_id or run_id not in places:
            places.append(run_id)
    return _without_end(places[: 2 * MOST])


def _without_end(places: list[str]) -> list[str]:
    """The same without the free places after the last run."""
    return places[: max((i + 1 for i, run_id in enumerate(places) if run_id), default=0)]


def _with(places: list[str], run_id: str) -> list[str]:
    """The same with one more run, in the first free place."""
    free = places.index("") if "" in places else len(places)
    return [*places[:free], run_id, *places[free + 1 :]]


def picked(known: Mapping[str, Run]) -> list[Pick]:
    """The runs to compare among those `known`, by ID; warnings about those that are not there or can't be read."""
    compared, picks, problems = st.session_state["compared"], list[Pick](), list[str]()
    if gone := [run_id[:64] for run_id in compared if run_id and run_id not in known]:
        problems.append(f"Not here, and perhaps deleted: {', '.join(gone)}.")
    places = [""] * MOST
    for i, run_id in enumerate(compared):
        if run_id not in known:
            continue
        try:
            if len(picks) == MOST:
                raise ValueError(f"At most {MOST} runs can be compared; {run_id} is left out.")
            place = i if i < MOST else places.index("")
            picks.append(Pick.of(LETTERS[place], known[run_id]))
            places[place] = run_id
        except ValueError as error:
            problems.append(str(error))
    compared[:] = _without_end(places)
    for problem in problems:
        st.warning(plain(problem), icon=":material/help:")
    return sorted(picks, key=lambda pick: pick.letter)


def link(label: str, run_id: str) -> None:
    """A link to Compare with this run beside those that were compared before, if there is room."""
    view = st.session_state.get("compare_link", {})
    places = listed(view.get("runs", ""))[:MOST]
    if run_id not in places:
        places = _with(places if len(places) < MOST or "" in places else places[:-1], run_id)
    sweep, slash, _ = run_id.partition("/")
    query = {"runs": ",".join(places)} | ({"sweep": sweep} if slash else {})
    st.page_link(frame.COMPARE, label=label, query_params=view | query)


def choose(text: str) -> None:
    """Compare a run, `+ID`, or no longer, `-ID`; the others keep their letters. For callbacks."""
    compared, run_id = st.session_state["compared"], text[1:]
    if text.startswith("-") and run_id in compared:
        compared[:] = _without_end([one if one != run_id else "" for one in compared])
    if text.startswith("+") and run_id not in compared:
        if len(compared) == MOST and "" not in compared:
            st.session_state["too_many"] = f"At most {MOST} runs can be compared: remove one first."
        else:
            compared[:] = _with(compared, run_id)
            st.session_state.pop("previewed", None)  # beneath a sweep's figure, this one is shown
