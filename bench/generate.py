"""How long 1,000 samples of the digits generator take to reach the screen and a ZIP in a real browser; half a minute.

Measured from Enter in the field to the drawn picture, and from the click on ZIP to the saved file; the median of five.
"""

import tempfile
import time
from pathlib import Path
from statistics import median

from chromium import say
from playwright.sync_api import Page, expect, sync_playwright
from served import LONG, Server, app, chromium, interrupt, serve, start

SHEET = "1000 generated images"
DRAWN = "e => e.complete && e.naturalWidth > 0 && e.decode().then(() => true)"


def seconds_to_screen(page: Page, seed: int) -> float:
    """Seconds until another 1,000 samples are drawn."""
    field, sheet = app(page).get_by_role("spinbutton", name="Seed"), app(page).get_by_alt_text(SHEET)
    before = sheet.get_attribute("src")
    field.fill(str(seed))
    began = time.perf_counter()
    field.press("Enter")
    page.wait_for_function("before => document.querySelector('.gl-grid img').src !== before", arg=before)
    assert sheet.evaluate(DRAWN)
    return time.perf_counter() - began


def seconds_to_zip(page: Page) -> float:
    """Seconds until their ZIP is saved."""
    began = time.perf_counter()
    with page.expect_download() as download:
        app(page).get_by_role("button", name="ZIP", exact=True).click()
    assert download.value.path().stat().st_size > 100_000
    return time.perf_counter() - began


def measure(page: Page, server: Server) -> None:
    page.set_default_timeout(LONG)
    run = start(page, server, "digits", steps=20, until="Finished")
    page.goto(f"{server.url}/Generate?run={run}&n=1000")
    expect(app(page).get_by_alt_text(SHEET)).to_be_visible()
    screen = [seconds_to_screen(page, seed) for seed in range(1, 6)]
    archive = [seconds_to_zip(page) for _ in range(5)]
    say(f"1,000 samples on the screen: {median(screen):.2f} s ({min(screen):.2f} to {max(screen):.2f})")
    say(f"1,000 samples in a ZIP: {median(archive):.2f} s ({min(archive):.2f} to {max(archive):.2f})")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = chromium(playwright)  # first: if Chromium is missing, no server is left running
        server = serve(Path(folder))
        try:
            measure(browser.new_page(viewport={"width": 1440, "height": 1000}), server)
        finally:
            browser.close()
            interrupt(server)


if __name__ == "__main__":
    main()
