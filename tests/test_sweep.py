"""Sweeps: which runs they have, what they are named, what is trained, and what their table says."""

import csv
import dataclasses
import hashlib
import json
import math
import os
import re
import signal
import sys
from collections.abc import Callable
from concurrent.futures import Executor, Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
import pytest
from stubs import TINY, wait_until

from ganlab.cli.main import main, parse
from ganlab.cli.sweep import fields_of
from ganlab.config import TrainConfig
from ganlab.presets import PRESETS
from ganlab.runs import background, workers
from ganlab.runs.disk import contents, lock, tables
from ganlab.runs.disk.folder import RunFolder
from ganlab.runs.history import METRICS
from ganlab.runs.snapshot import Status
from ganlab.runs.sweep import STOP, Sweep, cancel, combinations, is_running, name_of
from ganlab.runs.training_run import TrainingRun
from ganlab.runs.workers import Pool, Task

SMALL = "--dataset 8-gaussians --width 8 --depth 1 --batch-size 8 --n-critic 2 --steps 3".split()


class Here(Executor):
    """Works at once, in the caller's thread; the first `killed` submissions end as if their worker had been killed."""

    def __init__(self, killed: list[str]) -> None:
        self._killed = killed

    def submit(self, work: Callable, task: Task) -> Future:
        future: Future = Future()
        if task.name in self._killed:
            self._killed.remove(task.name)
            future.set_exception(BrokenProcessPool("killed"))
        else:
            future.set_result(work(task))
        return future


@pytest.fixture
def killed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Makes sweeps train in this process; a name in the list loses its worker, as often as it is there."""
    names: list[str] = []
    monkeypatch.setattr(workers, "local", lambda sweep: Pool(2, lambda: Here(names)))
    monkeypatch.setattr(workers, "INSTRUMENTS", frozenset({"gradients"}))  # the others take most of the time
    return names


def sweep(*arguments: object) -> int:
    try:
        return main(["sweep", *map(str, arguments)])
    except SystemExit as end:
        return end.code


def rows(folder: Path) -> list[dict[str, str]]:
    return list(csv.DictReader((folder / "sweep.csv").read_text().splitlines()))


def fields(*arguments: str) -> dict:
    return fields_of(parse(["sweep", "--out", "x", *arguments]))


def test_a_name_is_the_hash_of_what_differs_from_the_defaults() -> None:
    config = TrainConfig(dataset="8-gaussians", network="mlp", seed=3, critic_lr=0.001, threads=5)
    text = '{"critic_lr": 0.001, "dataset": "8-gaussians", "seed": 3}'
    assert name_of(config) == hashlib.sha256(text.encode()).hexdigest()[:12]


def test_no_default_changes() -> None:
    """Or a run of an earlier sweep would have the name of another one."""
    usual = TrainConfig(
        **{"dataset": "digits", "image_size": 16, "train_images": 0, "network": "dcgan", "width": 32, "depth": 3},
        **{"fit": "stretch", "colour": "rgb", "levels": "stored", "critic_norm": "batch", "latent_dim": 64},
        **{"generator": "", "noise_sd": 1.0, "objective": "wasserstein", "constraint": "clip", "optimizer": "rmsprop"},
        **{"beta1": 0.5, "beta2": 0.999, "critic_lr": 5e-4, "generator_lr": 5e-4, "batch_size": 64, "n_critic": 5},
        **{"warm_up": 0, "clip_range": (-0.01, 0.01), "clip_order": "after", "clip_scope": "all", "penalty": 10.0},
        **{"clip_scale": "same", "steps": 1500, "seed": 0, "looking_seed": "derived"},
    )
    assert usual == TrainConfig()


@pytest.mark.parametrize("without", [{"threads": 7}, {"device": "cpu"}, {"penalty": 3.0}, {"noise_sd": 2.0}])
def test_what_has_no_effect_is_not_in_a_name(without: dict) -> None:
    assert name_of(dataclasses.replace(TINY, **without)) == name_of(TINY)
    assert name_of(dataclasses.replace(TINY, seed=1)) != name_of(TINY)


def test_a_setting_that_a_constraint_does_not_use_multiplies_nothing() -> None:
    given = fields(*SMALL, *"--c 0.001:1:log7 --constraint clip gradient-penalty --penalty 1 10 --seeds 3".split())
    runs = combinations(given)
    clipped = [config for config in runs.values() if config.constraint == "clip"]
    assert len(clipped) == 7 * 3
    assert len(runs) == 7 * 3 + 2 * 3
    assert {config.threads for config in runs.values()} == {1}
    assert [config.seed for config in runs.values()] == 9 * [0] + 9 * [1] + 9 * [2]
    assert all(name_of(config) == name for name, config in runs.items())


def test_every_data_set_brings_its_preset() -> None:
    runs = combinations({"dataset": ["digits", "8-gaussians"], "seed": [5]}).values()
    assert list(runs) == [dataclasses.replace(PRESETS[name], seed=5, threads=1) for name in ("digits", "8-gaussians")]


@pytest.mark.parametrize(
    ("arguments", "field", "values"),
    [
        ("--c 0.001:1:log7", "clip_range", [0.001, 0.00316, 0.01, 0.0316, 0.1, 0.316, 1.0]),
        ("--c 0.01234:1:log3", "clip_range", [0.01234, 0.111, 1.0]),  # the ends are kept
        ("--c 1:1.002:log3", "clip_range", [1.0, 1.001, 1.002]),  # three digits would be the same number
        ("--penalty 1:1e4:log4", "penalty", [1.0, 21.5, 464.0, 10000.0]),
        ("--c 0.1:1:4", "clip_range", [0.1, 0.4, 0.7, 1.0]),
        ("--c 0.1234567", "clip_range", [0.1234567]),
        ("--c 0.1 1e-2 .1", "clip_range", [0.1, 0.01]),
        ("--n-critic 1:9:5", "n_critic", [1, 3, 5, 7, 9]),
        ("--width 8:128:log5 200", "width", [8, 16, 32, 64, 128, 200]),
        ("--critic-lr 0:1e-3:3 0.5", "critic_lr", None),
        ("--beta1 0:0.5:3 0.9", "beta1", [0.0, 0.25, 0.5, 0.9]),
        ("--seeds 3", "seed", [0, 1, 2]),
        ("--seed 3 7", "seed", [3, 7]),
        ("--constraint clip none clip", "constraint", ["clip", "none"]),
        ("--c 1 --seeds 0", "seed", None),
        ("--seeds 2 --seed 3", "seed", None),
        ("--c 0", "clip_range", None),
        ("--c -1", "clip_range", None),
        ("--c 0:1:log3", "clip_range", None),
        ("--c 1e400", "clip_range", None),
        ("--c 0.1:inf:3", "clip_range", None),
        ("--c 0.1:1:6000 1:2:6000", "clip_range", None),
        ("--n-critic 1:2:0", "n_critic", None),
        ("--n-critic 1.5", "n_critic", None),
        ("--constraint hope", "constraint", None),
        ("--clip-range -0.1 0.1", "clip_range", None),
        ("--threads 2", "threads", None),
        ("--dataset digits --points 0123456789abcdef", "points", None),
    ],
)
def test_lists_and_ranges(arguments: str, field: str, values: list | None) -> None:
    if values is None:
        with pytest.raises(ValueError, match=r"^[^\n]+\.$"):
            fields(*arguments.split())
    else:
        expected = [(-c, c) for c in values] if field == "clip_range" else values
        assert fields(*arguments.split())[field] == expected


@pytest.mark.parametrize("c", ["inf", "1e+39", "1e-46"])
def test_a_bound_that_32_bits_do_not_hold_is_named(c: str) -> None:
    with pytest.raises(ValueError, match=f"^--c must .*{re.escape(c)}"):
        fields("--c", c)


@pytest.mark.parametrize("arguments", ["", "--seeds 9999 --c 0.1 1", "--constraint gradient-penalty"])
def test_bad_sweeps_are_one_line_and_2(arguments: str, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert sweep("--out", tmp_path / "s", *arguments.split()) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
    assert not (tmp_path / "s").exists()


def test_a_sweep_without_runs_is_no_sweep_yet(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "sweep.json").write_text('{"runs": {}}')
    assert sweep("--out", tmp_path) == 2
    assert "name settings to vary" in capsys.readouterr().err


def test_only_what_is_missing_trains(tmp_path: Path, killed: list[str], capsys: pytest.CaptureFixture) -> None:
    folder = tmp_path / "s"
    given = [*SMALL, "--out", folder, "--constraint", "clip", "gradient-penalty"]
    assert sweep(*given, "--c", "0.1", "1") == 0
    first = {row["run"]: (folder / row["run"] / "ended.json").stat().st_mtime_ns for row in rows(folder)}
    assert [(row["constraint"], row["clip_low"], row["clip_high"]) for row in rows(folder)] == [
        ("clip", "-0.1", "0.1"),
        ("clip", "-1.0", "1.0"),
        ("gradient-penalty", "", ""),
    ]
    # A seed more, a wider range, and one run that an earlier kill left without settings: only these train.
    more = combinations(fields(*SMALL, "--constraint", "clip", "gradient-penalty", "--c", "2", "--seeds", "2"))
    begun = next(name for name in more if name not in first)
    (folder / begun).mkdir()
    (folder / begun / "metrics.csv").touch()
    assert sweep(*given, "--c", "2", "--seeds", "2") == 0
    assert {row["run"] for row in rows(folder)} == first.keys() | more.keys()
    assert {name: (folder / name / "ended.json").stat().st_mtime_ns for name in first} == first
    assert {(row["state"], row["step"], row["reading_step"]) for row in rows(folder)} == {("finished", "3", "3")}
    # Without settings, the sweep continues as it is.
    assert sweep("--out", folder) == 0
    assert "6 runs: 6 finished" in capsys.readouterr().out


def test_a_row_is_that_of_the_run_alone(tmp_path: Path, killed: list[str]) -> None:
    assert sweep(*SMALL, "--c", "0.1", "0.5", "--seed", "4", "--out", tmp_path / "s") == 0
    options = [*SMALL, *"--clip -0.5 0.5 --seed 4 --threads 1 --instruments gradients".split()]
    assert main(["train", *options, "--out", str(tmp_path / "r")]) == 0
    name = name_of(contents.config_of(tmp_path / "r"))
    alone, inside = (tables.metrics(path)[:, :-1] for path in (tmp_path / "r", tmp_path / "s" / name))
    assert METRICS[-1] == "seconds"
    assert np.array_equal(alone, inside)
    (row,) = [row for row in rows(tmp_path / "s") if row["run"] == name]
    with (tmp_path / "r" / "instruments.csv").open() as file:
        *_, newest = csv.DictReader(file)
    assert float(row["gradient_first"]) > 0
    for column in newest.keys() - {"step", "cpu_seconds"}:
        cell = float(newest[column] or "nan")
        assert row[column] == ("" if math.isnan(cell) else str(cell).removesuffix(".0")), column


def test_runs_that_fail_are_rows_with_their_reason(tmp_path: Path, killed: list[str]) -> None:
    folder = tmp_path / "s"
    runs = combinations(fields(*SMALL, "--critic-lr", "1e-3", "1e30", "--constraint", "none", "--seeds", "2"))
    fine, diverging, unlucky, cursed = (
        next(n for n, c in runs.items() if (c.critic_lr, c.seed) == wanted)
        for wanted in [(1e-3, 0), (1e30, 0), (1e-3, 1), (1e30, 1)]
    )
    killed += [unlucky, cursed, cursed]
    assert sweep(*SMALL, "--critic-lr", "1e-3", "1e30", "--constraint", "none", "--seeds", "2", "--out", folder) == 1
    states = {row["run"]: (row["state"], row["reason"]) for row in rows(folder)}
    assert states[fine] == states[unlucky] == ("finished", "")
    assert states[diverging] == ("failed", contents.ending(folder / diverging).error)
    assert states[cursed][0] == "failed"
    assert states[cursed][1]
    # What has failed by itself is over; a run whose workers were killed is tried again.
    before = (folder / diverging / "ended.json").stat().st_mtime_ns
    assert sweep("--out", folder) == 1
    assert (folder / diverging / "ended.json").stat().st_mtime_ns == before
    assert {row["run"]: row["reason"] for row in rows(folder)}[cursed] == contents.ending(folder / cursed).error


def test_the_row_of_a_failed_run_has_the_last_step_of_its_record(tmp_path: Path, killed: list[str]) -> None:
    assert sweep(*SMALL, "--generator-lr", "1e30", "--out", tmp_path) == 1
    (row,) = rows(tmp_path)
    assert row["step"] == str(tables.newest_step(tmp_path / row["run"])) == "1"


def test_a_run_that_was_changed_says_so(tmp_path: Path, killed: list[str]) -> None:
    folder = tmp_path / "s"
    assert sweep(*SMALL, "--seeds", "1", "--out", folder) == 0
    (row,) = rows(folder)
    TrainingRun(RunFolder.reopen(folder / row["run"], 5)).run()
    assert sweep("--out", folder) == 0
    (now,) = rows(folder)
    assert (now["state"], now["step"]) == ("finished", "5")
    assert now["reason"]


def test_an_interrupted_run_resumes_from_its_checkpoint(tmp_path: Path, killed: list[str]) -> None:
    ((name, config),) = combinations(fields(*SMALL)).items()
    path = tmp_path / "s" / name
    TrainingRun(RunFolder(path, dataclasses.replace(config, steps=2))).run()
    (path / "config.json").write_text(json.dumps(config.as_dict()))
    (path / "ended.json").unlink()
    before = (path / "metrics.csv").read_text()
    assert sweep(*SMALL, "--out", tmp_path / "s") == 0
    after = (path / "metrics.csv").read_text()  # with the seconds of each step
    assert after.startswith(before)
    assert len(after.splitlines()) == 1 + 3


def test_a_run_that_trains_elsewhere_is_left_to_it(
    tmp_path: Path, killed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "PATIENCE", 0)
    ((name, config),) = combinations(fields(*SMALL)).items()
    elsewhere = TrainingRun(RunFolder(tmp_path / "s" / name, config))
    assert sweep(*SMALL, "--seeds", "2", "--out", tmp_path / "s") == 1
    assert [row["state"] for row in rows(tmp_path / "s")] == ["elsewhere", "finished"]
    elsewhere.run()
    assert sweep("--out", tmp_path / "s") == 0


def test_cancel_stops_the_run_that_trains_and_begins_no_other(
    tmp_path: Path, killed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, begin = tmp_path / "s", TrainingRun.run

    def cancelled(run: TrainingRun) -> object:
        assert is_running(folder)
        cancel(folder)
        return begin(run)

    monkeypatch.setattr(workers, "POLL_EVERY", 0.01)
    with monkeypatch.context() as patch:
        patch.setattr(TrainingRun, "run", cancelled)
        assert sweep(*SMALL, "--steps", 5000, "--seeds", 2, "--out", folder) == 1
    states = {row["run"]: row["state"] for row in rows(folder)}
    assert list(states.values()) == ["stopped", "missing"]
    assert not (folder / STOP).exists()
    assert not is_running(folder)
    known = json.loads((folder / "sweep.json").read_text())
    assert list(known["runs"]) == list(states)


def test_a_sweep_that_is_gone_is_not_continued(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="There is no sweep gone here"):
        background.start(tmp_path / "gone", {})
    assert not (tmp_path / "gone").exists()


def test_a_sweep_that_is_moved_while_it_trains_ends_and_can_be_continued(
    tmp_path: Path, killed: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    folder, moved, begin = tmp_path / "s", tmp_path / "moved", TrainingRun.run

    def run(training: TrainingRun) -> object:
        folder.rename(moved)
        return begin(training)

    with monkeypatch.context() as patch:
        patch.setattr(TrainingRun, "run", run)
        assert sweep(*SMALL, "--seeds", "2", "--out", folder) == 2
    assert "Sweep s was moved or deleted while it trained" in capsys.readouterr().err
    assert not folder.exists()
    assert sweep("--out", moved) == 0


def test_one_process_runs_a_sweep(tmp_path: Path, killed: list[str], capsys: pytest.CaptureFixture) -> None:
    folder = tmp_path / "s"
    with Sweep(folder).taken():
        assert sweep(*SMALL, "--seeds", "1", "--out", folder) == 2
    assert "another process" in capsys.readouterr().err
    assert sweep(*SMALL, "--seeds", "1", "--out", folder) == 0
    assert sweep(*SMALL, "--seeds", "1", "--out", folder / rows(folder)[0]["run"]) == 2  # a run's folder


@pytest.mark.parametrize(
    "content", ["", "[]", '{"runs": []}', '{"runs": {"../x": {}}}', '{"runs": {"0123456789ab": 1}}']
)
def test_a_damaged_sweep_is_named(content: str, tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    (tmp_path / "sweep.json").write_text(content)
    assert sweep("--out", tmp_path) == 2
    assert "sweep.json" in capsys.readouterr().err


def test_a_run_from_another_disk_comes_back_whole(tmp_path: Path, killed: list[str]) -> None:
    """As on a cluster: the worker does not see the mark that lies in the sweep's folder."""
    name = name_of(TINY)
    RunFolder(tmp_path / name, TINY).close()  # begun here, before
    pool = Pool(1, lambda: Here(killed), mark="no-such-file")
    ended = [one for one in workers.outcomes([Task(tmp_path, name, TINY, pool.mark)], pool, lambda: False) if one]
    assert ended == [(name, "")]
    assert contents.ending(tmp_path / name).status is Status.FINISHED
    assert len(tables.history(tmp_path / name)) == TINY.steps
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_sweep_needs_dask_for_a_cluster_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert sweep(*SMALL, "--dask", "tcp://127.0.0.1:1", "--out", tmp_path / "s") == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
    assert not list(tmp_path.glob("s/sweep.*"))


@pytest.mark.timeout(300)  # seconds, on a busy machine
def test_a_sweep_in_processes_trains_and_stops_when_it_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The one test with a real worker: its coordinator is killed; what it saved is continued, and nothing is lost."""
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")  # one worker, for one run after the other
    folder, configs = tmp_path / "s", [dataclasses.replace(TINY, steps=steps) for steps in (3, 1_000_000)]
    done, killed = (folder / name_of(config) for config in configs)
    background.start(folder, {name_of(config): config for config in configs})
    coordinator = background._processes.pop(folder)
    try:
        wait_until(lambda: tables.newest_step(killed) > 20 or coordinator.poll() is not None, 200)
        assert coordinator.poll() is None, (folder / background.LOG).read_text()
    finally:
        os.kill(coordinator.pid, signal.SIGKILL)
        coordinator.wait()
    assert (contents.ending(done).status, contents.ending(done).step) == (Status.FINISHED, 3)
    wait_until(lambda: not lock.held(killed))
    end = contents.ending(killed)
    assert end.status is Status.STOPPED
    assert len(tables.history(killed)) == end.step > 20
    with_more = RunFolder.reopen(killed, end.step + 2)
    assert TrainingRun(with_more).run().status is Status.FINISHED
