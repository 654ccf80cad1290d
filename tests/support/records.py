"""Comparing what two runs left on disk."""

from pathlib import Path

import numpy as np
import torch

from ganlab.runs.disk import contents


def assert_equal(path: Path, whole: Path) -> None:
    """Networks, optimisers, random generators, samples and tables are equal: everything but the seconds."""
    (mine, problem), (theirs, _) = contents.newest_checkpoint(path), contents.newest_checkpoint(whole)
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
    assert set(contents.moment_steps(path)) == set(contents.moment_steps(whole))
    for step in contents.moment_steps(path):
        assert np.array_equal(contents.read_moment(path, step).samples, contents.read_moment(whole, step).samples)
