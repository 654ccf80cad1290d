"""A real server, and a run in a real browser; for the browser tests and the bench."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Page, expect

ROOT = Path(__file__).parents[2]
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
LONG = 25_000  # ms: a cold start on a busy machine


class Server(NamedTuple):
    url: str
    process: subprocess.Popen
    runs: Path
    log: Path


def answers(url: str) -> bool:
    try:
        return urllib.request.urlopen(f"{url}/_stcore/health", timeout=1).status == 200
    except OSError:
        return False


def serve(folder: Path) -> Server:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    log = folder / "server.log"
    command = [sys.executable, "-m", "ganlab", "--port", str(port), "--no-browser"]
    environment = os.environ | {"GANLAB_RUNS": str(folder / "runs"), "GANLAB_DATA": str(folder / "data")}
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, env=environment)
    server = Server(f"http://127.0.0.1:{port}", process, folder / "runs", log)
    try:
        deadline = time.monotonic() + 60
        while not answers(server.url):
            assert time.monotonic() < deadline, "waited in vain"
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.05)
                raise AssertionError(log.read_text())
    except BaseException:  # Ctrl-C too: nobody else could end it
        process.kill()
        raise
    return server


def interrupt(server: Server) -> int:
    """Ctrl-C; the exit status."""
    if server.process.poll() is None:
        server.process.send_signal(signal.SIGINT)
    try:
        return server.process.wait(timeout=15)
    finally:
        server.process.kill()  # nothing, to one that has ended


def start(page: Page, server: Server, preset: str = "8-gaussians", steps: int = 100_000) -> str:
    """Start a run from a link; its name."""
    page.goto(f"{server.url}/Train?preset={preset}&steps={steps}")
    expect(page.get_by_text(f"{steps:,} steps")).to_be_visible()
    page.get_by_role("button", name="Start", exact=True).click()
    expect_state(page, "Running")
    return re.search(r"run=([\w-]+)", page.url)[1]


def expect_state(page: Page, word: str) -> None:
    expect(page.locator(".gl .pill")).to_have_text([word])
