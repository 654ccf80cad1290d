"""TODO."""

import os
import threading
from collections.abc import Iterator

import pytest
import streamlit as st
import torch
from visits import ROOT

from ganlab.runs.hub import RunHub
from ganlab.ui.kit import server as ui_hub
from ganlab.ui.kit.server import hub

os.environ["PYTHONPATH"] = str(ROOT)  # for the programs that tests start

LAST = (
    "test_learning",
    "test_pages",
    "test_generate_page",
    "test_instruments_page",
    "test_clipping_page",
    "test_browser",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The fast ones first; but with two workers the browser's, which take the longest, beside all others."""
    place = {name: i for i, name in enumerate(LAST)}
    if "PYTEST_XDIST_WORKER" in os.environ:
        place["test_browser"] = -2
    items.sort(key=lambda item: place.get(item.module.__name__, -1))


@pytest.fixture(autouse=True)
def _own_runs_folder(tmp_path: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANLAB_RUNS", str(tmp_path / "runs"))


@pytest.fixture(autouse=True)
def _no_run_is_left() -> Iterator[None]:
    torch.set_num_threads(1)
    yield
    assert [t.name for t in threading.enumerate() if t.name.startswith("ganlab-run-")] == []


class NoCollection:
    """Of a server's only hub it pays to collect and freeze all objects; of a test's it takes 0.3 s."""

    collect = freeze = unfreeze = staticmethod(lambda: None)


@pytest.fixture
def the_hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[RunHub]:
    """For tests that visit pages: a hub of the test's own."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(ui_hub, "gc", NoCollection)
    st.cache_resource.clear()
    yield hub()
    st.cache_resource.clear()  # its release stops and joins all runs
