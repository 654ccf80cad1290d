"""A run that was stopped or killed continues as if never interrupted."""

import dataclasses
import os
import re
import subprocess
import sys
from pathlib import Path

import kills
import numpy as np
import pytest
import torch
from records import assert_equal
from stubs import TINY, TINY_IMAGES

from ganlab.config import TrainConfig
from ganlab.data.datasets import load
from ganlab.gan.training import Trainer
from ganlab.runs.disk import checkpoints, lock
from ganlab.runs.disk.folder import RunFolder
from ganlab.runs.saved_run import SavedRun
from ganlab.runs.snapshot import Snapshot, Status
from ganlab.runs.training_run import TrainingRun

pytestmark = pytest.mark.usefixtures("timely")
STEPS = 24
CHANGES = {5: {"clip_range": (-0.05, 0.05)}, 14: {"n_critic": 3, "critic_lr": 3e-3}, 31: {"clip_range": (-0.2, 0.1)}}


class Steered(Trainer):
    """Settings change after given numbers of critic updates; before one step, the run is killed."""

    def __init__(self, config: TrainConfig, changes: dict[int, dict] | None = None, breaks_at: int = -1) -> None:
        super().__init__(config, load(config))
        self.changes, self.breaks_at = changes or {}, breaks_at
        self.run: TrainingRun | None = None

    def step(self, before_update: object) -> tuple:
        if self.step_count == self.breaks_at:
            raise KeyboardInterrupt  # no Exception: nothing is written after it, as after SIGKILL

        def steered() -> None:
            if self.critic_step in self.changes:
                self.run.change(**self.changes[self.critic_step])
            before_update()

        return super().step(steered)


def trained(folder: RunFolder, every: float = 1e9, **how: object) -> Snapshot:
    torch.set_num_threads(1)

    def make(c: TrainConfig, _: object) -> Steered:
        trainer = Steered(c, **how)
        trainer.run = run
        return trainer

    run = TrainingRun(folder, make, checkpoint_every=every)
    try:
        return run.run()
    except KeyboardInterrupt:
        folder.close()  # the kernel releases the lock of a process that was killed
        return run.latest


HELD = {
    "clamped before the step, some weights": (
        TINY,
        {"clip_order": "before", "clip_scope": "weights", "clip_scale": "fan-in"},
        {31: {"clip_scope": "all", "clip_order": "after"}},
    ),
    "clip, penalty, nothing, clip": (
        TINY,
        {},
        {
            5: {"constraint": "gradient-penalty", "penalty": 2.0},
            14: {"penalty": 0.5},
            20: {"constraint": "none"},
            31: {"constraint": "clip", "clip_scale": "gain", "clip_range": (-0.2, 0.1)},
        },
    ),
    "penalty on images": (
        TINY_IMAGES,
        {"constraint": "gradient-penalty", "critic_norm": "layer", "optimizer": "adam", "beta1": 0.0, "beta2": 0.9},
        {14: {"penalty": 1.0}},
    ),
    "spectral norm and hinge": (TINY, {"constraint": "spectral-norm", "objective": "hinge"}, {14: {"critic_lr": 3e-3}}),
    "nothing, non-saturating": (TINY, {"constraint": "none", "objective": "non-saturating"}, {}),
    "fixed generator": (TINY, {"generator": "real-plus-noise"}, {}),
}


@pytest.mark.parametrize("held", HELD)
def test_a_run_resumes_whatever_holds_its_critic(held: str, tmp_path: Path) -> None:
    config, settings, changes = HELD[held]
    config = dataclasses.replace(config, steps=STEPS, **settings)
    trained(RunFolder(tmp_path / "whole", config), changes=changes)
    path = tmp_path / "killed"
    trained(RunFolder(path, config), changes=changes, breaks_at=4, every=0.0)
    trained(RunFolder.reopen(path), changes=changes, breaks_at=18)  # no checkpoint: this part is lost
    last = trained(RunFolder.reopen(path))
    assert (last.status, last.warning) == (Status.FINISHED, "")
    assert [change.critic_step for change in last.changes] == [at for at, fields in changes.items() for _ in fields]
    assert_equal(path, tmp_path / "whole")
    opened = SavedRun(path).latest
    assert (opened.warning, opened.config) == ("", last.config)
    assert np.array_equal(opened.history.rows, last.history.rows, equal_nan=True)
    assert np.array_equal(opened.history.layer_counts, last.history.layer_counts)
    assert {one.clip_range for one in opened.weights} == {
        (config.constraint == "clip" and opened.config.clip_range) or None
    }


@pytest.mark.parametrize("optimizer", ["rmsprop", "adam"])
@pytest.mark.parametrize("config", [TINY, TINY_IMAGES], ids=["points", "images"])
def test_killed_and_resumed_equals_uninterrupted(config: TrainConfig, optimizer: str, tmp_path: Path) -> None:
    """Killed twice, between checkpoints, with changes before and after them."""
    config = dataclasses.replace(config, steps=STEPS, optimizer=optimizer)
    trained(RunFolder(tmp_path / "whole", config), changes=CHANGES)
    path = tmp_path / "killed"
    trained(RunFolder(path, config), changes=CHANGES, breaks_at=4, every=0.0)
    folder = RunFolder.reopen(path)
    assert folder.resume_point.checkpoint.step == 4
    trained(folder, changes=CHANGES, breaks_at=19)  # no checkpoint: this part is lost
    assert len((path / "changes.csv").read_text().splitlines()) == 5
    folder = RunFolder.reopen(path)
    assert folder.resume_point.checkpoint.step == 4
    assert [at for at, *_ in folder.resume_point.scheduled] == [14, 14, 31]
    last = trained(folder)
    assert last.status is Status.FINISHED
    assert [change.critic_step for change in last.changes] == [5, 14, 14, 31]
    assert_equal(path, tmp_path / "whole")


def test_stopped_and_resumed_equals_uninterrupted_and_a_finished_run_takes_more_steps(tmp_path: Path) -> None:
    whole, parts = (dataclasses.replace(TINY, steps=steps) for steps in (STEPS, 9))
    trained(RunFolder(tmp_path / "whole", whole))
    assert trained(RunFolder(tmp_path / "parts", parts)).status is Status.FINISHED
    with pytest.raises(ValueError, match="9 steps"):
        RunFolder.reopen(tmp_path / "parts")
    folder = RunFolder.reopen(tmp_path / "parts", STEPS)
    last = trained(folder)
    assert (last.status, last.step, len(last.history)) == (Status.FINISHED, STEPS, STEPS)
    assert_equal(tmp_path / "parts", tmp_path / "whole")


def test_a_run_without_a_checkpoint_begins_again_with_its_changes(tmp_path: Path) -> None:
    config = dataclasses.replace(TINY, steps=STEPS)
    trained(RunFolder(tmp_path / "whole", config), changes=CHANGES)
    trained(RunFolder(tmp_path / "r", config), changes=CHANGES, breaks_at=12)
    assert checkpoints.files(tmp_path / "r") == []
    folder = RunFolder.reopen(tmp_path / "r")
    trained(folder, changes={31: CHANGES[31]})
    assert_equal(tmp_path / "r", tmp_path / "whole")


def test_a_new_change_replaces_those_recorded_after_the_checkpoint(tmp_path: Path) -> None:
    config = dataclasses.replace(TINY, steps=STEPS)
    trained(RunFolder(tmp_path / "r", config), breaks_at=4, every=0.0)
    folder = RunFolder.reopen(tmp_path / "r")
    trained(folder, changes=CHANGES, breaks_at=19)
    folder = RunFolder.reopen(tmp_path / "r")
    last = trained(folder, changes={10: {"clip_range": (-0.3, 0.3)}})
    assert [(change.critic_step, change.field) for change in last.changes] == [
        (10, "clip_range"),
        (14, "n_critic"),
        (14, "critic_lr"),
    ]
    assert last.config.clip_range == (-0.3, 0.3)
    assert not (tmp_path / "r/scheduled.csv").exists()


def test_a_damaged_checkpoint_is_named_and_the_one_before_is_used(tmp_path: Path) -> None:
    config = dataclasses.replace(TINY, steps=STEPS)
    trained(RunFolder(tmp_path / "whole", config))
    trained(RunFolder(tmp_path / "r", config), breaks_at=8, every=0.0)
    older, newer = checkpoints.files(tmp_path / "r")
    newer.path.write_bytes(newer.path.read_bytes()[:-1])
    folder = RunFolder.reopen(tmp_path / "r")
    assert folder.resume_point.checkpoint.step == older.step == 7
    assert folder.resume_point.warning.startswith(newer.path.name)
    assert folder.resume_point.warning.endswith("That of step 7 is used instead.")
    last = trained(folder)
    assert newer.path.name in last.warning
    assert_equal(tmp_path / "r", tmp_path / "whole")


def test_a_run_with_damaged_checkpoints_only_stays_as_it_is(tmp_path: Path) -> None:
    trained(RunFolder(tmp_path / "r", TINY), breaks_at=4, every=0.0)
    for checkpoint in checkpoints.files(tmp_path / "r"):
        checkpoint.path.write_bytes(b"words")
    before = {path: path.read_bytes() for path in (tmp_path / "r").rglob("*") if path.is_file()}
    with pytest.raises(ValueError, match=r"step-000004-.*safetensors can't be used as a checkpoint: it is not"):
        RunFolder.reopen(tmp_path / "r")
    assert {path: path.read_bytes() for path in (tmp_path / "r").rglob("*") if path.is_file()} == before
    assert not lock.held(tmp_path / "r")


def test_a_finished_run_never_loses_steps_to_a_damaged_checkpoint(tmp_path: Path) -> None:
    trained(RunFolder(tmp_path / "r", TINY), every=0.0)
    checkpoints.files(tmp_path / "r")[-1].path.write_bytes(b"damaged")
    for steps in (None, TINY.steps):
        with pytest.raises(ValueError, match=rf"already made {TINY.steps} steps"):
            RunFolder.reopen(tmp_path / "r", steps)
    assert checkpoints.newest(tmp_path / "r")[0].step < TINY.steps


def test_a_failed_run_is_not_resumed(tmp_path: Path) -> None:
    config = dataclasses.replace(TINY, generator_lr=1e30)
    trained(RunFolder(tmp_path / "r", config))
    with pytest.raises(ValueError, match="failed"):
        RunFolder.reopen(tmp_path / "r")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the script forks, and Windows can't")
def test_kills_lose_no_more_than_a_checkpoint_interval() -> None:
    """`make hold` kills 200 times."""
    script = subprocess.run([sys.executable, kills.__file__, "3"], capture_output=True, text=True, check=False)
    assert script.returncode == 0, script.stdout + script.stderr
    assert re.search("3 kills, 3 reopened and resumed", script.stdout)
    most_steps, fresh = re.search(r"to (\d+) steps, (\d+) of them before", script.stdout).groups()
    assert int(most_steps) > 0
    assert int(fresh) < 3


def test_a_resume_that_fails_while_loading_can_be_tried_again(tmp_path: Path) -> None:
    config = dataclasses.replace(TINY, steps=9)
    trained(RunFolder(tmp_path / "r", config))

    def offline(*_: object) -> Trainer:
        raise ConnectionError("No network.")

    folder = RunFolder.reopen(tmp_path / "r", STEPS)
    last = TrainingRun(folder, offline).run()
    assert (last.status, last.error) == (Status.FAILED, "No network.")
    assert SavedRun(tmp_path / "r").summary.status is Status.INTERRUPTED
    folder = RunFolder.reopen(tmp_path / "r")
    assert trained(folder).step == STEPS


def test_tables_shorter_than_the_checkpoint_are_a_warning(tmp_path: Path) -> None:
    trained(RunFolder(tmp_path / "r", TINY))
    lines = (tmp_path / "r/metrics.csv").read_text().splitlines(keepends=True)
    (tmp_path / "r/metrics.csv").write_text("".join(lines[:3]))
    folder = RunFolder.reopen(tmp_path / "r", STEPS)
    folder.close()
    assert folder.resume_point.warning == "metrics.csv and layers.csv hold 2 of the 6 steps made so far."


@pytest.mark.parametrize("name", ["metrics.csv", "layers.csv"])
def test_a_run_without_its_tables_is_not_resumed_and_stays_as_it_is(name: str, tmp_path: Path) -> None:
    trained(RunFolder(tmp_path / "r", TINY))
    (tmp_path / "r" / name).unlink()
    before = {path: path.read_bytes() for path in (tmp_path / "r").rglob("*") if path.is_file()}
    with pytest.raises(ValueError, match=f"{name} is missing"):
        RunFolder.reopen(tmp_path / "r", STEPS)
    assert {path: path.read_bytes() for path in (tmp_path / "r").rglob("*") if path.is_file()} == before


def test_the_tables_are_on_disk_before_the_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced, write = [], checkpoints.write
    monkeypatch.setattr("os.fsync", synced.append)

    def written(*values: object) -> Path:
        assert len(synced) >= 3
        return write(*values)

    monkeypatch.setattr(checkpoints, "write", written)
    assert trained(RunFolder(tmp_path / "r", TINY)).warning == ""
