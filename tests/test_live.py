"""Live parts: what a browser has after the changes that it was sent is what the page drew."""

import copy
import json
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from ganlab.measure.reading import Reading
from ganlab.ui.kit import live
from ganlab.ui.kit.live import change


def applied(data: Any, change: Any) -> Any:
    """What ui/front/live.js does."""
    if not isinstance(change, dict) or "+" not in change:
        return change
    data = copy.copy(data)
    for key, inner in change["+"].items():
        at = int(key) if isinstance(data, list) else key
        data[at] = applied(data[at], inner)
    return data


def test_a_change_holds_only_what_differs_and_leads_to_the_new_data() -> None:
    old = {
        "data": [{"name": "a", "y": [1, 2]}, {"name": "b", "y": [3, 4]}],
        **{"alt": "A chart.", "marks": [], "html": ["<p>one", "<p>two"]},
    }
    for new in (
        old | {"alt": "Another."},
        old | {"data": [old["data"][0], {"name": "b", "y": [5, 6]}]},
        old | {"data": old["data"][:1]},
        old | {"marks": [{"x": 1}]},
        old | {"html": ["<p>one", "<p>three"]},
        {"other": 1},
        {},
    ):
        sent = json.loads(json.dumps(change(old, new)))  # the browser sees indices as text
        assert applied(old, sent) == new
    assert change(old, old | {"data": [old["data"][0], {"name": "b", "y": [5, 6]}]}) == {
        "+": {"data": {"+": {1: {"+": {"y": [5, 6]}}}}}
    }
    assert change(["<p>one", "<p>two"], ["<p>one", "<p>three"]) == {"+": {1: "<p>three"}}


def page() -> None:
    import streamlit as st

    from ganlab.ui.kit.components import feed, panel
    from ganlab.ui.kit.live import feeding, mounting

    with mounting() if st.session_state["mounts"] else feeding(feed):
        for name, html in st.session_state["drawn"].items():
            panel(name, html)


def test_parts_are_mounted_once_and_then_fed_what_has_changed() -> None:
    at = AppTest.from_function(page, default_timeout=30)

    def elements(mounts: bool, **drawn: str) -> list[dict[str, Any]]:
        at.session_state["mounts"], at.session_state["drawn"] = mounts, drawn
        at.run()
        assert not at.exception
        return [json.loads(element.proto.json) for element in at.get("bidi_component")]

    first, second = elements(True, a="one", b="two")
    assert (first["part"], first["html"], second["part"], second["html"]) == ("a", "one", "b", "two")
    (fed,) = elements(False, a="one", b="three")
    assert fed["parts"] == {"b": {"+": {"html": "three"}}}
    assert (fed["after"], fed["mounted"]) == (None, first["at"])
    (again,) = elements(False, a="four", b="three")
    assert again["parts"] == {"a": {"+": {"html": "four"}}}
    assert again["after"] == fed["at"] < again["at"]


def test_what_is_made_of_a_source_is_made_once_and_not_kept_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "MOST_MADE", 3)
    source, made = Reading(step=1), []
    for key in (1, 1, 2, 3, 2, 4, 1):
        assert live.once(source, key, lambda key=key: made.append(key) or key) == key
    assert made == [1, 2, 3, 4, 1]
