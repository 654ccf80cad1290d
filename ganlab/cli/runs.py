"""`ganlab runs`: the runs on disk."""

import argparse
import math
import sys
from pathlib import Path

from ganlab.runs.disk import contents, library
from ganlab.runs.disk.damage import is_file
from ganlab.runs.history import METRICS
from ganlab.runs.saved_run import SavedRun
from ganlab.settings import applying, as_text


def add_options(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    actions.add_parser("list", help="list all runs, newest first")
    show = actions.add_parser("show", help="print a run's settings, files and last metrics")
    export = actions.add_parser("export", help="write everything in a run's folder into a ZIP")
    delete = actions.add_parser("delete", help="delete a run and its files")
    rename = actions.add_parser("rename", help="give a run a name; an empty one removes it")
    for action in (show, export, delete, rename):
        action.add_argument("run_id", metavar="ID")
    rename.add_argument("name", metavar="NAME")
    export.add_argument("--out", type=Path, required=True, metavar="FILE.zip", help="the file to write")
    delete.add_argument("--yes", action="store_true", help="don't ask first")


def run(options: argparse.Namespace) -> int:
    """Run one of the actions and return 0. Raises ValueError or OSError, in one sentence."""
    match options.action:
        case "list":
            _list()
        case "show":
            _show(folder_of(options.run_id))
        case "export":
            library.export(folder_of(options.run_id), in_a_folder(options.out))
        case "delete":
            _delete(folder_of(options.run_id), options.yes)
        case "rename":
            contents.rename(folder_of(options.run_id), options.name)
    return 0


def folder_of(run: str) -> Path:
    """The folder of a run, given its ID or its path. Raises FileNotFoundError, in one sentence, if there is no run."""
    path = library.runs_root() / run
    if not (library.RUN_ID.fullmatch(run) and is_file(path / "config.json")):
        path = Path(run)
    if not is_file(path / "config.json"):
        raise FileNotFoundError(f"There is no run {run}: `ganlab runs list` shows those in {library.runs_root()}.")
    return path


def in_a_folder(file: Path) -> Path:
    """The same path, of a file to write. Raises FileNotFoundError, in one sentence, if its folder is missing."""
    if not file.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {file.parent}: create it, or choose another --out.")
    return file


def _list() -> None:
    if problem := library.problem():
        raise ValueError(problem)
    print(f"{'id':<21}{'data':<15}{'status':<13}{'step':>19}{'size':>11}  {'made':<18}name")
    for path in library.run_paths():
        run = SavedRun(path)
        try:
            summary = run.summary
        except ValueError as error:
            print(error, file=sys.stderr)
            continue
        known = "steps" not in summary.config.unknown
        steps = f"{summary.steps_made:,}/{summary.config.steps:,}" if known else f"{summary.step:,}"
        size = f"{library.size(path) / 1e6:,.1f} MB"
        date = f"{made:%Y-%m-%d %H:%M}" if (made := library.made_at(path.name)) else "unknown date"
        row = f"{summary.config.dataset:<15}{summary.status:<13}{steps:>19}{size:>11}  {date:<18}{run.name}"
        print(f"{path.name:<21}{row}")


def _show(path: Path) -> None:
    run = SavedRun(path)
    last = run.latest
    print(run.name)
    of_all = "" if "steps" in last.config.unknown else f" of {last.config.steps:,}"
    print(f"{path}: {last.status}, step {last.steps_made:,}{of_all}, {last.seconds:,.1f} s of training")
    for sentence in filter(None, (last.error, last.message, last.warning)):
        print(sentence)
    print("\nsettings, with every change")
    for field, value in applying(last.config).items():
        print(f"  {field:<14}{as_text(value)}")
    print("\nlast metrics")
    for column in METRICS if len(last.history) else ():
        if not math.isnan(value := last.history[column][-1]):
            print(f"  {column:<16}{value:g}")
    print("\nfiles")
    for file in sorted(path.iterdir()):
        size = library.size(file) if file.is_dir() and not file.is_symlink() else file.lstat().st_size
        print(f"  {file.name:<24}{size:>13,} bytes")


def _delete(path: Path, sure: bool) -> None:
    root = library.runs_root()
    if not library.RUN_ID.fullmatch(path.name) or path.parent.resolve() != root.resolve():
        raise ValueError(f"{path} is not in {root}, where ganlab deletes runs: delete it yourself.")
    if not sure:
        if not sys.stdin.isatty():
            raise ValueError(f"Nothing was deleted: add --yes to delete {path.name}.")
        size = library.size(path) / 1e6
        if input(f"Delete {path} and its files, {size:.1f} MB? [y/N] ").strip().lower() != "y":
            return
    if left := library.delete(path):
        print(left)
