"""`ganlab export`: runs as another program reads them."""

import argparse
from pathlib import Path

from ganlab.cli.runs import folder_of
from ganlab.runs.disk import event_files


def add_options(parser: argparse.ArgumentParser) -> None:
    runs_help = "write these runs, IDs or folders, as TensorBoard's event files, with their histograms' exact bins"
    parser.add_argument("--tensorboard", nargs="+", required=True, metavar="RUN", help=runs_help)
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="where each run gets a folder")


def run(options: argparse.Namespace) -> int:
    """Write a folder for each run and return 0. Raises ValueError or OSError, in one sentence."""
    paths = {options.out / path.name: path for path in map(folder_of, options.tensorboard)}
    for folder in paths:
        if folder.exists():
            raise ValueError(f"{folder} exists: choose another --out, or remove it first.")
    for folder, path in paths.items():
        event_files.write(path, folder)
    print(f"Look at them with: tensorboard --logdir {options.out}")
    return 0
