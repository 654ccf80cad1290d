"""Takes the README's pictures, docs/train-*.png in a minute and docs/compare-*.png in ten: `make pictures`.

Train is shown just after the clip range was made ten times tighter; Compare, after trying all ranges of 8 Gaussians.
"""

import io
import re
from collections.abc import Callable

from PIL import Image
from playwright.sync_api import Locator, Page, expect
from served import LONG, ROOT, Server, app, expect_state, start, visited

STEPS = re.compile(r"step [2-9]\d\d\b")  # from 200 on digits can be read
TIGHTEN, TIGHTER = "10× tighter: ", "10× tighter"
COLOURS = 256
LIMIT_BYTES = 150_000


def quantised(png: bytes) -> bytes:
    """The picture with few colours. Raises ValueError if it is still too large for a README."""
    small = io.BytesIO()
    Image.open(io.BytesIO(png)).convert("RGB").quantize(COLOURS).save(small, "PNG", optimize=True)
    if small.tell() > LIMIT_BYTES:
        raise ValueError(f"A picture has {small.tell():,} bytes, more than {LIMIT_BYTES:,}.")
    return small.getvalue()


def save(page: Page, name: str, part: Locator | None = None, shows: Callable[[], None] = lambda: None) -> None:
    """Save a part of the page, or what of it is on the screen, in light and dark, once it `shows` what it should."""
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        expect(page.locator(".stApp")).to_have_css("color-scheme", scheme)
        shows()
        (ROOT / f"docs/{name}-{scheme}.png").write_bytes(quantised((part or page).screenshot()))


def train(page: Page, server: Server) -> None:
    start(page, server, "digits", steps=1500)
    expect(app(page).locator(".st-key-statebar")).to_contain_text(STEPS, timeout=10 * LONG)
    app(page).get_by_role("button", name=TIGHTEN).click()
    page.evaluate("scrollTo(0, 0)")
    # The page compares for 20 seconds: on a busy machine that may not be long enough.
    save(page, "train", shows=lambda: expect(app(page).locator(".st-key-numbers")).to_contain_text(TIGHTER))
    app(page).get_by_role("button", name="Stop", exact=True).click()
    expect_state(page, "Stopped")


def compare(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/Train?preset=8-gaussians")
    app(page).get_by_role("button", name="Try all ranges").click()
    expect(app(page).locator(".st-key-sweep_state .pill")).to_have_text("Finished", timeout=30 * LONG)
    page.set_viewport_size({"width": 1440, "height": 1400})  # the whole card below the header
    page.mouse.move(0, 0)
    save(page, "compare", app(page).locator(".st-key-against"))


def main() -> None:
    with visited(height=900) as (page, server):
        train(page, server)
        compare(page, server)


if __name__ == "__main__":
    main()
