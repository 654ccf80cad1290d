"""`ganlab` without a command: serves the app."""

import argparse
import os
import socket
import sys
from pathlib import Path

from streamlit.web import cli

from ganlab.runs.disk.root import checkout, runs_root

PORT = 8501  # as Streamlit's
# In an installed package it lies inside `ganlab/`, beside its pages and its .streamlit/config.toml.
APP = (checkout() or Path(__file__).parents[1] / "app") / "app.py"


def run(options: argparse.Namespace) -> int:
    """Serve the app on 127.0.0.1 until Ctrl-C or SIGTERM: these stop all runs, and the process exits with 0.

    Returns 1, after one sentence, if the port is taken. Raises ValueError for an impossible port.
    """
    port = PORT if options.port is None else options.port
    if not 0 < port < 2**16:
        raise ValueError(f"--port must be from 1 to 65535, not {port}.")
    if not is_free(port):
        another = next(filter(is_free, range(PORT, 2**16)))
        print(f"Port {port} is taken: try --port {another}.", file=sys.stderr)
        return 1
    for name in ("GANLAB_RUNS", "GANLAB_DATA"):  # may be relative to the current folder, which changes now
        if folder := os.environ.get(name):
            os.environ[name] = os.path.abspath(folder)
    os.chdir(APP.parent)  # else Streamlit would also read .streamlit/config.toml in the user's current folder
    print(f"ganlab: http://127.0.0.1:{port}\nRuns: {runs_root()}\nCtrl-C stops it, and every run.", flush=True)
    flags = [f"--server.port={port}", "--logger.hideWelcomeMessage=true"]
    if options.no_browser:
        flags.append("--server.headless=true")
    # Not in a child process: SIGTERM would end this one and leave the server behind.
    return cli.main(["run", str(APP), *flags], prog_name="streamlit")


def is_free(port: int) -> bool:
    """Whether the app can listen on this port of 127.0.0.1."""
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True
