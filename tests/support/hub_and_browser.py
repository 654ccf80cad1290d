"""A hub for the tests that visit pages, and a server and a browser for those that need them."""

import math
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
import streamlit as st
import torch
import unhurried
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, sync_playwright
from served import LONG, Server, chromium, interrupt, serve
from streamlit.components.v2 import manifest_scanner
from stubs import wait_until
from visits import ROOT, Finished

from ganlab.config import TrainConfig
from ganlab.gan.training import Trainer
from ganlab.measure import distances
from ganlab.measure.reading import INSTRUMENTS
from ganlab.runs import recorder
from ganlab.runs.disk import inbox, library
from ganlab.runs.disk.folder import RunFolder
from ganlab.runs.hub import RunHub
from ganlab.runs.run import Run
from ganlab.runs.training_run import TrainingRun
from ganlab.ui.kit import server as ui_server

os.environ["PYTHONPATH"] = str(ROOT)  # for the programs that tests start
# Each visit of an AppTest would read the metadata of all installed packages, which takes most of its time.
manifest_scanner.scan_component_manifests = cache(manifest_scanner.scan_component_manifests)
FEW = 32  # samples


@pytest.fixture(autouse=True)
def _own_runs_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANLAB_RUNS", str(tmp_path / "runs"))


@pytest.fixture(autouse=True)
def _no_run_is_left() -> Iterator[None]:
    torch.set_num_threads(1)
    yield
    assert [t.name for t in threading.enumerate() if t.name.startswith("ganlab-")] == []


@pytest.fixture
def timely(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checkpoints are as far apart as a test wants them, also on a busy machine, which is slow to step and to write."""
    monkeypatch.setattr(recorder, "FIRST_CHECKPOINT", math.inf)
    monkeypatch.setattr(recorder, "WORTH", 0)


@pytest.fixture
def the_hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[RunHub]:
    """A hub that no other test has used, for tests that visit pages; its runs leave the core to the pages."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(Trainer, "step", unhurried.rested(Trainer.step))
    # Assignments of 512 samples would take most of a look.
    monkeypatch.setattr(distances, "exact_w1", lambda a, b, whole=distances.exact_w1: whole(a[:FEW], b[:FEW]))
    hub = RunHub()
    monkeypatch.setattr(ui_server, "_hub", hub)
    monkeypatch.setattr(type(st.context), "headers", {"Host": "127.0.0.1:8501"})
    st.cache_resource.clear()
    yield hub
    hub.close()


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Callable[[TrainConfig], Path]:
    """Gives the folder of a finished run with these settings, which is trained once for all tests."""

    @cache
    def folder_of(config: TrainConfig) -> Path:
        folder = RunFolder(tmp_path_factory.mktemp("trained") / "run", config)
        TrainingRun(folder, instruments=INSTRUMENTS).run()
        return folder.path

    return folder_of


@pytest.fixture
def finished(the_hub: RunHub, trained: Callable[[TrainConfig], Path]) -> Finished:
    """Gives a finished run with these settings, as an earlier server left it."""

    def run_of(config: TrainConfig) -> Run:
        path = library.runs_root() / library.new_run_id()
        shutil.copytree(trained(config), path)
        return the_hub.find(path.name)

    return run_of


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = serve(tmp_path_factory.mktemp("server"), program=[unhurried.__file__])
    yield server
    interrupt(server)


@pytest.fixture(scope="session")
def context(server: Server) -> Iterator[BrowserContext]:
    """One for all browser tests, with a page that stays open, so that each page finds the scripts compiled.

    It draws little: ten frames per second, and no motion unless a test asks for it.
    """
    with sync_playwright() as playwright:
        browser = chromium(playwright)
        context = browser.new_context(viewport={"width": 1440, "height": 1000}, reduced_motion="reduce")
        context.add_init_script("requestAnimationFrame = draw => setTimeout(() => draw(performance.now()), 100)")
        context.new_page().goto(f"{server.url}/_stcore/health")
        yield context
        browser.close()


@pytest.fixture
def page(context: BrowserContext, server: Server) -> Iterator[Page]:
    """A page that must not log an error, show an exception or contact another machine; then its runs are stopped."""
    page = context.new_page()
    page.set_default_timeout(LONG)
    errors: list[str] = []
    foreign: list[str] = []

    def console(message: ConsoleMessage) -> None:
        # On a deep link Streamlit itself first probes /PAGE/_stcore/... and gets a 404.
        if message.type == "error" and "_stcore" not in message.location.get("url", ""):
            errors.append(message.text)

    def request(request: Request) -> None:
        if request.url.startswith("http") and "127.0.0.1" not in request.url:
            foreign.append(request.url)

    page.on("console", console)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("request", request)
    yield page
    boxes = page.get_by_text("BidiComponent Error").or_(page.get_by_test_id("stException")).all_inner_texts()
    page.close()
    stop_all(server)
    assert (errors, foreign, boxes) == ([], [], [])


def stop_all(server: Server) -> None:
    """Stop the runs that a test left in progress, as another process does: a browser would take longer."""
    for config in server.runs.glob("*/config.json"):
        if not (config.parent / "ended.json").exists():
            inbox.send(config.parent, inbox.Command("stop", {}, ()))
            wait_until((config.parent / "ended.json").exists)
