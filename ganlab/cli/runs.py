"""The runs on disk, for the command line: `runs list`, `show`, `export` and `delete`."""

import argparse
import sys
from pathlib import Path

from ganlab.runs.disk import library
from ganlab.runs.history import METRICS
from ganlab.runs.saved_run import SavedRun
from ganlab.settings import as_text


def add_to(commands: argparse._SubParsersAction) -> None:
    """Add `runs` and its own commands."""
    runs = commands.add_parser("runs", help="the runs on disk", description=__doc__)
    whats = runs.add_subparsers(dest="what", required=True)
    whats.add_parser("list", help="all of them, newest first")
    named = {
        "show": whats.add_parser("show", help="settings, files and last metrics of one"),
        "export": whats.add_parser("export", help="everything of one as a ZIP"),
        "delete": whats.add_parser("delete", help="delete one and everything in its folder"),
    }
    for parser in named.values():
        parser.add_argument("run_id", metavar="ID")
    named["export"].add_argument("--out", type=Path, required=True, metavar="FILE.zip", help="the file to write")
    named["delete"].add_argument("--yes", action="store_true", help="do not ask")


def run(options: argparse.Namespace) -> int:
    """Run one of the commands; ValueError or OSError, in one sentence, if it can't be done."""
    if options.what == "list":
        return _list()
    path = folder_of(options.run_id)
    return {"show": _show, "export": _export, "delete": _delete}[options.what](path, options)


def folder_of(named: str) -> Path:
    """The folder of a run, by its ID or its path. Raises FileNotFoundError, in one sentence, if there is none."""
    path = library.runs_root() / named if library.RUN_ID.fullmatch(named) else Path(named)
    if not (path / "config.json").is_file():
        raise FileNotFoundError(f"There is no run {named}.")
    return path


def _list() -> int:
    print(f"{'id':<21}{'data':<15}{'status':<13}{'step':>19}{'size':>11}  made")
    for path in library.run_paths():
        try:
            seen = SavedRun(path).summary
        except ValueError as error:
            print(error, file=sys.stderr)
            continue
        steps = f"{seen.step:,}/{seen.config.steps:,}"
        size = f"{library.size(path) / 1e6:,.1f} MB"
        when = f"{made:%Y-%m-%d %H:%M}" if (made := library.made_at(path.name)) else "at no time that there is"
        print(f"{path.name:<21}{seen.config.dataset:<15}{seen.status:<13}{steps:>19}{size:>11}  {when}")
    return 0


def _show(path: Path, _: argparse.Namespace) -> int:
    seen = SavedRun(path).latest
    print(f"{path}: {seen.status}, step {seen.step:,} of {seen.config.steps:,}, {seen.seconds:,.1f} s of training")
    for sentence in filter(None, (seen.error, seen.message, seen.warning)):
        print(sentence)
    print("\nsettings in force")
    for field, value in vars(seen.config).items():
        print(f"  {field:<14}{as_text(value)}")
    print("\nlast metrics")
    for column in METRICS if len(seen.history) else ():
        print(f"  {column:<16}{seen.history[column][-1]:g}")
    print("\nfiles")
    for file in sorted(path.iterdir()):
        size = library.size(file) if file.is_dir() else file.stat().st_size
        print(f"  {file.name:<24}{size:>13,} bytes")
    return 0


def _export(path: Path, options: argparse.Namespace) -> int:
    library.export(path, options.out)
    return 0


def _delete(path: Path, options: argparse.Namespace) -> int:
    if not library.RUN_ID.fullmatch(path.name):
        raise ValueError(f"{path} is a folder of your own: delete it yourself.")
    if not options.yes:
        if not sys.stdin.isatty():
            raise ValueError(f"Nothing was deleted: say --yes to delete {path.name}.")
        if (
            input(f"Delete {path} and everything in it, {library.size(path) / 1e6:.1f} MB? [y/N] ").strip().lower()
            != "y"
        ):
            return 0
    library.delete(path)
    return 0
