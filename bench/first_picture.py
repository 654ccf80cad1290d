"""How soon a page shows its first figure: from the start of the server for Home, from the address for Train.

Home and the first Train have a browser that has never been here; the second Train comes from the same browser again.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page, sync_playwright
from served import LONG, chromium, interrupt, serve
from visitor import visit

TIMES = 5
# Seconds from the start of the page to its first figure of any kind, and to its first curve with axes.
WATCH = """() => {
  window.first = {};
  const kinds = {figure: ".gl svg, .gl img, .gl canvas", plot: ".js-plotly-plot .main-svg .trace"};
  const look = () => {
    for (const [kind, selector] of Object.entries(kinds))
      if (document.querySelector(selector)) first[kind] ??= performance.now() / 1000;
    if (Object.keys(first).length < 2) requestAnimationFrame(look);
  };
  look();
}"""


def fresh(browser: Browser) -> Page:
    """A page of a browser that has cached nothing."""
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.set_default_timeout(LONG)
    page.add_init_script(f"({WATCH})()")
    return page


def seconds(page: Page, url: str, kind: str) -> float:
    """From the start of the page to its first `kind`."""
    page.goto(url)
    return float(page.wait_for_function(f"window.first.{kind}").json_value())


def once(browser: Browser, preset: str) -> dict[str, float]:
    """Every figure, from one server and one browser."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        server = serve(Path(folder))
        try:
            seconds(fresh(browser), server.url, "figure")
            home = time.perf_counter() - began
            with visit(server.url) as starter:
                train = f"{server.url}/Train?run={starter.start_run(preset, steps=300)}"
                starter.watch(3)
                starter.click("Pause")
            page = fresh(browser)
            cold = seconds(page, train, "plot"), page.evaluate("window.first.figure")
            page.goto("about:blank")
            warm = seconds(page, train, "plot"), page.evaluate("window.first.figure")
            return {
                "Home, from the start of the server": home,
                "Train, cold: first figure": cold[1],
                "Train, cold: first plot": cold[0],
                "Train, warm: first figure": warm[1],
                "Train, warm: first plot": warm[0],
            }
        finally:
            interrupt(server)


def main(preset: str, times: int) -> None:
    with sync_playwright() as playwright:
        browser = chromium(playwright)
        found = [once(browser, preset) for _ in range(times)]
        browser.close()
    for name in found[0]:
        each = [figures[name] for figures in found]
        print(f"{name}: median {np.median(each):.2f} s, {min(each):.2f} to {max(each):.2f} s")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--preset", default="digits")
    parser.add_argument("--times", type=int, default=TIMES)
    options = parser.parse_args()
    main(options.preset, options.times)
