"""Comparing what two runs left on disk."""

from pathlib import Path

import numpy as np
import torch

from ganlab.runs.disk import checkpoints, moments


def assert_equal(path: Path, whole: Path) -> None:
    """Networks, optimisers, random generators, samples and tables are equal: everything but the seconds."""
    (mine, problem), (theirs, _) = checkpoints.newest(path), checkpoints.newest(whole)
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
    assert set(moments.steps(path)) == set(moments.steps(whole))
    for step in moments.steps(path):
        assert np.array_equal(moments.read(path, step).samples, moments.read(whole, step).samples)
