"""What an open page costs a run, what a tick costs, and how soon a slider acts; takes a quarter of an hour.

A tick is one run of the page's live fragment, about two a second, counted by the websocket message that ends it. Every
preset is measured in two layouts: `shared`, where server and browser use all cores, and `own core`, where the browser
and this script keep to the last core and the server has the others.
"""

import argparse
import json
import os
import platform
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from chromium import say
from gauges import cpu_seconds, progress
from page_report import NOTES, table
from playwright.sync_api import Browser, Page, WebSocket, expect, sync_playwright
from served import LONG, Server, app, chromium, expect_state, interrupt, serve, start
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

WARM_UP = 5  # seconds
SETTLE = 1  # seconds: metrics.csv lags by up to 0.45 s, and a window must not count what came before it
PRESSES = 30
IMAGE = re.compile(rb"data:image/png;base64,[A-Za-z0-9+/=]*")


class Layout(NamedTuple):
    """The cores that the server may use, and those for the browser and this script; None: any."""

    name: str
    server: set[int] | None = None
    browser: set[int] | None = None


def layouts() -> list[Layout]:
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    if len(cores) < 2:
        say("Skipping the layout `own core`: it needs Linux and two cores.")
        return [Layout("shared")]
    return [Layout("shared"), Layout("own core", set(cores[:-1]), set(cores[-1:]))]


@contextmanager
def keeping_to(cores: set[int] | None) -> Iterator[None]:
    """Keep this process, and those that it starts in this context, on these cores."""
    if cores is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def check_cores(layout: Layout, browser: Browser, server: Server) -> None:
    """Check that the processes really keep to the layout's cores."""
    if layout.server:
        processes = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
        assert "renderer" in {process["type"] for process in processes}
        assert all(os.sched_getaffinity(process["id"]) == layout.browser for process in processes)
        assert os.sched_getaffinity(server.process.pid) == layout.server


class Bench:
    """A page that shows a run, or is closed while the run continues."""

    def __init__(self, page: Page, server: Server, preset: str) -> None:
        self.page, self.server = page, server
        self.received: list[bytes] = []
        self.sent: list[bytes] = []
        page.on("websocket", self._listen)
        self.devtools = page.context.new_cdp_session(page)
        self.devtools.send("Performance.enable")
        self.run = start(page, server, preset, steps=10_000_000)
        self.folder = server.runs / self.run

    def _listen(self, websocket: WebSocket) -> None:
        websocket.on("framereceived", lambda frame: self.received.append(frame))
        websocket.on("framesent", lambda frame: self.sent.append(frame))

    def turn(self, to: str) -> None:
        """Open the run's page, or close it, so that only training is left."""
        if to == "open":
            self.page.goto(f"{self.server.url}/Train?run={self.run}")
            expect_state(self.page, "Running")
        else:
            self.page.goto("about:blank")
        self.page.wait_for_timeout(1000 * SETTLE)

    def window(self, seconds: float) -> dict[str, float]:
        """What happens in the next `seconds`: steps, ticks, CPU seconds, bytes."""
        self.received.clear()
        self.sent.clear()
        before = self._counters()
        self.page.wait_for_timeout(1000 * seconds)
        after = self._counters()
        return {name: after[name] - before.get(name, 0) for name in after} | {
            "ticks": sum(map(ends_tick, self.received)),
            "bytes": sum(map(len, self.received)),
            "bytes_without_images": sum(len(IMAGE.sub(b"", frame)) for frame in self.received),
            "bytes_sent": sum(map(len, self.sent)),
        }

    def _counters(self) -> dict[str, float]:
        """Everything that only grows: steps, clocks, and the CPU seconds of the server and each of its threads."""
        step, training_seconds = progress(self.folder)
        browser = {m["name"]: m["value"] for m in self.devtools.send("Performance.getMetrics")["metrics"]}
        return {
            "seconds": time.perf_counter(),
            "steps": step,
            "training_seconds": training_seconds,
            "browser_seconds": browser["TaskDuration"],
            "browser_cpu_seconds": browser["ThreadTime"],
            **cpu_seconds(self.server.process.pid),
        }

    def presses(self) -> list[float]:
        """Milliseconds from a press of an arrow key on the upper slider to the change that the run records."""
        changes, thumb = self.folder / "changes.csv", app(self.page).get_by_role("slider", name="High bound")
        thumb.focus()
        times = []
        for i in range(PRESSES):
            self.page.wait_for_timeout(300 + 137 * i % 500)  # at varying times between two ticks
            size = changes.stat().st_size
            began = time.perf_counter()
            self.page.keyboard.press("ArrowLeft" if i % 2 else "ArrowRight")
            while changes.stat().st_size == size:
                assert time.perf_counter() - began < 20, "the slider had no effect"
                time.sleep(0.002)  # the resolution of this figure; a busy wait would take the browser's core
            times.append(1000 * (time.perf_counter() - began))
        return times


def ends_tick(frame: bytes) -> bool:
    return ForwardMsg.FromString(frame).script_finished == ForwardMsg.FINISHED_FRAGMENT_RUN_SUCCESSFULLY


def total(windows: list[dict[str, Any]], name: str) -> float:
    return sum(window.get(name, 0) for window in windows)


def rates(windows: list[dict[str, Any]]) -> dict[str, float]:
    steps_per_second = [window["steps"] / window["training_seconds"] for window in windows]
    return dict(zip(("median", "q1", "q3"), np.percentile(steps_per_second, (50, 25, 75)).tolist(), strict=True))


def summary(windows: list[dict[str, Any]]) -> dict[str, Any]:
    """The figures of these windows, named as in page_report.FIGURES."""
    opened, closed = ([w for w in windows if w["page"] == page] for page in ("open", "closed"))
    seconds, ticks = total(opened, "seconds"), total(opened, "ticks")
    fast, slow = rates(closed), rates(opened)
    figures = {
        "open_steps_per_s": slow,
        "closed_steps_per_s": fast,
        "open_to_closed": slow["median"] / fast["median"],
        "ticks_per_s": ticks / seconds,
        "browser_ms_per_tick": 1000 * total(opened, "browser_seconds") / ticks,
        "browser_cpu_ms_per_tick": 1000 * total(opened, "browser_cpu_seconds") / ticks,
        **{f"{name}_per_tick": total(opened, name) / ticks for name in ("bytes", "bytes_without_images", "bytes_sent")},
    }
    if "process" in opened[0]:
        busy = 0.02 * total(closed, "seconds")
        threads = [name for name in closed[-1] if name.startswith("thread") and total(closed, name) > busy]
        trainer = sum(total(opened, name) for name in threads)
        # Not the sum of the other threads: Streamlit keeps starting short-lived ones.
        server = total(opened, "process") - trainer
        figures["trainer_cpu_per_s"] = trainer / seconds
        figures["server_cpu_per_s"] = server / seconds
        figures["server_ms_per_tick"] = 1000 * server / ticks
    return figures


def measure(layout: Layout, preset: str, seconds: float, count: int) -> dict[str, Any]:
    """Everything about one preset in one layout, with a new server and a new browser."""
    name = f"{preset}, {layout.name}"
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ganlab-bench-")))
        stack.enter_context(keeping_to(layout.browser))
        playwright = stack.enter_context(sync_playwright())
        browser = chromium(playwright)
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        page.set_default_timeout(LONG)
        say(f"{name}: cold start")
        began = time.perf_counter()
        with keeping_to(layout.server):
            server = serve(folder)
        stack.callback(interrupt, server)
        page.goto(server.url)
        expect(app(page).get_by_role("button", name="Train on digits")).to_be_visible()
        cold_start = time.perf_counter() - began
        check_cores(layout, browser, server)
        bench = Bench(page, server, preset)
        page.wait_for_timeout(1000 * WARM_UP)
        windows = []
        for i in range(count):
            state = "closed" if i % 2 else "open"
            bench.turn(state)
            windows.append({"page": state} | bench.window(seconds))
            say(f"{name}: window {i + 1} of {count}, {state}, {rates(windows[-1:])['median']:.1f} steps/s")
        say(f"{name}: {PRESSES} presses of a key")
        bench.turn("open")
        presses = bench.presses()
        slider = dict(zip(("p50", "p95"), np.percentile(presses, (50, 95)).tolist(), strict=True))
        return {
            "preset": preset,
            "layout": layout.name,
            "threads": json.loads((bench.folder / "config.json").read_text())["threads"],
            "figures": {"cold_start_s": cold_start, **summary(windows), "slider_ms": slider},
            "windows": windows,
            "presses_ms": presses,
        }


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    presets = ["digits", "8-gaussians"]
    parser.add_argument("--seconds", type=float, default=10, help="length of a window")
    parser.add_argument("--windows", type=int, default=12, help="how many; the page is alternately open and closed")
    parser.add_argument(
        "--presets", nargs="+", default=presets, choices=[*presets, "8-gaussians-paper"], help="the runs to measure"
    )
    parser.add_argument("--out", type=Path, default="bench.json", help="file for all figures and windows")
    arguments = parser.parse_args()
    if arguments.seconds < 2 or arguments.windows < 2:
        parser.error("give at least 2 windows of at least 2 seconds")
    return arguments


def main() -> None:
    arguments = options()
    results = [
        measure(at, preset, arguments.seconds, arguments.windows) for at in layouts() for preset in arguments.presets
    ]
    report = {
        "date": datetime.now().astimezone().isoformat(timespec="seconds"),
        "platform": platform.platform(),
        "cpu_count": os.cpu_count(),
        "python": platform.python_version(),
        **{name: version(name) for name in ("torch", "streamlit", "playwright")},
        "window_seconds": arguments.seconds,
        "results": results,
    }
    arguments.out.write_text(json.dumps(report, indent=1) + "\n")
    print(f"{table(results)}\n{NOTES}\nEvery figure is in {arguments.out}.")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
