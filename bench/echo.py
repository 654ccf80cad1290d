"""How soon the two lesson pages answer: from a key press to the changed text, the median of ten."""

from typing import NamedTuple

import numpy as np
from playwright.sync_api import Page, expect
from served import app, visited

PRESSES = 10
# Watches the text of the card around the focused widget: how long after a key press it changes.
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
    """A widget of a page, its selector, and the two keys that change its value and change it back."""

    page: str
    name: str
    selector: str
    keys: tuple[str, str]


RIGHT, UP, TYPED = ("ArrowRight", "ArrowLeft"), ("ArrowUp", "ArrowDown"), ("7", "Backspace")
CONTROLS = (
    Control("Weight_Clipping", "numbers", ".st-key-numbers_text input", TYPED),
    Control("Weight_Clipping", "range of the numbers", ".st-key-numbers_range_clip input", RIGHT),
    Control("Weight_Clipping", "range of the article's model", ".gl-clamp [role=slider]", RIGHT),
    Control("Weight_Clipping", "c of any model", ".st-key-model_c input", RIGHT),
    Control("Building_Blocks", "init, std", ".st-key-init_std input", UP),
    Control("Building_Blocks", "init, width", ".st-key-init_width input", RIGHT),
    Control("Building_Blocks", "ConvTranspose2d, kernel_size", ".st-key-conv_kernel_size input", UP),
    Control("Building_Blocks", "ConvTranspose2d, stride", ".st-key-conv_stride input", UP),
    Control("Building_Blocks", "randn, seed", ".st-key-randn_seed input", UP),
    Control("Building_Blocks", "no_grad, images at a time", ".st-key-no_grad_batch input", UP[::-1]),
    Control("Building_Blocks", "Variable, x", ".st-key-variable_x input", UP),
    Control("Building_Blocks", "Resize, size", ".st-key-resize_size input", UP),
)


def echoes(page: Page, control: Control) -> list[float]:
    """Milliseconds from each of ten key presses to the changed text."""
    app(page).locator(control.selector).last.focus()
    if control.keys == TYPED:
        page.keyboard.press("End")
    times = []
    for i in range(PRESSES):
        page.evaluate(WATCH)
        page.keyboard.press(control.keys[i % 2])
        times.append(page.evaluate("echo"))
        page.wait_for_timeout(300)  # lets the page settle before the next press
    return times


def main() -> None:
    with visited(height=1000) as (page, server):
        for name in dict.fromkeys(control.page for control in CONTROLS):
            page.goto(f"{server.url}/{name}")
            expect(app(page).locator("pre").last).to_be_visible()
            page.wait_for_timeout(2000)
            for control in (c for c in CONTROLS if c.page == name):
                times = echoes(page, control)
                print(f"{name}, {control.name}: {np.median(times):.0f} ms, slowest {max(times):.0f} ms", flush=True)


if __name__ == "__main__":
    main()
