"""A real server, and its pages in a real browser; for the browser tests and the benches."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, Locator, Page, Playwright, expect, sync_playwright
from visitor import visit

ROOT = Path(__file__).parents[2]
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--process-per-site",
)
LONG = 60_000  # ms: a cold start on a busy machine


class Server(NamedTuple):
    url: str
    process: subprocess.Popen[bytes]
    runs: Path
    log: Path


def answers(url: str) -> bool:
    try:
        return urllib.request.urlopen(f"{url}/_stcore/health", timeout=1).status == 200
    except OSError:
        return False


def serve(folder: Path, *options: str, program: Sequence[str] = ("-m", "ganlab")) -> Server:
    """Start the app on a free port, with `options`, and its runs, data and log in `folder`; return once it answers."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    log = folder / "server.log"
    command = [sys.executable, *program, "--port", str(port), "--no-browser", *options]
    environment = os.environ | {"GANLAB_RUNS": str(folder / "runs"), "GANLAB_DATA": str(folder / "data")}
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, env=environment)
    server = Server(f"http://127.0.0.1:{port}", process, folder / "runs", log)
    try:
        deadline = time.monotonic() + LONG / 1000
        while not answers(server.url):
            assert time.monotonic() < deadline, "the server did not answer in time"
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.05)
                raise AssertionError(log.read_text())
    except BaseException:  # Ctrl-C too: nobody else could end it
        process.kill()
        raise
    return server


def key_of(server: Server) -> str:
    """The owner's key, as the server printed it; "" if everyone may act."""
    printed = re.search(r"\?key=(\S+)", server.log.read_text())
    return printed[1] if printed else ""


def interrupt(server: Server) -> int:
    """Press Ctrl-C; return the exit status."""
    if server.process.poll() is None:
        server.process.send_signal(signal.SIGINT)
    try:
        return server.process.wait(timeout=LONG / 1000)
    finally:
        server.process.kill()  # does nothing to a process that has ended


def chromium(playwright: Playwright) -> Browser:
    """Start $CHROMIUM, or Playwright's own Chromium."""
    expect.set_options(timeout=LONG)
    return playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM"), args=FLAGS, timeout=LONG)


@contextmanager
def visited(height: int) -> Iterator[tuple[Page, Server]]:
    """A page of a new server, 1440 pixels wide; both are gone after the block. For the benches."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = chromium(playwright)  # first: if Chromium is missing, no server is left running
        server = serve(Path(folder))
        page = browser.new_page(viewport={"width": 1440, "height": height})
        page.set_default_timeout(LONG)
        try:
            yield page, server
        finally:
            browser.close()
            interrupt(server)


def app(page: Page) -> Locator:
    """The app's own part of the page. Around it is Streamlit's, which has a Stop button too while a script runs."""
    return page.locator(".st-key-page")


def sidebar(page: Page) -> Locator:
    return page.get_by_test_id("stSidebar")


def start(page: Page, server: Server, preset: str = "8-gaussians", steps: int = 100_000, until: str = "Running") -> str:
    """Start a run, open its page, wait until that shows the state `until`, and return the run's name."""
    with visit(server.url) as visitor:  # the form would take the browser seconds to draw
        run = visitor.start_run(preset, steps=steps)
    page.goto(f"{server.url}/Train?run={run}")
    expect_state(page, until)
    return run


def run_of(page: Page) -> str:
    """The name of the run in the page's address."""
    run = re.search(r"run=([\w-]+)", page.url)
    assert run, page.url
    return run[1]


def expect_state(page: Page, word: str) -> None:
    """Wait until the state line of Train shows this word."""
    # In a list: during a redraw there may be two elements, which to_have_text("...") takes for an error.
    expect(app(page).locator(".st-key-statebar").get_by_role("status")).to_have_text([word])
