"""`ganlab` without a command: serves the app."""

import argparse
import os
import re
import secrets
import signal
import socket
import sys
from pathlib import Path

from streamlit.web import cli

from ganlab.runs.disk.root import app, runs_root

PORT = 8501  # as Streamlit's
LOCAL = ("127.0.0.1", "localhost")
EVERY_ADDRESS = "0.0.0.0"
SERVED = Path(__file__).parents[1] / "ui" / "web.py"


def run(options: argparse.Namespace) -> int:
    """Serve the app until Ctrl-C or SIGTERM: these stop all runs, and the process exits with 0.

    Returns 1, after one sentence, if the port is taken. Raises ValueError for an impossible port or address, and for
    one that others can reach without `--guests`.
    """
    port, address = PORT if options.port is None else options.port, options.address or LOCAL[0]
    if not 0 < port < 2**16:
        raise ValueError(f"--port must be from 1 to 65535, not {port}.")
    if (address not in LOCAL or options.allow_host) and not options.guests:
        where = address if address not in LOCAL else options.allow_host[0]
        raise ValueError(f"Anyone who reaches {where} could delete runs: add --guests, so that others only watch.")
    if wrong := [name for name in options.allow_host if not re.fullmatch(r"[\w.*-]+", name)]:
        raise ValueError(f"--allow-host takes a name such as example.org, without https:// or a port, not {wrong[0]}.")
    if not is_free(0, address):
        raise ValueError(f"--address must be an IPv4 address of this computer, or {EVERY_ADDRESS}, not {address}.")
    if not is_free(port, address):
        another = next(other for other in range(PORT, 2**16) if is_free(other, address))
        print(f"Port {port} is taken: try --port {another}.", file=sys.stderr)
        return 1
    for name in ("GANLAB_RUNS", "GANLAB_DATA"):  # may be relative to the current folder, which changes now
        if folder := os.environ.get(name):
            os.environ[name] = os.path.abspath(folder)
    os.chdir(app())  # Streamlit reads .streamlit/config.toml in the current folder
    os.environ["GANLAB_KEY"] = key = secrets.token_urlsafe() if options.guests else ""  # for the pages
    print(f"{_links(port, address, key)}\nRuns: {runs_root()}\nCtrl-C stops the app and every run.", flush=True)
    flags = [f"--server.port={port}", f"--server.address={address}", "--logger.hideWelcomeMessage=true"]
    names = options.allow_host or ([] if address in LOCAL else ["*"])  # without the key, strangers only watch
    if names:  # otherwise this computer's own, as .streamlit/config.toml says
        flags += [f"--server.allowedHosts={name}" for name in (*LOCAL, "::1", address, *names)]
    if options.guests:
        flags.append("--client.showErrorDetails=none")  # a traceback names files of this computer
    if options.no_browser or options.guests:  # Streamlit would open the link without the key
        flags.append("--server.headless=true")
    for number in (signal.SIGINT, signal.SIGTERM):  # the server closes, and then calls what was set before it started
        signal.signal(number, lambda *_: sys.exit(0))
    # Not in a child process: SIGTERM would end this one and leave the server behind.
    return cli.main(["run", str(SERVED), *flags], prog_name="streamlit")


def _links(port: int, address: str, key: str) -> str:
    """Where the app is: for its owner and, if there is a key, for guests."""
    owners = f"http://{LOCAL[0] if address == EVERY_ADDRESS else address}:{port}"
    if not key:
        return f"ganlab: {owners}"
    guests = f"http://ADDRESS:{port}, with this computer's address" if address == EVERY_ADDRESS else owners
    return f"Yours, to start and change runs: {owners}/?key={key}\nFor guests, who watch: {guests}"


def is_free(port: int, address: str = LOCAL[0]) -> bool:
    """Whether the app can listen on this port of this address; any port if it is 0."""
    try:
        socket.create_server((address, port)).close()
    except OSError:
        return False
    return True
