"""A run in a terminal, on the page Train: seconds until it is live, and from a change there to its effect.

A browser that has seen other pages of the server opens it several times, each after nobody has looked for a while.
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import Page
from served import LONG, ROOT, app, expect_state, visited

from ganlab.runs.disk import tables

CHANGES = 30
APART = 2000  # ms between an effect and the next change
OPENED = 5  # times
ALONE = 8000  # ms before each: by then the run has forgotten that somebody looked
# Milliseconds from a key press until the page shows a clamp that used the new range.
WATCH = """() => {
  const spoken = document.querySelector(".gl-clamp .unseen");
  spoken.textContent = "";
  window.effect = new Promise(answer => {
    addEventListener("keydown", () => {
      const began = performance.now();
      const look = () => spoken.textContent ? answer(performance.now() - began) : requestAnimationFrame(look);
      requestAnimationFrame(look);
    }, {capture: true, once: true});
  });
}"""
STEP = "() => Number((document.querySelector('.state b') || {}).textContent?.replace(',', ''))"
LIVE = (
    "document.querySelector('.state .pill')?.innerText === 'Running' && document.querySelector('.gl-clamp path.after')"
)


def opened(page: Page, url: str) -> list[float]:
    """Seconds from opening the page of a run until it has loaded, says Running over a drawn clamp, and has moved on."""
    began, times = time.monotonic(), []
    page.goto(url)
    for condition in ("document.querySelector('.st-key-page')", LIVE):
        page.wait_for_function(f"() => {condition}", timeout=LONG)
        times.append(time.monotonic() - began)
    first = page.evaluate(STEP)
    page.wait_for_function(f"() => ({STEP})() > {first}", timeout=LONG)
    return [*times, time.monotonic() - began]


def main(preset: str, changes: int) -> None:
    with visited(height=900) as (page, server):
        out = server.runs / "in-a-terminal"
        command = [sys.executable, "-m", "ganlab", "train", "--preset", preset, "--steps", "1000000", "--instruments"]
        environment = os.environ | {"GANLAB_DATA": str(server.runs.parent / "data")}
        run = subprocess.Popen([*command, "--out", str(out)], cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
        try:
            while not (out / "moments").exists():
                page.wait_for_timeout(100)
            page.goto(server.url)  # so that the server has imported what it needs
            times = []
            for _ in range(OPENED):
                page.wait_for_timeout(ALONE)
                times.append(opened(page, f"{server.url}/Train?run={out.name}"))
                page.goto("about:blank")
            for name, column in zip(("loaded", "live", "moved on"), np.transpose(times), strict=True):
                print(f"{preset}: {name} after {np.median(column):.2f} s, at most {column.max():.2f} s")
            opened(page, f"{server.url}/Train?run={out.name}")
            page.wait_for_timeout(APART)
            times = []
            for i in range(changes):
                app(page).get_by_role("slider", name="High bound").focus()
                page.evaluate(WATCH)
                page.keyboard.press("PageUp" if i % 2 else "PageDown")
                times.append(page.evaluate("effect") / 1000)
                page.wait_for_timeout(APART)
            print(f"{preset}: change to effect, median {np.median(times):.2f} s, p95 {np.quantile(times, 0.95):.2f} s")
            for name, state in (("Pause", "Paused"), ("Resume", "Running"), ("Stop", "Stopped")):
                began = time.monotonic()
                app(page).get_by_role("button", name=name, exact=True).click()
                expect_state(page, state)
                print(f"{preset}: {name} seen after {time.monotonic() - began:.2f} s")
            print(f"{len(tables.changes(Path(out, 'changes.csv')))} of {changes} changes recorded, exit {run.wait(30)}")
            print(f"load {os.getloadavg()[0]:.1f}")
        finally:
            run.kill()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--preset", default="digits")
    parser.add_argument("--changes", type=int, default=CHANGES)
    options = parser.parse_args()
    main(options.preset, options.changes)
