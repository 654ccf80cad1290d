"""Takes the README's pictures, docs/train-light.png and docs/train-dark.png, in a minute: `make pictures`.

Both show the first screen of Train just after the clip range was made ten times tighter.
"""

import io
import re

from PIL import Image
from playwright.sync_api import expect
from served import LONG, ROOT, app, start, visited

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


def main() -> None:
    with visited(height=900) as (page, server):
        start(page, server, "digits", steps=1500)
        expect(app(page).locator(".st-key-statebar")).to_contain_text(STEPS, timeout=10 * LONG)
        app(page).get_by_role("button", name=TIGHTEN).click()
        page.evaluate("scrollTo(0, 0)")
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            expect(page.locator(".stApp")).to_have_css("color-scheme", scheme)
            # The page compares for 20 seconds: on a busy machine that may not be long enough.
            expect(app(page).locator(".st-key-numbers")).to_contain_text(TIGHTER)
            (ROOT / f"docs/train-{scheme}.png").write_bytes(quantised(page.screenshot()))


if __name__ == "__main__":
    main()
