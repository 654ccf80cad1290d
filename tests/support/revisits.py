"""Whether 200 visits of each page leave memory behind. `make hold`."""

import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from gauges import LINUX, usage
from served import interrupt, serve
from visitor import VisitError, visit

VISITS, WARM_UP = 200, 20
EVERY = 10  # visits between two measurements; the least of five is compared with the least of five later ones
MOST = 20  # MB that may be left behind


def grown(url: str, pid: int, page: str, query: str) -> float:
    """By how many MB the server's memory grew over the visits of a page, each in the same tab."""
    with visit(url) as visitor:
        visitor.open("")
        for _ in range(WARM_UP):
            visitor.open(page, query)
        used = []
        for i in range(VISITS):
            visitor.open(page, query)
            if i % EVERY == 0:
                used.append(usage(pid).rss)
    return min(used[-5:]) - min(used[:5])


def main() -> int:
    """Print what each page left behind; returns 1 if it is too much, or a visitor failed."""
    if not LINUX:
        print("Skipped: this reads /proc, which only Linux has.")
        return 0
    with tempfile.TemporaryDirectory(prefix="ganlab-revisits-") as scratch, ExitStack() as stack:
        server = serve(Path(scratch))
        stack.callback(interrupt, server)
        try:
            with visit(server.url) as starter:
                query = f"run={starter.start_run()}"
                starter.click("Pause")
                starter.open("")
                pages = starter.pages
            megabytes = {page or "Home": grown(server.url, server.process.pid, page, query) for page in pages}
        except VisitError as error:
            print(f"A visitor failed: {error}")
            return 1
    for page, more in megabytes.items():
        print(f"{VISITS} visits of {page}: {more:+.1f} MB")
    return int(max(megabytes.values()) > MOST)


if __name__ == "__main__":
    sys.exit(main())
