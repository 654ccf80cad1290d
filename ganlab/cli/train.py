"""`ganlab train`."""

import argparse
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from tqdm import tqdm

from ganlab import settings, tensorfile
from ganlab.cli.runs import folder_of
from ganlab.config import PRESETS, TrainConfig, changed, preset
from ganlab.data import own_images, own_points
from ganlab.data.download import data_root
from ganlab.measure import instruments
from ganlab.runs.disk import contents
from ganlab.runs.disk.folder import RunFolder
from ganlab.runs.snapshot import Status
from ganlab.runs.training_run import TrainingRun

SETTINGS = tuple(settings.fields(TrainConfig))
"""The names of all settings: each is an option."""
EPILOG = (
    "Ctrl-C or SIGTERM stops the run after its step and saves everything; --resume continues it. Exit status: 0 if the "
    "run finished, 1 if it failed, 2 for options that can't be used, 130 or 143 if Ctrl-C or SIGTERM stopped it."
)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of `ganlab train`: every setting of a run is one."""
    parser.epilog = EPILOG
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument("--out", type=Path, metavar="FOLDER", help="the folder to write; it must not hold a run yet")
    place.add_argument("--resume", metavar="ID_OR_FOLDER", help="continue a run; the only setting it takes is --steps")
    parser.add_argument("--preset", choices=PRESETS, help="start from these settings (default: the dataset's preset)")
    parser.add_argument("--config", type=Path, metavar="FILE", help="start from the settings in this config.json")
    names = sorted(instruments.INSTRUMENTS)
    help_text = f"measure between steps, into instruments.csv: {', '.join(names)} (no names: all)"
    parser.add_argument("--instruments", nargs="*", choices=names, metavar="NAME", help=help_text)
    group = parser.add_argument_group("settings")
    samples = group.add_mutually_exclusive_group()
    for name, field in settings.fields(TrainConfig).items():
        flag, help_text = f"--{name.replace('_', '-')}", settings.help_of(TrainConfig, name).replace("%", "%%")
        if name == "clip_range":
            group.add_argument(flag, "--clip", nargs=2, type=float, metavar=("LOW", "HIGH"), help=help_text)
        elif name == "images":
            samples.add_argument(flag, metavar="ZIP_OR_FOLDER", help="Your images, or kept ones by their name.")
        elif name == "points":
            samples.add_argument(flag, metavar="CSV", help="Your 2-D points, or kept ones by their name.")
        else:
            choices = settings.choices(TrainConfig, name) or None
            group.add_argument(flag, type=field.type, choices=choices, help=help_text)


def run(options: argparse.Namespace) -> int:
    """Train with a progress bar and return the exit status.

    0 if the run finished, 1 if it failed, and 128 plus the signal's number, as shells report it, if a signal stopped
    it. Raises ValueError or OSError, in one sentence, if it can't start.
    """
    config = contents.config_of(folder_of(options.resume)) if options.resume else config_of(options)
    which = instruments_of(options, config)
    folder = resumed(options) if options.resume else RunFolder(options.out, config)
    run = TrainingRun(folder, instruments=which)
    with stopped_by_signals(run) as signals:
        run.start()
        with tqdm(total=folder.config.steps, initial=run.latest.step, unit="step", dynamic_ncols=True) as bar:
            ended = False
            while not ended:
                ended = run.join(0.2)
                bar.set_postfix_str(run.latest.message or f"critic estimate {estimate(run):.4f}", refresh=False)
                bar.update(run.latest.step - bar.n)
    last = run.latest
    if options.instruments is not None:
        look = f"the last look at step {last.reading.step:,}" if last.reading else "and never looked"
        print(f"instruments took {100 * last.instruments_share:.1f} % of the CPU time, {look}")
    if last.warning:
        print(last.warning, file=sys.stderr)
    if last.status is Status.FAILED:
        print(f"{last.error} {last.message}", file=sys.stderr)
        return 1
    if last.status is Status.STOPPED:
        print(f"Stopped at step {last.step:,}. Continue with: ganlab train --resume {run.path}", file=sys.stderr)
        return 128 + signals[0]
    return 0


@contextmanager
def stopped_by_signals(run: TrainingRun) -> Iterator[list[int]]:
    """Have Ctrl-C and SIGTERM stop the run, however often they come. Yields the signals received so far.

    The handler raises nothing: before Python 3.13, a KeyboardInterrupt in Thread.join makes a living thread look dead.
    """
    received: list[int] = []

    def stop(number: int, _: FrameType | None) -> None:
        received.append(number)
        run.stop()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def config_of(options: argparse.Namespace) -> TrainConfig:
    """The settings of the file or preset, changed by the options given. Raises ValueError."""
    values = {name: value for name in SETTINGS if (value := getattr(options, name)) is not None}
    if options.images:
        values = {"dataset": "images"} | values | {"images": kept_images(options.images)}
    if options.points:
        values = {"dataset": "drawn"} | values | {"points": kept_points(options.points)}
    base = options.config and settings_in(options.config)
    return changed(base or preset(options.preset or values.get("dataset", "digits")), values)


def settings_in(file: Path) -> TrainConfig:
    """The settings in a JSON file. Raises ValueError, naming the file, if they can't be read."""
    try:
        return TrainConfig.from_dict(tensorfile.parsed(file.read_text(encoding="utf-8", errors="replace")))
    except OSError as error:
        raise ValueError(f"{file} can't be read: {error.strerror}.") from None
    except ValueError as error:
        raise ValueError(f"{file} does not hold a run's settings: {str(error).rstrip('.')}.") from None


def existing(source: str) -> Path | None:
    """The path; None for the name of data that were kept before. Raises ValueError if it is neither."""
    path = Path(source)
    if path.exists():
        return path
    if re.fullmatch("[0-9a-f]{16}", source):
        return None
    raise ValueError(f"There is no file or folder {source}: check its name.")


def kept_images(source: str) -> str:
    """The name of the images in a ZIP or folder, copied into the cache folder; the name of kept ones is returned."""
    path, cache = existing(source), data_root() / "images"
    if path is None:
        return source
    return own_images.keep_folder(path, cache) if path.is_dir() else own_images.keep(path, cache)


def kept_points(source: str) -> str:
    """The name of the points in a CSV, copied into the cache folder; the name of kept ones is returned."""
    path = existing(source)
    if path is None:
        return source
    with path.open("rb") as file:
        points, message = own_points.read_csv(file.read(own_points.LIMIT_BYTES + 1), path.name)
    if message:
        print(message, file=sys.stderr)
    return own_points.keep(points, data_root() / "points")


def instruments_of(options: argparse.Namespace, config: TrainConfig) -> frozenset[str]:
    """The instruments to use: those named, all that apply if no names are given, and none without the option.

    Raises ValueError for one that does not apply to the data.
    """
    if options.instruments is None:
        return frozenset()
    names, available = frozenset(options.instruments), instruments.available(config.kind)
    if unavailable := sorted(names - available):
        raise ValueError(f"--instruments: {', '.join(unavailable)} can't be measured on {config.kind}s; leave it out.")
    return names or available


def resumed(options: argparse.Namespace) -> RunFolder:
    """The folder of the run to continue. Raises ValueError for any setting but steps."""
    fixed = [*(name for name in SETTINGS if name != "steps"), "preset", "config"]
    if given := [name for name in fixed if getattr(options, name) is not None]:
        raise ValueError(f"--resume continues with the run's own settings: leave out {', '.join(given)}.")
    return RunFolder.reopen(folder_of(options.resume), options.steps)


def estimate(run: TrainingRun) -> float:
    """The newest critic estimate; 0 before the first step."""
    history = run.latest.history
    return history["critic_estimate"][-1] if len(history) else 0.0
