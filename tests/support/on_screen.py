"""What a page shows on its first screen, and how much it jumps. As a script: of every page of a served app, in a table.

    python tests/support/on_screen.py http://127.0.0.1:8501 [a run's name]

A control is what can be clicked, typed into or pulled, also while it is disabled: the outermost such element, if a part
of it is in the window and it can be seen. A word is a run of characters between spaces with a letter or digit in it, in
text that can be seen in the window: those of the links count, and numbers, but not those along an axis. What jumps is
the layout shift of Chromium: https://web.dev/articles/cls. It leaves out what follows a click or key within half a
second.
"""

import sys
from typing import NamedTuple

from playwright.sync_api import Page, sync_playwright
from served import LONG, chromium

MOST_CONTROLS, MOST_WORDS = 26, 165  # on the first screen of Train while a run trains, at 1440 x 900
SHIFT = 0.002  # the most that may jump in half a minute
LOADING = 0.1  # the most that may jump while a page loads
COUNT = """() => {
  const seen = (e, box) => e.checkVisibility({ opacityProperty: true, visibilityProperty: true })
    && box.width > 1 && box.height > 1
    && box.top < innerHeight && box.bottom > 0 && box.left < innerWidth && box.right > 0;
  const kinds = "a[href], button, input, select, textarea, summary, [role=slider], [contenteditable]";
  const controls = [...document.querySelectorAll(kinds)].filter(e => {
    const shown = e.matches("label input") ? e.closest("label") : e;
    return !e.parentElement.closest(kinds) && seen(shown, shown.getBoundingClientRect());
  });
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), range = document.createRange();
  const unread = "style, script, [data-testid=stIconMaterial], svg .tick, .xtick, .ytick";
  let words = 0;
  while (texts.nextNode()) {
    const text = texts.currentNode, parent = text.parentElement;
    range.selectNodeContents(text);
    if (parent.closest(unread) || parent.offsetWidth === 1 || !seen(parent, range.getBoundingClientRect())) continue;
    words += text.data.split(/\\s+/).filter(word => /[\\p{L}\\p{N}]/u.test(word)).length;
  }
  return [controls.length, words];
}"""
WATCH = """() => {
  window.shift = 0;
  new PerformanceObserver(list => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shift += entry.value;
  }).observe({ type: "layout-shift", buffered: %s });
}"""


class Seen(NamedTuple):
    controls: int
    words: int


def count(page: Page) -> Seen:
    """What is seen in the page's window now."""
    return Seen(*page.evaluate(COUNT))


def watch_shift(page: Page) -> None:
    """Add up what jumps from now on, in the page's variable `shift`."""
    page.evaluate(WATCH % "false")


def load(page: Page, url: str) -> float:
    """Open a page; return what jumped until it was shown whole. The page's variable `shift` goes on adding up."""
    page.add_init_script(f"({WATCH % 'true'})()")
    page.goto(url)
    page.wait_for_selector("html.drawn", state="attached", timeout=LONG)
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return page.evaluate("shift")


def main(url: str, run: str = "") -> None:
    """Print one line for each page and width."""
    query = f"?run={run}" if run else ""
    pages = ("", "Train", f"Train{query}", "Weight_Clipping", f"Generate{query}", "Building_Blocks")
    with sync_playwright() as playwright:
        browser = chromium(playwright)
        print(f"{'page':40}{'width':>6}{'controls':>10}{'words':>7}{'shift while loading':>21}")
        for width in (1440, 420):
            context = browser.new_context(viewport={"width": width, "height": 900})
            for name in dict.fromkeys(pages):
                page = context.new_page()
                load(page, f"{url}/{name}")
                page.wait_for_timeout(2000)  # for what comes late
                controls, words = count(page)
                print(f"{name or 'Home':40}{width:6}{controls:10}{words:7}{page.evaluate('shift'):21.4f}", flush=True)
                page.close()
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
