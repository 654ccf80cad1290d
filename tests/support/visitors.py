"""What visitors cost a run: its steps per second and the server's CPU time with 0, 1, 2 ... of them. `make hold`.

Fails if a visitor meets an exception, a closed connection or a message that a browser could not read.
"""

import argparse
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Event
from typing import NamedTuple

from gauges import cpu_seconds, progress
from served import Server, interrupt, key_of, serve
from visitor import VisitError, Visitor, visit

RATE, GUESTS_RATE = 2.0, 0.5  # ticks that each visitor requests per second: its owner, and guests
WARM_UP = 5  # seconds: a run's first steps are slower
TRAINS = 0.02  # a thread that is busy for this share of the time while nobody watches trains the run


class Counts(NamedTuple):
    """What only grows."""

    seconds: float
    step: int
    training_seconds: float
    messages: int
    bytes: int
    ticks: int
    cpu: dict[str, float]  # seconds, of the process and of each thread; empty where they are unknown

    def since(self, before: "Counts") -> "Counts":
        """What was added since then."""
        return Counts(
            self.seconds - before.seconds,
            self.step - before.step,
            self.training_seconds - before.training_seconds,
            self.messages - before.messages,
            self.bytes - before.bytes,
            self.ticks - before.ticks,
            {name: after - before.cpu.get(name, 0.0) for name, after in self.cpu.items()},
        )

    @property
    def speed(self) -> float:
        """Steps per second."""
        return self.step / self.training_seconds if self.step else 0.0


def counts(server: Server, run: str, visitors: list[Visitor]) -> Counts:
    step, training_seconds = progress(server.runs / run)
    return Counts(
        seconds=time.monotonic(),
        step=step,
        training_seconds=training_seconds,
        messages=sum(visitor.messages for visitor in visitors),
        bytes=sum(visitor.bytes for visitor in visitors),
        ticks=sum(visitor.ticks for visitor in visitors),
        cpu=cpu_seconds(server.process.pid),
    )


def watched(server: Server, run: str, count: int, seconds: float, rate: float) -> Counts:
    """What happens while `count` visitors watch the run for these seconds."""
    with ExitStack() as stack, ThreadPoolExecutor(count + 1) as pool:
        visitors = [stack.enter_context(visit(server.url)) for _ in range(count)]
        list(pool.map(lambda visitor: visitor.open("Train", f"run={run}"), visitors))
        before = counts(server, run, visitors)
        watching = [pool.submit(visitor.watch, seconds, rate) for visitor in visitors]
        Event().wait(seconds)
        for each in watching:
            each.result()
        return counts(server, run, visitors).since(before)


def line(count: int, window: Counts, alone: Counts) -> str:
    """One row of the table; `alone` is the window without visitors."""
    cells = [f"{count}", f"{window.speed:.1f}", f"{window.speed / alone.speed:.0%}"]
    if count:
        # Not the sum of the other threads: Streamlit starts new ones all the time, and they end.
        training = [name for name, cpu in alone.cpu.items() if name != "process" and cpu > TRAINS * alone.seconds]
        beside = window.cpu.get("process", 0.0) - sum(window.cpu.get(name, 0.0) for name in training)
        cells.append(f"{1000 * beside / window.seconds / count:.0f}" if window.cpu else "-")
        cells.append(f"{window.ticks / window.seconds / count:.2f}")
        cells += [f"{total / window.ticks:,.0f}" if window.ticks else "-" for total in (window.messages, window.bytes)]
    return "".join(map(str.rjust, cells, WIDTHS))


TITLES = ("visitors", "steps/s", "of alone", "CPU ms/s each", "ticks/s each", "messages/tick", "bytes/tick")
WIDTHS = [len(title) + 2 for title in TITLES]


def main(seconds: float, numbers: list[int], guests: bool) -> int:
    """Print one line per number of visitors; returns 1 if a visitor failed."""
    rate = GUESTS_RATE if guests else RATE
    with tempfile.TemporaryDirectory(prefix="ganlab-visitors-") as scratch, ExitStack() as stack:
        server = serve(Path(scratch), *(["--guests"] if guests else []))
        stack.callback(interrupt, server)
        try:
            with visit(server.url) as starter:
                run = starter.start_run("8-gaussians", key_of(server))
                starter.watch(WARM_UP)
            alone = watched(server, run, 0, seconds, rate)
            print("".join(map(str.rjust, TITLES, WIDTHS)))
            print(line(0, alone, alone), flush=True)
            for count in numbers:
                print(line(count, watched(server, run, count, seconds, rate), alone), flush=True)
        except VisitError as error:
            print(f"A visitor failed: {error}")
            return 1
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=15, help="how long each number of visitors watches")
    parser.add_argument("--counts", type=int, nargs="+", default=[1, 2, 5, 10, 20], help="numbers of visitors")
    parser.add_argument("--guests", action="store_true", help="they are guests: they watch every 2 s")
    options = parser.parse_args()
    sys.exit(main(options.seconds, options.counts, options.guests))
