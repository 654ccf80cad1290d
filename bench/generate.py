"""How long 1,000 samples of the digits generator take to the screen and to a ZIP, in a real browser; half a minute.

From Enter in the field to the drawn picture, and from the click on ZIP to the saved file; the median of five.
"""

import os
import tempfile
import time
from pathlib import Path
from statistics import median

from chromium import say
from playwright.sync_api import Page, expect, sync_playwright
from served import FLAGS, LONG, Server, expect_state, interrupt, serve, start

DRAWN = "e => e.complete && e.naturalWidth > 0 && e.decode().then(() => true)"


def shown(page: Page, seed: int) -> float:
    """Seconds until another 1,000 samples are drawn."""
    field, sheet = page.get_by_role("spinbutton", name="Seed"), page.get_by_alt_text("1000 generated images")
    before = sheet.get_attribute("src")
    field.fill(str(seed))
    begun = time.perf_counter()
    field.press("Enter")
    page.wait_for_function("before => document.querySelector('.gl-grid img').src !== before", arg=before)
    assert sheet.evaluate(DRAWN)
    return time.perf_counter() - begun


def saved(page: Page) -> float:
    """Seconds until the ZIP of them is saved."""
    begun = time.perf_counter()
    with page.expect_download() as download:
        page.get_by_role("button", name="ZIP", exact=True).click()
    assert download.value.path().stat().st_size > 100_000
    return time.perf_counter() - begun


def measure(page: Page, server: Server) -> None:
    page.set_default_timeout(LONG)
    expect.set_options(timeout=LONG)
    run = start(page, server, "digits", steps=20)
    expect_state(page, "Finished")
    page.goto(f"{server.url}/Generate?run={run}&n=1000")
    expect(page.get_by_alt_text("1000 generated images")).to_be_visible()
    screen = [shown(page, seed) for seed in range(1, 6)]
    archive = [saved(page) for _ in range(5)]
    say(f"1,000 samples on the screen: {median(screen):.2f} s ({min(screen):.2f} to {max(screen):.2f})")
    say(f"1,000 samples in a ZIP: {median(archive):.2f} s ({min(archive):.2f} to {max(archive):.2f})")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = serve(Path(folder))
        browser = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM"), args=FLAGS)
        try:
            measure(browser.new_page(viewport={"width": 1440, "height": 1000}), server)
        finally:
            browser.close()
            interrupt(server)


if __name__ == "__main__":
    main()
