"""Train small WGANs and watch what weight clipping does to the critic. Without a command, this opens the app."""

import argparse
import difflib
import importlib
import os
import re
import sys
from pathlib import Path
from typing import Any, NoReturn

from ganlab.formatting import in_words
from ganlab.runs.disk.root import runs_root

COMMANDS = {
    "train": "train a run without a browser",
    "sweep": "train many runs that differ in some settings",
    "sample": "sample from a trained run",
    "runs": "list, show, export, rename or delete runs",
    "export": "write runs for TensorBoard",
}
"""Each is a module beside this one, with `add_options(parser)` and `run(options)`."""


class Parser(argparse.ArgumentParser):
    """argparse, with bad options answered in one line and negative numbers accepted in any notation."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)
        # By default -1e-3 is taken for an option; there is no public setting for this.
        self._negative_number_matcher = re.compile(r"^-(\d|\.\d|inf|nan)")

    def error(self, message: str) -> NoReturn:
        if match := re.search(r"invalid choice: '(.*)' \(choose from (.*)\)$", message):
            near = difflib.get_close_matches(match[1], re.findall(r"[\w-]+", match[2]), n=1)
            message += f": did you mean {near[0]}?" if near else ""
        print(f"{self.prog}: {message}", file=sys.stderr)
        sys.exit(2)


def parse(arguments: list[str]) -> argparse.Namespace:
    """The options of a command line. Exits with 2, after one line, if they can't be used."""
    main = Parser(prog="ganlab", description=__doc__)
    runs_help = "keep runs in this folder (default: $GANLAB_RUNS, here %(default)s)"
    main.add_argument("--runs", type=Path, metavar="FOLDER", default=runs_root(), help=runs_help)
    main.add_argument("--port", type=int, help="serve the app on this port (default: 8501)")
    address_help = "listen on this address (default: 127.0.0.1); any but this computer's own needs --guests"
    main.add_argument("--address", help=address_help)
    guests_help = "let others watch: only those who open the link that it prints can start and change runs"
    main.add_argument("--guests", action="store_true", help=guests_help)
    host_help = "also answer to this host name, such as a proxy's, with --guests; can be repeated"
    main.add_argument("--allow-host", action="append", metavar="NAME", default=[], help=host_help)
    main.add_argument("--no-browser", action="store_true", help="serve the app without opening a browser")
    commands = main.add_subparsers(dest="command", metavar="COMMAND")
    for name, summary in COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
        if name in arguments:  # only then: a command's module loads torch, which takes seconds
            importlib.import_module(f"ganlab.cli.{name}").add_options(command)
    options = main.parse_args(arguments)
    serving = {"--port": options.port is not None, "--address": options.address, "--guests": options.guests}
    serving |= {"--allow-host": options.allow_host, "--no-browser": options.no_browser}
    given = [name for name, present in serving.items() if present]
    if options.command and given:
        main.error(f"{' and '.join(given)} can't be used with `ganlab {options.command}`: it serves no app.")
    if options.runs.exists() and not options.runs.is_dir():
        main.error(f"{options.runs} is not a folder: choose one with --runs or $GANLAB_RUNS.")
    return options


def main(arguments: list[str] | None = None) -> int:
    """Run one command, or the app without one, and return its exit status.

    2, after one line, for options that can't be used; 130 for a Ctrl-C that the command left to Python.
    """
    try:
        options = parse(sys.argv[1:] if arguments is None else arguments)
        os.environ["GANLAB_RUNS"] = str(options.runs)
        return importlib.import_module(f"ganlab.cli.{options.command or 'serve'}").run(options)
    except (ValueError, OSError) as error:
        print(f"ganlab: {in_words(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
