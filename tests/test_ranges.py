"""Try all ranges, and sweeps on Compare: what is trained, in which order, and what is shown of it."""

import dataclasses
import subprocess
from pathlib import Path

import joblib
import pytest
from stubs import TINY
from visits import address, click, page, panels, run_in

from ganlab.config import TrainConfig
from ganlab.presets import PRESETS
from ganlab.runs import background
from ganlab.runs.disk import library, lock
from ganlab.runs.hub import RunHub
from ganlab.runs.ranges import all_ranges, cost, folder, span
from ganlab.runs.snapshot import Status
from ganlab.runs.sweep import Sweep, name_of
from ganlab.runs.sweep_progress import progress
from ganlab.runs.swept_run import SweptRun
from ganlab.runs.training_run import TrainingRun
from ganlab.runs.workers import _folder
from ganlab.ui.compare.table import SORTS, Row


class Process:
    """Stands for the process of a sweep; `ends` is its exit status, None while it lives."""

    def __init__(self, ends: int | None = None) -> None:
        self.ends = ends

    def poll(self) -> int | None:
        return self.ends

    def terminate(self) -> None:
        self.ends = -15


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> dict[Path, Process]:
    """The sweeps that were started, each with its stand-in."""
    processes: dict[Path, Process] = {}
    monkeypatch.setattr(background, "_processes", processes)
    monkeypatch.setattr(background, "_spawn", lambda path: Process())
    return processes


def test_the_settings_of_all_ranges_by_hand() -> None:
    config = dataclasses.replace(PRESETS["digits"], seed=3, threads=2, clip_range=(-0.01, 0.01))
    runs = all_ranges(config)
    *clipped, penalty = runs.values()
    bounds = [0.01, 0.001, 0.1, 0.00333, 0.03]  # the middle and the ends first
    assert clipped == [dataclasses.replace(config, threads=1, clip_range=(-c, c)) for c in bounds]
    assert penalty == dataclasses.replace(PRESETS["digits-gradient-penalty"], seed=3, threads=1)
    assert list(runs) == [name_of(run) for run in runs.values()]


@pytest.mark.parametrize(
    ("clip_range", "all_of_them"),
    [
        ((-0.5, 0.5), [(-0.5, 0.5), (-0.05, 0.05), (-1, 1), (-0.167, 0.167)]),  # 3c and 10c are both ±1
        ((-0.02, 0.2), [(-0.02, 0.2), (-0.002, 0.02), (-0.2, 1), (-0.00667, 0.0667), (-0.06, 0.6)]),
        ((0.5, 0.9), [(0.5, 0.9), (0.05, 0.09), (0.167, 0.3)]),  # from 1 to 1 is no range
        ((0, 2), [(0, 2), (0, 0.2), (0, 1), (0, 0.667)]),
    ],
)
def test_bounds_stay_within_1_and_no_range_comes_twice(
    clip_range: tuple[float, float], all_of_them: list[tuple[float, float]]
) -> None:
    config = dataclasses.replace(PRESETS["swiss-roll"], clip_range=clip_range)
    assert [run.clip_range for run in all_ranges(config).values()] == all_of_them  # there is no preset with a penalty


def test_runs_take_as_long_as_the_core_that_is_free_last() -> None:
    assert span([3, 1, 1, 2], 2) == 4  # 3, and 1 + 1 + 2
    assert span([3, 1], 8) == 3
    assert span([], 2) == 0
    assert cost(dataclasses.replace(TINY, steps=10, n_critic=2)) == 20
    assert cost(dataclasses.replace(TINY, steps=10, n_critic=2, warm_up=3)) == 3 * 100 + 7 * 2


@pytest.mark.usefixtures("the_hub")
def test_try_all_ranges_writes_a_sweep_starts_it_and_opens_compare(
    the_hub: RunHub, started: dict[Path, Process]
) -> None:
    run = run_in("finished", the_hub, TINY)
    at = page("1_Train.py", run=run.run_id)
    click(at, "Try all ranges")
    path = folder(run.config)
    assert list(started) == [path]
    assert Sweep(path).runs == all_ranges(run.config)
    by_width = [run for run in all_ranges(run.config).items() if run[1].constraint == "clip"]
    ids = [name for name, _ in sorted(by_width, key=lambda item: item[1].clip_range[1])]
    ids += [name for name in all_ranges(run.config) if name not in ids]
    assert address(at) == {"sweep": path.name, "runs": ",".join(f"{path.name}/{name}" for name in ids)}
    assert not at.exception
    assert panels(at).count("Waiting") == 2 * len(ids)  # in the table, and above the figures
    assert [run.run_id for run in the_hub.runs] == [run.run_id]  # no single run has come
    started[path].ends = 0
    at = page("1_Train.py", run=run.run_id)
    click(at, "Try all ranges")  # again: it goes on where it was
    assert Sweep(path).runs == all_ranges(run.config)
    assert started[path].ends is None


@pytest.mark.usefixtures("the_hub")
def test_a_run_without_a_clamp_has_no_such_button(the_hub: RunHub) -> None:
    run = run_in("finished", the_hub, dataclasses.replace(TINY, constraint="none"))
    assert "Try all ranges" not in [button.label for button in page("1_Train.py", run=run.run_id).button]


def written(*configs: TrainConfig) -> Path:
    sweep = Sweep(library.runs_root() / "mine")
    sweep.path.mkdir(parents=True)
    sweep.add({name_of(config): config for config in configs})
    sweep.save()
    return sweep.path


def train(path: Path, config: TrainConfig) -> None:
    TrainingRun(_folder(path / name_of(config), config), checkpoint_every=0.0).run()


@pytest.mark.usefixtures("the_hub")
def test_a_sweep_is_cancelled_and_continued(started: dict[Path, Process]) -> None:
    configs = [dataclasses.replace(TINY, seed=seed) for seed in (1, 2)]
    path = written(*configs)
    train(path, configs[0])
    at = page("4_Compare.py", sweep="mine")
    assert "<b>1</b> of 2 runs" in panels(at)
    click(at, "Continue")
    assert list(started) == [path]
    click(at, "Cancel")  # before its process has begun
    assert started[path].ends == -15
    with lock.locked(path):  # it runs
        at.run()
        click(at, "Cancel")
        assert (path / "stop").exists()
    click(at, "Compare these")
    assert address(at) == {"sweep": "mine", "runs": ",".join(f"mine/{name_of(config)}" for config in configs)}


@pytest.mark.usefixtures("the_hub")
def test_a_sweep_that_could_not_begin_says_why(started: dict[Path, Process]) -> None:
    path = written(TINY)
    started[path] = Process(ends=2)
    (path / "sweep.log").write_text("x\nganlab: The <disk> is full.\n")
    assert "The &lt;disk&gt; is full." in panels(page("4_Compare.py", sweep="mine"))


def test_the_progress_of_a_sweep_by_hand() -> None:
    done, begun, waiting = configs = [dataclasses.replace(TINY, seed=seed, steps=8) for seed in (1, 2, 3)]
    path = written(*configs)
    train(path, done)
    train(path, begun)
    runs = [SweptRun(path / name_of(config), config) for config in configs]
    (runs[1].path / "ended.json").unlink()
    lines = (runs[1].path / "metrics.csv").read_text().splitlines()
    (runs[1].path / "metrics.csv").write_text("\n".join(lines[:4]) + "\n5,")  # three steps, and a part of a row
    assert [run.summary.status for run in runs] == [Status.FINISHED, Status.INTERRUPTED, Status.WAITING]
    with lock.locked(runs[1].path):
        known = progress([(run, run.planned) for run in runs])
        assert [SORTS["Steps"](Row(run, run.summary))[0] for run in runs] == [8, 3, 0]  # on Compare
    assert (known.runs, known.over) == (3, 1)
    assert known.training == [(runs[1], 3)]
    assert known.share == pytest.approx((8 + 3) / 24)
    seconds = [
        float(line.rpartition(",")[2]) for line in (lines[3], (runs[0].path / "metrics.csv").read_text().strip())
    ]
    per_step = (seconds[0] / 3 + seconds[1] / 8) / 2
    cores = joblib.cpu_count()
    assert known.seconds_left == pytest.approx(per_step * span([8, 5], cores))
    assert waiting == runs[2].config


def test_the_process_of_a_sweep_trains_what_is_missing() -> None:
    path = written(TINY)
    background.start(path, {})
    process = background._processes.pop(path)
    assert isinstance(process, subprocess.Popen)
    assert process.wait(240) == 0, (path / "sweep.log").read_text()
    assert Sweep(path).path == path
    assert SweptRun(path / name_of(TINY), TINY).summary.status is Status.FINISHED
    background.start(path, {})  # nothing is missing
    assert path not in background._processes
