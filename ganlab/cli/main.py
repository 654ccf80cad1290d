"""The same work without a browser: `python -m ganlab train`, `sample` and `runs`."""

import argparse
import dataclasses
import re
import sys
from pathlib import Path
from typing import NoReturn

from ganlab import settings
from ganlab.cli import runs
from ganlab.cli.sample import sample
from ganlab.cli.train import train
from ganlab.config import PRESETS, TrainConfig
from ganlab.measure.instruments import INSTRUMENTS


class Parser(argparse.ArgumentParser):
    """argparse, with bad options answered in one line and negative numbers taken in any notation."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, allow_abbrev=False, **kwargs)
        # By default -1e-3 is taken for an option; there is no public setting for this.
        self._negative_number_matcher = re.compile(r"^-(\d|\.\d|inf|nan)")

    def error(self, message: str) -> NoReturn:
        """Print one line and exit with 2."""
        print(f"{self.prog}: {message}", file=sys.stderr)
        sys.exit(2)


def parser() -> Parser:
    """The whole command line."""
    main = Parser(prog="ganlab", description=__doc__)
    commands = main.add_subparsers(dest="command", required=True)
    train = commands.add_parser("train", help="train one run", description="Train one run into a folder.")
    where = train.add_mutually_exclusive_group(required=True)
    where.add_argument("--out", type=Path, help="the folder to write; must not hold a run yet")
    where.add_argument("--resume", metavar="ID_OR_FOLDER", help="go on with a run; takes --steps, and no other setting")
    train.add_argument("--preset", choices=PRESETS, help="settings to start from (default: the dataset's own preset)")
    train.add_argument("--config", type=Path, metavar="FILE", help="a config.json to start from, instead of a preset")
    names = {"nargs": "*", "choices": sorted(INSTRUMENTS), "metavar": "NAME"}
    told = f"look between steps, into instruments.csv: {', '.join(names['choices'])} (no names: all)"
    train.add_argument("--instruments", **names, help=told)
    own = train.add_mutually_exclusive_group()
    for field in dataclasses.fields(TrainConfig):
        flags = [f"--{field.name.replace('_', '-')}"]
        if field.name == "clip_range":
            train.add_argument(*flags, "--clip", nargs=2, type=float, metavar=("LOW", "HIGH"))
        elif field.name == "images":
            own.add_argument(*flags, metavar="ZIP_OR_FOLDER", help="your own images, or the name of kept ones")
        elif field.name == "points":
            own.add_argument(*flags, metavar="CSV", help="your own 2-D points, or the name of kept ones")
        else:
            train.add_argument(*flags, type=field.type, choices=settings.choices(TrainConfig, field.name) or None)
    sample = commands.add_parser("sample", help="sample from a trained run", description="Sample from a run.")
    sample.add_argument("run", metavar="ID_OR_FOLDER", help="a run; of an interrupted one, its last checkpoint")
    sample.add_argument("--n", type=int, default=64, help="how many samples")
    sample.add_argument("--seed", type=int, default=0, help="starts the latents")
    sample.add_argument("--out", type=Path, required=True, help="the .npz file to write")
    runs.add_to(commands)
    return main


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 2 and one line for options that can't be used."""
    options = parser().parse_args(arguments)
    try:
        return {"train": train, "sample": sample, "runs": runs.run}[options.command](options)
    except (ValueError, OSError) as error:
        print(f"ganlab: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
