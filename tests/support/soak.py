"""Whether a server in long use needs more and more memory, threads or open files. `make hold`.

A run trains, three visitors watch it, and a fourth opens every page, again and again.
"""

import argparse
import sys
import tempfile
import time
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from pathlib import Path
from threading import Event

from gauges import LINUX, Usage, progress, usage
from served import interrupt, serve
from visitor import SECONDS, VisitError, visit

WATCHERS = 3
WARM_UP = 3  # minutes until caches are full
# How much more of each may be in use at the end than after the warm-up: every visitor may have a script under way.
LIMITS = Usage(rss=60, threads=WATCHERS + 1, files=WATCHERS + 1)


def watch(url: str, run: str, stop: Event) -> int:
    """Watch the run at 2 ticks per second; returns how many ticks were answered."""
    with visit(url) as visitor:
        visitor.open("Train", f"run={run}")
        while not stop.is_set():
            visitor.watch(1.0)
        return visitor.ticks


def tour(url: str, run: str, stop: Event) -> int:
    """Open every page in one tab, again and again; returns how often."""
    with visit(url) as visitor:  # not a new tab each time: Streamlit keeps those that were closed for two minutes
        visitor.open("")
        tours = 0
        while not stop.is_set():
            for page in visitor.pages:
                visitor.open(page, f"run={run}")
            tours += 1
    return tours


def least_in_a_minute(pid: int, visits: list[Future[int]]) -> Usage:
    """The least of each, so that a script that happens to run does not count. Raises what a visitor raised."""
    samples, end = [usage(pid)], time.monotonic() + 60
    while time.monotonic() < end:
        for ended in wait(visits, 1.0, FIRST_EXCEPTION).done:
            ended.result()
        samples.append(usage(pid))
    return Usage(*map(min, zip(*samples, strict=True)))


def growth(first: Usage, last: Usage) -> list[str]:
    """What grew by more than its limit, in words."""
    names = ("MB of memory", "threads", "open files")
    changes = zip(names, first, last, LIMITS, strict=True)
    return [f"{after - before:.0f} more {name}" for name, before, after, limit in changes if after - before > limit]


def main(minutes: int) -> int:
    """Print what the server used in each minute; returns 1 if it grew after the warm-up, or a visitor failed."""
    if not LINUX:
        print("Skipped: this reads /proc, which only Linux has.")
        return 0
    with tempfile.TemporaryDirectory(prefix="ganlab-soak-") as scratch, ExitStack() as stack:
        server = serve(Path(scratch))
        stack.callback(interrupt, server)
        with visit(server.url) as starter:
            run = starter.start_run("8-gaussians")
        pool, stop = stack.enter_context(ThreadPoolExecutor(WATCHERS + 1)), Event()
        stack.callback(stop.set)
        watchers = [pool.submit(watch, server.url, run, stop) for _ in range(WATCHERS)]
        tourist = pool.submit(tour, server.url, run, stop)
        used: list[Usage] = []
        try:
            for minute in range(1, minutes + 1):
                used.append(least_in_a_minute(server.process.pid, [*watchers, tourist]))
                rss, threads, files = used[-1]
                print(f"minute {minute}: {rss:.0f} MB, {threads} threads, {files} open files", flush=True)
            stop.set()
            ticks, tours = sum(watcher.result(SECONDS) for watcher in watchers), tourist.result(SECONDS)
        except VisitError as error:
            print(f"A visitor failed: {error}")
            return 1
        steps, _ = progress(server.runs / run)
        print(f"{steps:,} steps, {ticks:,} ticks answered, every page opened {tours} times")
        grown = growth(used[min(WARM_UP, minutes - 1) - 1], used[-1])
        print(f"It grew: {', '.join(grown)}" if grown else "Memory, threads and open files did not grow.")
    return int(bool(grown))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("minutes", type=int, nargs="?", default=15, help="at least 2")
    options = parser.parse_args()
    if options.minutes < 2:
        parser.error("give at least 2 minutes")
    sys.exit(main(options.minutes))
