"""Kill one of two Dask workers in the middle of a sweep, and check what the sweep leaves. `make hold`. Linux only.

Every run must have one row, and equal the same run trained alone, bit for bit; and no process may be left.
"""

import os
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from stubs import wait_until
from sweep_kills import MARK, endings, processes, same_alone

from ganlab.runs.sweep import Sweep

RUNS = "--dataset 8-gaussians --width 16 --depth 1 --batch-size 16 --c 0.01:1:log3 --seeds 2 --steps 300".split()
COUNT = 6
PATIENCE = 600  # seconds, on a busy machine


def main() -> int:
    mark, problems, began = secrets.token_hex(8), list[str](), time.monotonic()
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        log = stack.enter_context(Path(scratch, "log").open("ab"))

        def start(module: str, *arguments: str) -> subprocess.Popen:
            command, environment = [sys.executable, "-m", module, *arguments], os.environ | {MARK: mark}
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
            stack.callback(process.kill)
            return process

        start("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard")
        worker = (address, "--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", scratch)
        victim, _ = (start("distributed.cli.dask_worker", *worker) for _ in range(2))
        folder = Path(scratch, "sweep")
        wait_until(lambda: Path(scratch, "log").read_text().count("Registered to") == 2, PATIENCE)
        sweep = start("ganlab", "sweep", *RUNS, "--out", str(folder), "--dask", address)
        wait_until(lambda: sweep.poll() is not None or len(list(folder.glob("*/ended.json"))) >= 2, PATIENCE)
        if sweep.poll() is not None:
            problems.append("the sweep had ended before the kill")
        victim.send_signal(signal.SIGKILL)
        if over := sweep.wait(PATIENCE):
            print(f"The sweep ended with {over}: {Path(scratch, 'log').read_text()[-2000:]}")
            return 1
        names = [row.split(",")[0] for row in (folder / "sweep.csv").read_text().splitlines()[1:]]
        runs = Sweep(folder)
        if sorted(names) != sorted(runs.runs) or len(names) != COUNT:
            problems.append(f"rows are missing or twice: {names}")
        problems += [f"{name} has not finished" for name in names if name not in endings(folder)]
        problems += [f"{name} differs from the same run alone" for name in names if not same_alone(folder, runs, name)]
    try:
        wait_until(lambda: not processes(mark), 30)
    except AssertionError:
        problems.append(f"left running: {processes(mark)}")
    for problem in problems:
        print(problem)
    print(f"one of two Dask workers killed; {COUNT} runs, each once and equal to itself alone: {not problems}")
    print(f"{time.monotonic() - began:.0f} s")
    return int(bool(problems))


if __name__ == "__main__":
    if not Path("/proc").is_dir():
        print("Skipped: processes are found in /proc, which this computer lacks.")
        sys.exit(0)
    sys.exit(main())
