"""A run that was stopped or killed goes on as if nothing had been between."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from stubs import TINY, TINY_IMAGES

from ganlab import store
from ganlab.config import TrainConfig
from ganlab.datasets import load
from ganlab.runs import TrainingRun
from ganlab.snapshot import Snapshot, Status
from ganlab.training import Trainer

STEPS = 24
CHANGES = {5: {"clip_range": (-0.05, 0.05)}, 14: {"n_critic": 3, "critic_lr": 3e-3}, 31: {"clip_range": (-0.2, 0.1)}}


class Steered(Trainer):
    """Changes are wished for after given numbers of critic updates; at one step, it is stopped or killed."""

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


def trained(folder: store.RunFolder, config: TrainConfig, every: float = 1e9, **how: object) -> Snapshot:
    torch.set_num_threads(1)
    made = []

    def make(c: TrainConfig, _: object) -> Steered:
        made.append(Steered(c, **how))
        made[0].run = run
        return made[0]

    run = TrainingRun(config, folder, make, checkpoint_every=every)
    try:
        return run.run()
    except KeyboardInterrupt:
        folder.close()  # the kernel lets go of the lock of a process that was killed
        return run.latest


def assert_equal(path: Path, whole: Path) -> None:
    """Networks, optimisers, random generators, samples, tables: everything but the seconds."""
    (mine, problem), (theirs, _) = store.newest(path), store.newest(whole)
    assert problem == ""
    assert mine.config == theirs.config
    assert (mine.step, mine.critic_step, mine.changes) == (theirs.step, theirs.critic_step, theirs.changes)
    assert [k for k in theirs.tensors if not torch.equal(mine.tensors[k], theirs.tensors[k])] == []
    for name in ("changes.csv", "layers.csv", "samples.png", "generator.safetensors"):
        assert (path / name).read_bytes() == (whole / name).read_bytes(), name
    rows, others = ((p / "metrics.csv").read_text().splitlines() for p in (path, whole))
    assert [row.rpartition(",")[0] for row in rows] == [row.rpartition(",")[0] for row in others]
    seconds = np.array([float(row.rpartition(",")[2]) for row in rows[1:]])
    assert (np.diff(seconds) > 0).all()
    assert set(store.moments(path)) == set(store.moments(whole))
    for step in store.moments(path):
        assert np.array_equal(store.moment(path, step).samples, store.moment(whole, step).samples)


@pytest.mark.parametrize("optimizer", ["rmsprop", "adam"])
@pytest.mark.parametrize("config", [TINY, TINY_IMAGES], ids=["points", "images"])
def test_killed_and_resumed_equals_uninterrupted(config: TrainConfig, optimizer: str, tmp_path: Path) -> None:
    """Killed twice, between checkpoints, with changes before and after them."""
    config = dataclasses.replace(config, steps=STEPS, optimizer=optimizer)
    trained(store.RunFolder(tmp_path / "whole", config), config, changes=CHANGES)
    path = tmp_path / "killed"
    trained(store.RunFolder(path, config), config, changes=CHANGES, breaks_at=4, every=0.0)
    folder = store.RunFolder.reopen(path)
    assert folder.past.checkpoint.step == 4
    trained(folder, folder.config, changes=CHANGES, breaks_at=19)  # no checkpoint: this part is lost
    assert len((path / "changes.csv").read_text().splitlines()) == 5
    folder = store.RunFolder.reopen(path)
    assert folder.past.checkpoint.step == 4
    assert [at for at, *_ in folder.past.later] == [14, 14, 31]
    last = trained(folder, folder.config)
    assert last.status is Status.FINISHED
    assert [change.critic_step for change in last.changes] == [5, 14, 14, 31]
    assert_equal(path, tmp_path / "whole")
