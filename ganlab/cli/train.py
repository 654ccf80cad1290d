"""`ganlab train`."""

import argparse
import dataclasses
import json
import re
import sys
from pathlib import Path

from tqdm import tqdm

from ganlab.cli import runs
from ganlab.config import TrainConfig, changed, preset
from ganlab.data import own_images, own_points
from ganlab.data.download import data_root
from ganlab.measure import instruments
from ganlab.runs.disk import contents
from ganlab.runs.disk.folder import RunFolder
from ganlab.runs.snapshot import Status
from ganlab.runs.training_run import TrainingRun


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
        return own_images.keep_folder(path, cache)
    return own_images.keep(path, cache) if path.exists() else wanted


def kept_points(wanted: str) -> str:
    """The name of the points in a CSV, copied into the cache folder; a name of kept ones as it is."""
    path = Path(wanted)
    if not path.exists() and re.fullmatch("[0-9a-f]{16}", wanted):
        return wanted
    with path.open("rb") as file:
        points, told = own_points.read_csv(file.read(own_points.LIMIT_BYTES + 1), path.name)
    if told:
        print(told, file=sys.stderr)
    return own_points.keep(points, data_root() / "points")


def train(options: argparse.Namespace) -> int:
    """Train with a progress bar; Ctrl-C stops the run after its step. 0, or 1 if the run failed."""
    config = contents.config_of(runs.folder_of(options.resume)) if options.resume else config_of(options)
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
    return RunFolder.reopen(runs.folder_of(options.resume), options.steps)


def estimate(run: TrainingRun) -> float:
    """The newest critic estimate; 0 before the first step."""
    history = run.latest.history
    return history["critic_estimate"][-1] if len(history) else 0.0
