"""`ganlab sweep`."""

import argparse
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ganlab import settings
from ganlab.cli.train import (
    OWN_DATA,
    add_base_options,
    base_of,
    check_own_data,
    decode_images,
    keep_images,
    keep_points,
    kept,
    stopped_by_signals,
)
from ganlab.config import PREPARED_BY, TrainConfig
from ganlab.data import datasets
from ganlab.formatting import count_of
from ganlab.runs import workers
from ganlab.runs.snapshot import Status
from ganlab.runs.sweep import MOST_RUNS, TABLE, Sweep, cancel, combinations, is_gone, is_to_stop
from ganlab.runs.values import clip_ranges, numbers
from ganlab.runs.workers import Task

REFUSED = {
    "clip_range": "--clip-range is one range: vary c with --c, which means from -c to c.",
    "threads": "--threads is 1 in a sweep, so that as many runs train at once as there are cores: leave it out.",
}


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.epilog = (
        "Every setting takes one value, a list, or a range: 1:9:5 is 1, 3, 5, 7, 9, and 0.001:1:log4 is 0.001, 0.01, "
        "0.1, 1. Without any, the sweep in FOLDER continues. Only runs that have not ended are trained. Ctrl-C or "
        "SIGTERM stops all after their step. Exit status: 0 if all runs finished, 1 if not, 2 for options that can't "
        "be used, 130 or 143 if Ctrl-C or SIGTERM stopped it."
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="the folder of the sweep")
    parser.add_argument("--dask", metavar="tcp://HOST:8786", help="train on the workers of this Dask scheduler")
    add_base_options(parser)
    group = parser.add_argument_group("settings")
    group.add_argument("--c", nargs="+", metavar="C", help="clip ranges from -C to C")
    group.add_argument("--seeds", type=int, metavar="N", help="the seeds 0 to N - 1")
    for name in settings.fields(TrainConfig):
        rules = settings.rules(TrainConfig, name)
        help_text = argparse.SUPPRESS if name in REFUSED else rules.help.replace("%", "%%")
        metavar = OWN_DATA[name][0] if name in OWN_DATA else "VALUE"
        if rules.choices:
            help_text += f" ({', '.join(str(choice) or 'empty' for choice in rules.choices)})"
        group.add_argument(f"--{name.replace('_', '-')}", nargs="+", metavar=metavar, help=help_text)


def run(options: argparse.Namespace) -> int:
    """Train all runs that are missing, with a progress bar and a line for each that ends; return the exit status.

    Raises ValueError or OSError, in one sentence, if it can't start.
    """
    path, fields, base = options.out.resolve(), fields_of(options), base_of(options)
    runs = combinations(fields, base) if fields or base else {}
    for config in runs.values():
        check_own_data(config)
    sweep = Sweep(path)
    if not (runs or sweep.runs):
        raise ValueError(f"There is no sweep in {options.out} yet: name settings to vary, such as --c 0.01 0.1.")
    with sweep.taken():
        sweep.add(runs)
        if not options.dask:
            load_data([sweep.runs[name] for name in sweep.missing])
        pools = workers.cluster(path, options.dask) if options.dask else nullcontext(workers.local(path))
        with pools as pool, stopped_by_signals(partial(cancel, path)) as signals, progress(sweep) as show:
            sweep.save()
            tasks = [Task(path, name, sweep.runs[name], pool.mark) for name in sweep.missing]
            with closing(workers.outcomes(tasks, pool, partial(is_to_stop, path))) as outcomes:
                for ended in outcomes:
                    if is_gone(path):
                        raise FileNotFoundError(
                            f"Sweep {path.name} was moved or deleted while it trained: continue it where it is now."
                        )
                    if ended:
                        sweep.note(*ended)
                    show(ended[0] if ended else "")
    states = [row["state"] for row in sweep.rows.values()]
    counts = ", ".join(f"{states.count(state)} {state}" for state in dict.fromkeys(states))
    print(f"{count_of(len(states), 'run')}: {counts}. The table is {options.out / TABLE}")
    if signals:
        return 128 + signals[0]
    return int(set(states) != {Status.FINISHED})


@contextmanager
def progress(sweep: Sweep) -> Iterator[Callable[[str], None]]:
    """A bar of all runs' steps. Yields a function that updates it and prints a line for the run named, if any."""
    total, made = sum(config.steps for config in sweep.runs.values()), sum(map(sweep.steps, sweep.runs))
    form = "{desc} |{bar}| {percentage:3.0f} % [{elapsed}, {remaining} left]"
    with tqdm(total=total, initial=made, bar_format=form, smoothing=0, dynamic_ncols=True) as bar:

        def show(name: str) -> None:
            if name:
                row = sweep.rows[name]
                state = f"{row['state']} at step {row['step']:,}. {row['reason']}".strip()
                words = sweep.in_words(name)
                bar.write(f"{name}{f' ({words})' if words else ''}: {state}")
            ended = len(sweep.runs) - len(sweep.missing)
            bar.set_description_str(f"{ended}/{len(sweep.runs)} runs", refresh=False)
            bar.update(sum(map(sweep.steps, sweep.runs)) - bar.n)

        show("")
        yield show


def fields_of(options: argparse.Namespace) -> dict[str, list[Any]]:
    """The values of every setting that is given. Raises ValueError, in one sentence."""
    given = {name: texts for name in settings.fields(TrainConfig) if (texts := getattr(options, name)) is not None}
    for name, refusal in REFUSED.items():
        if name in given:
            raise ValueError(refusal)
    fields = {name: values_of(name, texts) for name, texts in given.items()}
    if options.seeds is not None:
        if "seed" in fields:
            raise ValueError("--seeds is how many seeds there are, and --seed lists them: give one of the two.")
        if not 1 <= options.seeds <= MOST_RUNS:
            raise ValueError(f"--seeds must be from 1 to {MOST_RUNS:,}, not {options.seeds}.")
        fields["seed"] = list(range(options.seeds))
    if options.c is not None:
        fields["clip_range"] = clip_ranges("--c", options.c)
    for name, dataset, keep in (("images", "images", keep_images), ("points", "drawn", keep_points)):
        if name in fields:
            if fields.setdefault("dataset", [dataset]) != [dataset]:
                raise ValueError(f"--{name} is for --dataset {dataset} alone: leave out the other data sets.")
            fields[name] = [kept(source, keep) for source in fields[name]]
    return fields


def values_of(name: str, texts: list[str]) -> list[Any]:
    """The values of a setting, each once. Raises ValueError, in one sentence that names it."""
    kind = settings.fields(TrainConfig)[name].type
    if kind in (int, float):
        flag = f"--{name.replace('_', '-')}"
        return [settings.checked(TrainConfig, name, value) for value in numbers(flag, kind, texts)]
    if name in OWN_DATA:
        return texts
    return [settings.checked(TrainConfig, name, text) for text in dict.fromkeys(texts)]


def load_data(configs: list[TrainConfig]) -> None:
    """Download or decode every data set once, before several workers would. Raises as `datasets.load` does."""
    for config in {tuple(getattr(config, name) for name in PREPARED_BY): config for config in configs}.values():
        if config.dataset == "images" and not config.pixels:
            decode_images(config)
        elif not datasets.at_hand(config):
            datasets.load(config, print)
