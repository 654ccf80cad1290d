from pathlib import Path

import numpy as np
import pytest
from stubs import TINY, TINY_IMAGES

from ganlab import moments, store
from ganlab.config import TrainConfig
from ganlab.runs import TrainingRun


@pytest.mark.parametrize("config", [TINY, TINY_IMAGES], ids=["points", "images"])
def test_a_run_leaves_looks_that_can_be_looked_at(config: TrainConfig, tmp_path: Path) -> None:
    last = TrainingRun(config, store.RunFolder(tmp_path / "r", config)).run()
    assert store.moments(tmp_path / "r") == list(range(1, config.steps + 1))
    moment = store.moment(tmp_path / "r", config.steps)
    assert (moment.step, moment.critic_step, moment.clip_range) == (last.step, last.critic_step, config.clip_range)
    assert np.array_equal(moment.samples, last.samples)
    for mine, theirs in zip(moment.weights, last.weights, strict=True):
        assert (mine.name, mine.shape, mine.clip_range) == (theirs.name, theirs.shape, theirs.clip_range)
        assert (mine.before_counts, mine.after_counts) == (theirs.before_counts, theirs.after_counts)
        for field in ("edges", "before", "after"):
            assert np.array_equal(getattr(mine, field), getattr(theirs, field))


@pytest.mark.parametrize("steps", [1, 2, 10, 60, 1500, 2000, 5000, 99_999, 10**7])
def test_looks_are_dense_at_first_then_even_and_about_150(steps: int) -> None:
    scheduled = sorted(moments.schedule(steps))
    assert scheduled[0] == 1
    assert scheduled[-1] == steps
    assert len(scheduled) <= 1.1 * moments.MANY
    gaps = np.diff(scheduled[:-1])
    assert (gaps >= 1).all()
    assert gaps.max(initial=0) <= max(1, steps / 50)


@pytest.mark.parametrize("content", [b"", b"words", b"\x10" + b"\0" * 40])
def test_a_foreign_look_is_one_sentence(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "00000007.safetensors").write_bytes(content)
    (tmp_path / "notes.txt").write_bytes(content)
    assert moments.steps(tmp_path) == [7]
    for step in (7, 8):
        with pytest.raises(ValueError, match=rf"0000000{step}.safetensors can't be shown"):
            moments.read(tmp_path, step)
