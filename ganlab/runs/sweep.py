"""A sweep: a folder of runs, which of them are to be trained, and a table with one row per run. Trains nothing."""

import csv
import hashlib
import io
import itertools
import json
import math
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from ganlab import tensorfile
from ganlab.config import TrainConfig, changed
from ganlab.formatting import range_in_words
from ganlab.measure.reading import READINGS
from ganlab.presets import PRESETS
from ganlab.runs.disk import lock, tables
from ganlab.runs.disk.damage import check_file, is_file, refusing
from ganlab.runs.saved_run import SavedRun
from ganlab.runs.snapshot import Status
from ganlab.settings import applying, as_text

FILE, TABLE = "sweep.json", "sweep.csv"
STOP = "stop"  # a file in the sweep's folder: while it is there, runs stop after their step
MOST_RUNS = 10_000
NAMELESS = ("threads", "device", "pixels")  # where and on what a run computes, and what it fills in itself
MISSING = "missing"  # the state of a run that has not begun
OVER = (Status.FINISHED, Status.FAILED)
READING = {"reading_step": "step"} | {name: name for name in READINGS[1:]}  # columns of a row, and of instruments.csv
NAME = re.compile("[0-9a-f]{12}")
Setting = tuple[tuple[str, Any], ...]  # names with values, of all but the seed


def name_of(config: TrainConfig) -> str:
    """The name of a run: the first 12 hex digits of the SHA-256 of its settings.

    They are those that have an effect and differ from the defaults of `TrainConfig`, as JSON with sorted keys: a new
    field, or another preset, renames no run.
    """
    usual = TrainConfig()
    fields = {name: value for name, value in applying(config).items() if name not in NAMELESS}
    differing = {name: value for name, value in fields.items() if value != getattr(usual, name)}
    return hashlib.sha256(json.dumps(differing, sort_keys=True).encode()).hexdigest()[:12]


def combinations(fields: Mapping[str, Sequence[Any]], base: TrainConfig | None = None) -> dict[str, TrainConfig]:
    """A run for every combination of the fields' values, by name, one seed after the other.

    All else is as in `base`, or as in the preset of the run's dataset. Fields without an effect multiply nothing: runs
    that differ only in them have the same name. Raises ValueError for settings that no run can use.
    """
    if (many := math.prod(map(len, fields.values()))) > MOST_RUNS:
        raise ValueError(
            f"That makes {many:,} combinations, and a sweep has at most {MOST_RUNS:,}: vary fewer settings."
        )
    names = sorted(fields, key=lambda name: name != "seed")
    runs: dict[str, TrainConfig] = {}
    for values in itertools.product(*(fields[name] for name in names)):
        chosen = dict(zip(names, values, strict=True)) | {"threads": 1}
        config = changed(base or PRESETS[chosen.get("dataset", "digits")], chosen)
        runs.setdefault(name_of(config), config)
    return runs


def setting_of(config: TrainConfig) -> Setting:
    """What is equal in runs that differ only in their seed: all settings that have an effect."""
    return tuple((name, value) for name, value in applying(config).items() if name not in (*NAMELESS, "seed"))


def with_more_seeds(configs: Iterable[TrainConfig], many: int) -> dict[str, TrainConfig]:
    """Runs with the settings of these and the next seeds, which none of them has, by name, one seed after the other.

    Raises ValueError, in one sentence, if there are too many.
    """
    configs = list(configs)
    each = {setting_of(config): config for config in configs}.values()
    if (total := len(configs) + many * len(each)) > MOST_RUNS:
        raise ValueError(f"That makes {total:,} runs, and a sweep has at most {MOST_RUNS:,}: add fewer seeds.")
    first = max(config.seed for config in configs) + 1
    runs = [replace(config, seed=seed) for seed in range(first, first + many) for config in each]
    return {name_of(config): config for config in runs}


def is_running(path: Path) -> bool:
    """Whether a process runs the sweep in a folder."""
    return lock.held(path)


def cancel(path: Path) -> None:
    """Have a sweep that is running stop all its runs after their step; it can be continued. Raises OSError."""
    (path / STOP).touch()


def is_gone(path: Path) -> bool:
    """Whether the folder of a sweep has been moved or deleted while it trained."""
    return not is_file(path / FILE)


def is_to_stop(path: Path) -> bool:
    """Whether no other run of a sweep is to begin."""
    return (path / STOP).exists() or is_gone(path)


class Sweep:
    """The sweep in a folder, which need not exist yet. Raises Damaged if its sweep.json can't be read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.runs = _read(path / FILE) if (path / FILE).exists() else {}  # settings by name, in the order of training
        self.fields = differing(self.runs.values())  # that differ between runs which use them
        self.rows: dict[str, dict[str, Any]] = {}
        self._problems: dict[str, str] = {}  # why a run could not be trained, by name

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Be the one process that runs this sweep. Raises Busy if another one does, and OSError."""
        if is_file(self.path / "config.json"):
            raise FileExistsError(f"{self.path} holds a run: choose another folder for the sweep.")
        made = not self.path.exists()
        self.path.mkdir(parents=True, exist_ok=True)
        try:
            lock_of_sweep = lock.locked(self.path)
        except lock.Busy:
            raise lock.Busy(f"Sweep {self.path.name} is being run by another process.") from None
        try:
            (self.path / STOP).unlink(missing_ok=True)
            yield
        finally:
            (self.path / STOP).unlink(missing_ok=True)
            lock_of_sweep.release()
            if made and {file.name for file in self.path.glob("*")} <= {lock.LOCK}:  # it ended before there was a run
                shutil.rmtree(self.path, ignore_errors=True)

    def add(self, runs: Mapping[str, TrainConfig]) -> None:
        """Add runs to those there are, and read what is on disk."""
        self.runs |= {name: config for name, config in runs.items() if name not in self.runs}
        self.fields = differing(self.runs.values())
        self.refresh()

    def save(self) -> None:
        """Write sweep.json and sweep.csv."""
        usual = TrainConfig(threads=1).as_dict()
        differing = {
            name: {field: value for field, value in config.as_dict().items() if value != usual[field]}
            for name, config in self.runs.items()
        }
        tensorfile.write(self.path / FILE, (json.dumps({"runs": differing}, indent=1) + "\n").encode())
        self.write_table()

    def refresh(self) -> None:
        """Make a row for every run, as it is on disk."""
        self.rows = {name: self._row(name) for name in self.runs}

    @property
    def missing(self) -> list[str]:
        """The names of the runs still to be trained; last those that another process trains."""
        left = [name for name, row in self.rows.items() if row["state"] not in OVER]
        return sorted(left, key=lambda name: self.rows[name]["state"] == Status.ELSEWHERE)

    def note(self, name: str, problem: str) -> None:
        """Update a run's row, and the table, once it has ended; `problem` says why it could not be trained, if so."""
        self._problems[name] = problem
        self.rows[name] = self._row(name)
        self.write_table()

    def write_table(self) -> None:
        """Write sweep.csv: one row per run, and a column for each setting that differs."""
        settings = [column for field in self.fields for column in _cells(field, None)]
        text = io.StringIO()
        table = csv.DictWriter(text, ["run", *settings, "state", "reason", "step", *READING], lineterminator="\n")
        table.writeheader()
        for name, row in self.rows.items():
            table.writerow({"run": name} | self._settings(name) | row)
        tensorfile.write(self.path / TABLE, text.getvalue().encode())

    def in_words(self, name: str) -> str:
        """The settings by which a run differs from the others: ±0.01, seed 1; empty if it is the only one."""
        used = applying(self.runs[name])
        words = [
            range_in_words(used[field]) if field == "clip_range" else f"{field} {as_text(used[field])}"
            for field in self.fields
            if field in used
        ]
        return ", ".join(words)

    def steps(self, name: str) -> int:
        """How many of a run's steps need no more training: all once it is over."""
        row = self.rows[name]
        return self.runs[name].steps if row["state"] in OVER else tables.newest_step(self.path / name)

    def _settings(self, name: str) -> dict[str, object]:
        used = applying(self.runs[name])
        return {column: cell for field in self.fields for column, cell in _cells(field, used.get(field)).items()}

    def _row(self, name: str) -> dict[str, Any]:
        """State, reason, step and newest reading of a run, as they are on disk."""
        path, problem = self.path / name, self._problems.get(name, "")
        row: dict[str, Any] = {"state": Status.FAILED if problem else MISSING, "reason": problem, "step": 0}
        if not is_file(path / "config.json"):
            return row
        try:
            last = SavedRun(path).summary
            row |= {"state": last.status, "step": last.steps_made, "reason": last.error or last.warning}
            if problem and last.status in (Status.INTERRUPTED, Status.STOPPED):
                row |= {"state": Status.FAILED, "reason": problem}
            elif name_of(last.config) != name:
                row["reason"] = f"{row['reason']} Its settings have been changed since it began.".strip()
            readings = tables.readings(path, math.inf if last.status is Status.FAILED else last.step)
        except ValueError as error:
            return row | {"state": Status.FAILED, "reason": str(error)}
        if len(readings):
            newest = dict(zip(READINGS, readings[-1].tolist(), strict=True))
            cells = {column: newest[name] for column, name in READING.items()}
            row |= {column: int(cell) if cell.is_integer() else cell for column, cell in cells.items() if cell == cell}
        return row


def differing(configs: Iterable[TrainConfig]) -> list[str]:
    """The fields with more than one value among the settings that use them."""
    used = [applying(config) for config in configs]
    names = dict.fromkeys(name for fields in used for name in fields if name not in NAMELESS)
    return [name for name in names if len({fields[name] for fields in used if name in fields}) > 1]


def _cells(field: str, value: Any) -> dict[str, object]:
    """A setting as cells of the table, empty for a run that does not use it; a clip range is two numbers."""
    if field == "clip_range":
        return dict(zip(("clip_low", "clip_high"), value or ("", ""), strict=True))
    return {field: "" if value is None else value}


def _read(file: Path) -> dict[str, TrainConfig]:
    with refusing(f"{file} can't be read"):
        check_file(file, 2**24)
        known = tensorfile.parsed(file.read_text(encoding="utf-8", errors="replace"))
        runs = known.get("runs") if isinstance(known, dict) else None
        if not isinstance(runs, dict) or not all(map(NAME.fullmatch, runs)):
            raise ValueError("it is not a sweep's")
        if not all(isinstance(fields, dict) for fields in runs.values()):
            raise ValueError("a run's settings are an object with a value for each field")
        return {name: changed(TrainConfig(), fields | {"threads": 1}) for name, fields in runs.items()}
