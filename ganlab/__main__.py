"""The same work without a browser: `python -m ganlab train`, `sample` and `runs`."""

import argparse
import dataclasses
import json
import re
import sys
from pathlib import Path
from typing import NoReturn

from torch import nn
from tqdm import tqdm

from ganlab import archives, catalogue, images, instruments, networkfiles, pointfiles, sampling, store
from ganlab.config import CHOICES, PRESETS, TrainConfig, changed, preset
from ganlab.fetching import data_root
from ganlab.instruments import INSTRUMENTS
from ganlab.runfolder import RunFolder
from ganlab.runs import TrainingRun, set_up_torch
from ganlab.snapshot import Status


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
            train.add_argument(*flags, type=field.type, choices=CHOICES.get(field.name))
    sample = commands.add_parser("sample", help="sample from a trained run", description="Sample from a run.")
    sample.add_argument("run", metavar="ID_OR_FOLDER", help="a run; of an interrupted one, its last checkpoint")
    sample.add_argument("--n", type=int, default=64, help="how many samples")
    sample.add_argument("--seed", type=int, default=0, help="starts the latents")
    sample.add_argument("--out", type=Path, required=True, help="the .npz file to write")
    catalogue.add_to(commands)
    return main


def config_of(options: argparse.Namespace) -> TrainConfig:
    """The file or preset, with every option given on the command line over it. Raises ValueError."""
    given = {f.name: getattr(options, f.name) for f in dataclasses.fields(TrainConfig)}
    given = {name: value for name, value in given.items() if value is not None}
    if options.images:
        given = {"dataset": "images"} | given | {"images": kept_images(options.images)}
    if options.points:
        given = {"dataset": "drawn"} | given | {"points": kept_points(options.points)}
    if options.config:
        base = TrainConfig.from_dict(json.loads(options.config.read_text()))
    else:
        base = preset(options.preset or given.get("dataset", "digits"))
    return changed(base, given)


def kept_images(wanted: str) -> str:
    """The name of the images in a ZIP or folder, copied into the cache folder; a name of kept ones as it is."""
    path, cache = Path(wanted), data_root() / "images"
    if path.is_dir():
        return archives.keep_folder(path, cache)
    return archives.keep(path, cache) if path.exists() else wanted


def kept_points(wanted: str) -> str:
    """The name of the points in a CSV, copied into the cache folder; a name of kept ones as it is."""
    path = Path(wanted)
    if not path.exists() and re.fullmatch("[0-9a-f]{16}", wanted):
        return wanted
    with path.open("rb") as file:
        points, told = pointfiles.read_csv(file.read(pointfiles.LIMIT_BYTES + 1), path.name)
    if told:
        print(told, file=sys.stderr)
    return pointfiles.keep(points, data_root() / "points")


def train(options: argparse.Namespace) -> int:
    """Train with a progress bar; Ctrl-C stops the run after its step. 0, or 1 if the run failed."""
    config = store.config_of(catalogue.folder_of(options.resume)) if options.resume else config_of(options)
    which = instruments_of(options, config)
    folder = resumed(options) if options.resume else RunFolder(options.out, config)
    config = folder.config
    run = TrainingRun(config, folder, instruments=which).start()
    with tqdm(total=config.steps, initial=run.latest.step, unit="step", dynamic_ncols=True) as bar:
        ended = False
        while not ended:
            try:
                ended = run.join(0.2)
                bar.set_postfix_str(run.latest.message or f"critic estimate {estimate(run):.4f}", refresh=False)
                bar.update(run.latest.step - bar.n)
            except KeyboardInterrupt:
                run.stop()
    if options.instruments is not None:
        last = f", the last look at step {run.latest.reading.step:,}" if run.latest.reading else ", and never looked"
        print(f"instruments took {100 * run.latest.instruments_share:.1f} % of the CPU time{last}")
    if run.latest.warning:
        print(run.latest.warning, file=sys.stderr)
    if run.latest.status is Status.FAILED:
        print(f"{run.latest.error} {run.latest.message}", file=sys.stderr)
        return 1
    return 0


def instruments_of(options: argparse.Namespace, config: TrainConfig) -> frozenset[str]:
    """Those that are to look: none unless asked for, all if no names are given.

    Raises ValueError for one that has no meaning for the data.
    """
    if options.instruments is None:
        return frozenset()
    asked, available = frozenset(options.instruments), instruments.available(config.kind)
    if without := sorted(asked - available):
        raise ValueError(f"--instruments: {', '.join(without)} can't be measured of {config.kind}s.")
    return asked or available


def resumed(options: argparse.Namespace) -> RunFolder:
    """The folder of the run that is to go on. Raises ValueError for any setting but steps."""
    settings = [field.name for field in dataclasses.fields(TrainConfig) if field.name != "steps"]
    if given := [name for name in [*settings, "preset", "config"] if getattr(options, name) is not None]:
        raise ValueError(f"--resume goes on with the run's own settings: leave out {', '.join(given)}.")
    return RunFolder.reopen(catalogue.folder_of(options.resume), options.steps)


def estimate(run: TrainingRun) -> float:
    """The newest critic estimate; 0 before the first step."""
    history = run.latest.history
    return history["critic_estimate"][-1] if len(history) else 0.0


def sample(options: argparse.Namespace) -> int:
    """Write `latents` [n, latent_dim] and `samples` [n, c, h, w] or [n, 2], float32, into an .npz file."""
    if options.n < 1:
        raise ValueError(f"--n must be at least 1, not {options.n}.")
    if not 0 <= options.seed < 2**63:
        raise ValueError(f"--seed must be from 0 to 2^63 - 1, not {options.seed}.")
    generator, config, _ = newest_generator(catalogue.folder_of(options.run))
    set_up_torch(config.threads)
    latents = sampling.latents(options.n, config.latent_dim, options.seed)
    samples = sampling.generate(generator, latents)
    options.out.write_bytes(images.npz(latents.numpy(), samples.numpy()))
    return 0


def newest_generator(path: Path) -> tuple[nn.Module, TrainConfig, int]:
    """The generator of a run at its end, or of one without an end at its last checkpoint. Raises ValueError."""
    file, checkpoints = path / "generator.safetensors", store.checkpoints(path)
    if file.exists() and store.ended(path):
        return networkfiles.read_generator(file)
    if not checkpoints:
        raise ValueError(f"Run {path.name} has no generator yet.")
    return store.generator_at(checkpoints[-1].path)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; 2 and one line for options that can't be used."""
    options = parser().parse_args(arguments)
    try:
        return {"train": train, "sample": sample, "runs": catalogue.run}[options.command](options)
    except (ValueError, OSError) as error:
        print(f"ganlab: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
