"""How soon the two instant pages answer: from the press of a key to the changed text, the median of ten.

`python tests/echo.py`; `make bench` begins with them.
"""

import os
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from playwright.sync_api import Page, expect, sync_playwright
from served import FLAGS, LONG, interrupt, serve

PRESSES = 10
# The text of the card around the focused widget, and how long after a key press it is another one.
WATCH = """() => {
  const card = document.activeElement.closest('[data-testid="stLayoutWrapper"]:has(h3)');
  window.echo = new Promise(answer => {
    let began;
    const text = () => [...card.querySelectorAll('pre, .gl')].map(e => e.innerText).join('');
    const before = text();
    new MutationObserver((_, observer) => {
      if (began && text() !== before) { observer.disconnect(); answer(performance.now() - began); }
    }).observe(card, {subtree: true, childList: true, characterData: true, attributes: true});
    addEventListener('keydown', () => { began ??= performance.now(); }, {capture: true, once: true});
  });
}"""


class Control(NamedTuple):
    """A widget of a page, the first, second ... of its role, and the two keys that take it there and back."""

    page: str
    what: str
    role: str
    nth: int
    keys: tuple[str, str]


ARROWS = ("ArrowRight", "ArrowLeft")
CONTROLS = (
    Control("Weight_Clipping", "numbers", "textbox", 0, ("7", "Backspace")),
    Control("Weight_Clipping", "range of the numbers", "slider", 1, ARROWS),
    Control("Weight_Clipping", "range of the article's model", "slider", 3, ARROWS),
    Control("Weight_Clipping", "c of any model", "slider", 4, ARROWS),
)


def echoes(page: Page, control: Control) -> list[float]:
    """Milliseconds from each of ten key presses to the changed text."""
    page.get_by_role(control.role).nth(control.nth).focus()
    if control.role == "textbox":
        page.keyboard.press("End")
    took = []
    for i in range(PRESSES):
        page.evaluate(WATCH)
        page.keyboard.press(control.keys[i % 2])
        took.append(page.evaluate("echo"))
        page.wait_for_timeout(300)  # the next press finds a page at rest
    return took


def main() -> None:
    expect.set_options(timeout=LONG)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = serve(Path(folder))
        browser = playwright.chromium.launch(executable_path=os.environ.get("CHROMIUM"), args=FLAGS)
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        try:
            for name in dict.fromkeys(control.page for control in CONTROLS):
                page.goto(f"{server.url}/{name}")
                expect(page.locator("pre").last).to_be_visible()
                page.wait_for_timeout(2000)
                for control in (c for c in CONTROLS if c.page == name):
                    took = echoes(page, control)
                    print(f"{name}, {control.what}: {np.median(took):.0f} ms, slowest {max(took):.0f} ms", flush=True)
        finally:
            browser.close()
            interrupt(server)


if __name__ == "__main__":
    main()
