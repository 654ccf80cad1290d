"""A guest sends what the owner's browser sent: every frame of a session in which everything was pressed.

    python tests/support/replay.py

A real browser opens each page with the key, and presses, types into or pulls each control once. Prints how many frames
that were, and what they changed on the server when the owner sent them. Then a WebSocket without the key opens the same
pages and sends them all. Fails if a file of the server changes, or the state of its run.
"""

import sys
import tempfile
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

from playwright.sync_api import Error, Page, WebSocket, sync_playwright
from served import LONG, Server, app, chromium, expect_state, interrupt, key_of, run_of, serve
from stubs import wait_until
from visitor import SECONDS, visit

from ganlab.runs import background

CONTROLS = "button, input, textarea, summary, [role=slider], [role=radio], [role=option], [role=combobox]"
PATIENCE = 500  # milliseconds given to a press


def contents(server: Server) -> dict[str, bytes]:
    """Every file that the server has written but its log."""
    folder = server.log.parent
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.suffix != ".log"}


def press_everything(page: Page, url: str) -> int:
    """Use each control of a page once, on a page opened again if the last one led elsewhere; returns how many."""
    used, place = 0, 0
    while True:
        if page.url.split("&")[0] != url.split("&")[0]:
            page.goto(url)
            page.wait_for_selector("html.drawn", state="attached", timeout=LONG)
        controls = page.locator(f".st-key-page :is({CONTROLS})")
        if place >= controls.count():
            return used
        control, place = controls.nth(place), place + 1
        with suppress(Error):  # hidden, disabled, or gone since
            kind = control.evaluate("e => e.getAttribute('role') === 'slider' ? 'slider' : e.type || ''")
            if kind in ("number", "text", "textarea"):
                control.fill("3", timeout=PATIENCE)
                control.press("Enter", timeout=PATIENCE)
            elif kind == "slider":
                control.press("ArrowLeft", timeout=PATIENCE)
            else:
                control.click(timeout=PATIENCE)
            used += 1
            page.wait_for_timeout(50)
            page.keyboard.press("Escape")


def record(server: Server) -> dict[str, list[bytes]]:
    """What a browser of the owner sends from each page."""
    sent: dict[str, list[bytes]] = defaultdict(list)
    with sync_playwright() as playwright:
        browser = chromium(playwright)
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.on("dialog", lambda dialog: dialog.dismiss())

        def listen(socket: WebSocket) -> None:
            socket.on("framesent", lambda data: sent[page.url.removeprefix(server.url)].append(bytes(data)))

        page.goto(f"{server.url}/?key={key_of(server)}")
        page.wait_for_selector("html.drawn", state="attached", timeout=LONG)  # from here on a cookie holds the key
        page.on("websocket", listen)
        page.goto(f"{server.url}/Train?preset=8-gaussians&steps=10000000")
        app(page).get_by_role("button", name="Start", exact=True).click()
        expect_state(page, "Running")
        run = run_of(page)
        for name in (
            f"Train?run={run}",
            "Train?preset=drawn",
            "Train?preset=images",
            "",
            "Weight_Clipping",
            f"Generate?run={run}",
            f"Compare?runs={run}",
            "Building_Blocks",
        ):
            print(f"/{name}: {press_everything(page, f'{server.url}/{name}')} controls used", flush=True)
        browser.close()
    return sent


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        server = serve(Path(folder), "--guests")
        try:
            empty = contents(server)
            sent = record(server)
            assert key_of(server).encode() not in b"".join(frame for frames in sent.values() for frame in frames)
            with visit(server.url) as owner:
                for sweep in [file.parent for file in server.runs.glob("*/sweep.json")]:
                    background.stop(sweep)
                    wait_until(lambda sweep=sweep: not background.under_way(sweep), SECONDS)
                for run in [file.parent for file in server.runs.glob("*/config.json")]:
                    if not (run / "ended.json").exists():
                        owner.open("Train", f"run={run.name}&key={key_of(server)}")
                        owner.click("Stop")
                        wait_until((run / "ended.json").exists, SECONDS)
            before = contents(server)
            print(f"{sum(map(len, sent.values()))} frames, which changed {len(before.items() - empty.items())} files")
            with visit(server.url) as guest:
                for address, frames in sent.items():
                    name, _, query = address.lstrip("/").partition("?")
                    guest.open(name, query)
                    guest.replay(*frames)
            changed = {path for path, _ in contents(server).items() ^ before.items()}
            print(f"sent by a guest, they changed {len(changed)} files", *sorted(changed), sep="\n")
            return bool(changed)
        finally:
            interrupt(server)


if __name__ == "__main__":
    sys.exit(main())
