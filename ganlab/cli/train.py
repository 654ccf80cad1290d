"""`ganlab train`."""

import argparse
import re
import signal
import sys
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType

from tqdm import tqdm

from ganlab import settings, tensorfile
from ganlab.cli.runs import folder_of
from ganlab.config import TrainConfig, changed, checked_clip_range
from ganlab.data import own_images, own_names, own_pixels, own_points, point_files
from ganlab.data.decoding import sentences
from ganlab.data.download import data_root
from ganlab.formatting import fixed_percent, os_reason
from ganlab.measure import reading as readings
from ganlab.presets import PRESETS
from ganlab.runs.disk import resume
from ganlab.runs.disk.folder import RunFolder
from ganlab.runs.snapshot import Status
from ganlab.runs.training_run import TrainingRun

OWN_DATA = {
    "images": ("ZIP_OR_FOLDER", "Your images, or the name of kept ones."),
    "points": ("CSV", "Your 2-D points, or the name of kept ones."),
}


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "Ctrl-C or SIGTERM stops the run after its step and saves everything; --resume continues it. Exit status: "
        "0 if the run finished or a page stopped it, 1 if it failed, 2 for options that can't be used, 130 or 143 if "
        "Ctrl-C or SIGTERM stopped it."
    )
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument("--out", type=Path, metavar="FOLDER", help="the folder to write; it must not hold a run yet")
    place.add_argument("--resume", metavar="ID_OR_FOLDER", help="continue a run; the only setting it takes is --steps")
    add_base_options(parser)
    names = sorted(readings.INSTRUMENTS)
    help_text = f"measure between steps, into instruments.csv: {', '.join(names)} (no names: all)"
    parser.add_argument("--instruments", nargs="*", choices=names, metavar="NAME", help=help_text)
    group = parser.add_argument_group("settings")
    samples = group.add_mutually_exclusive_group()
    for name, field in settings.fields(TrainConfig).items():
        rules = settings.rules(TrainConfig, name)
        flag, help_text = f"--{name.replace('_', '-')}", rules.help.replace("%", "%%")
        if name == "clip_range":
            group.add_argument(flag, "--clip", nargs=2, type=float, metavar=("LOW", "HIGH"), help=help_text)
        elif name in OWN_DATA:
            metavar, help_text = OWN_DATA[name]
            samples.add_argument(flag, metavar=metavar, help=help_text)
        else:
            group.add_argument(flag, type=field.type, choices=rules.choices or None, help=help_text)


def add_base_options(parser: argparse.ArgumentParser) -> None:
    """What the settings start from; see `base_of`."""
    parser.add_argument("--preset", choices=PRESETS, help="start from these settings (default: the dataset's preset)")
    parser.add_argument("--config", type=Path, metavar="FILE", help="start from the settings in this config.json")


def base_of(options: argparse.Namespace) -> TrainConfig | None:
    """The settings of the file or preset that is named; None if neither is. Raises ValueError."""
    if options.config:
        return settings_in(options.config)
    return PRESETS[options.preset] if options.preset else None


def run(options: argparse.Namespace) -> int:
    """Train with a progress bar and return the exit status.

    0 if the run finished or a page stopped it, 1 if it failed, and 128 plus the signal's number, as shells report it,
    if a signal stopped it. Raises ValueError or OSError, in one sentence, if it can't start.
    """
    config = resume.resumable(folder_of(options.resume)) if options.resume else config_of(options)
    which = instruments_of(options, config)
    check_own_data(config)
    if config.dataset == "images" and not config.pixels:
        decode_images(config)
    if config.dataset == "drawn":
        own_points.load(config.points, data_root() / "points")  # if they are gone, before there is a folder
    folder = resumed(options) if options.resume else RunFolder(options.out, config)
    run = TrainingRun(folder, instruments=which)
    with stopped_by_signals(partial(run.stop, quickly=True)) as signals:
        run.start()
        with tqdm(total=folder.config.steps, initial=run.latest.step, unit="step", dynamic_ncols=True) as bar:
            ended = False
            while not ended:
                ended = run.join(0.2)
                last = run.latest
                newest = last.history["critic_estimate"][-1] if len(last.history) else 0.0
                bar.set_postfix_str(last.message or f"critic estimate {newest:.4f}", refresh=False)
                bar.update(last.step - bar.n)
    if options.instruments is not None:
        look = f"the last look at step {last.reading.step:,}" if last.reading else "and never looked"
        print(f"instruments took {fixed_percent(last.instruments_share, 1)} of the CPU time, {look}")
    if last.warning:
        print(last.warning, file=sys.stderr)
    if last.status is Status.FAILED:
        print(f"{last.error} {last.message}", file=sys.stderr)
        return 1
    if last.status is Status.STOPPED:
        print(f"Stopped at step {last.step:,}. Continue with: ganlab train --resume {run.path}", file=sys.stderr)
        return 128 + signals[0] if signals else 0  # from the page
    return 0


@contextmanager
def stopped_by_signals(stop: Callable[[], None]) -> Iterator[list[int]]:
    """Have Ctrl-C and SIGTERM call `stop`, however often they come. Yields the signals received so far.

    The handler raises nothing: before Python 3.13, a KeyboardInterrupt in Thread.join makes a living thread look dead.
    """
    received: list[int] = []

    def handle(number: int, _: FrameType | None) -> None:
        received.append(number)
        stop()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def config_of(options: argparse.Namespace) -> TrainConfig:
    """The settings of the file or preset, changed by the options given. Raises ValueError."""
    values = {name: value for name in settings.fields(TrainConfig) if (value := getattr(options, name)) is not None}
    for name, dataset, keep in (("images", "images", keep_images), ("points", "drawn", keep_points)):
        if source := values.get(name):
            if values.setdefault("dataset", dataset) != dataset:
                raise ValueError(f"--{name} is for --dataset {dataset}, not {values['dataset']}: leave out one.")
            values[name] = kept(source, keep)
    if bounds := values.get("clip_range"):
        try:
            checked_clip_range(bounds)
        except ValueError as error:
            raise ValueError(f"--clip: {str(error)[0].lower()}{str(error)[1:]}") from None
    return changed(base_of(options) or PRESETS[values.get("dataset", "digits")], values)


def check_own_data(config: TrainConfig) -> None:
    """Raises ValueError if the user's own data is to be trained on and nothing says which."""
    if config.dataset == "images" and not config.images:
        raise ValueError("dataset images needs --images with a ZIP or a folder.")
    if config.dataset == "drawn" and not config.points:
        raise ValueError("dataset drawn needs --points with a CSV.")


def settings_in(file: Path) -> TrainConfig:
    """The settings in a JSON file. Raises ValueError, naming the file, if they can't be read."""
    try:
        return TrainConfig.from_dict(tensorfile.parsed(file.read_text(encoding="utf-8", errors="replace")))
    except OSError as error:
        raise ValueError(f"{file} can't be read: {os_reason(error)}.") from None
    except ValueError as error:
        raise ValueError(f"{file} does not hold a run's settings: {str(error).rstrip('.')}.") from None


def kept(source: str, keep: Callable[[Path], str]) -> str:
    """The name of data in the cache folder: `source`, or what `keep` returns if it is a path. Raises ValueError."""
    path = Path(source)
    if path.exists():
        return keep(path)
    if not re.fullmatch("[0-9a-f]{16}", source):
        raise ValueError(own_images.missing(source))
    return source


def keep_images(path: Path) -> str:
    cache = data_root() / "images"
    name = own_images.keep_folder(path, cache) if path.is_dir() else own_images.keep(path, cache)
    own_names.keep(cache, name, str(path.absolute()))
    return name


def decode_images(config: TrainConfig) -> None:
    """Decode the user's own images, and print what was left out. Raises ValueError or OSError if they can't be used."""
    with tqdm(bar_format="{desc}", leave=False, disable=None, dynamic_ncols=True) as bar:
        decoded = own_pixels.prepare(config, bar.set_description_str).decoded
    for sentence in sentences(decoded, config.levels):
        print(sentence, file=sys.stderr)
    if decoded.left_out:
        print(f"All of them, with reasons, are listed in {own_pixels.record(config)}.", file=sys.stderr)


def keep_points(path: Path) -> str:
    if path.suffix.lower() == ".zip" and zipfile.is_zipfile(path):
        raise ValueError(f"{path.name} is a ZIP, and points are a CSV: choose a ZIP of images with --images.")
    with path.open("rb") as file:
        points, message = point_files.read_csv(file.read(own_points.LIMIT_BYTES + 1), path.name)
    if message:
        print(message, file=sys.stderr)
    cache = data_root() / "points"
    name = own_points.keep(points, cache)
    own_names.keep(cache, name, path.name)
    return name


def instruments_of(options: argparse.Namespace, config: TrainConfig) -> frozenset[str]:
    """The instruments named, or all that apply to the data; none without the option. Raises ValueError for others."""
    if options.instruments is None:
        return frozenset()
    names, available = frozenset(options.instruments), readings.available(config.kind)
    if unavailable := sorted(names - available):
        raise ValueError(f"--instruments: {', '.join(unavailable)} can't be measured on {config.kind}s; leave it out.")
    return names or available


def resumed(options: argparse.Namespace) -> RunFolder:
    """The folder of the run to continue. Raises ValueError for any setting but steps."""
    fixed = [*(name for name in settings.fields(TrainConfig) if name != "steps"), "preset", "config"]
    if given := [name for name in fixed if getattr(options, name) is not None]:
        raise ValueError(f"--resume continues with the run's own settings: leave out {', '.join(given)}.")
    return RunFolder.reopen(folder_of(options.resume), options.steps)
