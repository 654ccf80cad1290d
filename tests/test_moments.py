"""The saved moments of a run."""

import dataclasses
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from stubs import TINY, TINY_IMAGES

from ganlab.config import TrainConfig
from ganlab.gan.histograms import Counts, WeightHistogram
from ganlab.runs.disk import moments
from ganlab.runs.disk.folder import RunFolder
from ganlab.runs.training_run import TrainingRun

SCALED = dataclasses.replace(TINY_IMAGES, clip_scope="no-norm", clip_scale="gain")
FREE = dataclasses.replace(TINY, constraint="none")


@pytest.mark.parametrize("config", [TINY, TINY_IMAGES, SCALED, FREE], ids=["points", "images", "scaled", "free"])
def test_a_run_leaves_moments_that_can_be_read(config: TrainConfig, tmp_path: Path) -> None:
    last = TrainingRun(RunFolder(tmp_path / "r", config)).run()
    assert moments.steps(tmp_path / "r") == list(range(1, config.steps + 1))
    moment = moments.read(tmp_path / "r", config.steps)
    assert (moment.step, moment.critic_step, moment.clip_range) == (
        last.step,
        last.critic_step,
        None if config is FREE else config.clip_range,
    )
    assert np.array_equal(moment.samples, last.samples)
    for mine, theirs in zip(moment.weights, last.weights, strict=True):
        assert (mine.name, mine.shape, mine.clip_range) == (theirs.name, theirs.shape, theirs.clip_range)
        assert mine.scale == theirs.scale
        assert np.array_equal(mine.largest, theirs.largest, equal_nan=True)
        assert (mine.before_counts, mine.after_counts) == (theirs.before_counts, theirs.after_counts)
        for field in ("edges", "before", "after"):
            assert np.array_equal(getattr(mine, field), getattr(theirs, field))


@pytest.mark.parametrize("steps", [1, 2, 10, 60, 1500, 2000, 5000, 99_999, 10**7])
def test_moments_are_dense_at_first_then_even_and_about_150(steps: int) -> None:
    scheduled = sorted(moments.schedule(steps))
    assert scheduled[0] == 1
    assert scheduled[-1] == steps
    assert len(scheduled) <= 1.1 * moments.MANY
    gaps = np.diff(scheduled[:-1])
    assert (gaps >= 1).all()
    assert gaps.max(initial=0) <= max(1, steps / 50)


@pytest.mark.parametrize("content", [b"", b"words", b"\x10" + b"\0" * 40])
def test_a_foreign_moment_is_one_sentence(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(TINY_IMAGES.as_dict()))
    (tmp_path / "moments").mkdir()
    moments.path_of(tmp_path, 7).write_bytes(content)
    (tmp_path / "moments/notes.txt").write_bytes(content)
    assert moments.steps(tmp_path) == [7]
    for step in (7, 8):
        with pytest.raises(ValueError, match=rf"0000000{step}.safetensors can't be shown"):
            moments.read(tmp_path, step)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "r"
    TrainingRun(RunFolder(path, TINY)).run()
    return path


def no_counts(h: WeightHistogram) -> dict:
    return {"before_counts": Counts(0, 0, 0, 0, 0), "before": h.before * 0}


CHANGED = {
    "a name that torch never gives": lambda h: {"name": "<img src=x onerror=alert(1)>"},
    "no counts": no_counts,
    "edges that are not numbers": lambda h: {"edges": h.edges * np.nan},
    "falling edges": lambda h: {"edges": h.edges[::-1]},
    "a negative count": lambda h: {"after_counts": h.after_counts._replace(below_low=-1)},
    "a bound that is not a number": lambda h: {"clip_range": (float("nan"), 0.1)},
    "a scale of nothing": lambda h: {"scale": 0.0},
    "a scale that is not a number": lambda h: {"scale": float("nan")},
    "what a clamp moved without a clamp": lambda h: {"clip_range": None},
}


@pytest.mark.parametrize("what", CHANGED)
def test_a_moment_with_invalid_values_is_refused(what: str, trained: Path, tmp_path: Path) -> None:
    good = moments.read(trained, 3)
    weights = tuple(dataclasses.replace(h, **CHANGED[what](h)) for h in good.weights)
    path = shutil.copytree(trained, tmp_path / "r")
    moments.write(path, dataclasses.replace(good, weights=weights))
    with pytest.raises(ValueError, match=r"^00000003.safetensors can't be shown: .*\.$"):
        moments.read(path, 3)


def test_a_moment_of_another_kind_of_run_or_after_infinite_steps_is_refused(trained: Path, tmp_path: Path) -> None:
    path = shutil.copytree(trained, tmp_path / "r")
    moments.write(path, dataclasses.replace(moments.read(trained, 3), critic_step=float("inf")))
    with pytest.raises(ValueError, match="number of critic updates is invalid"):
        moments.read(path, 3)
    (path / "config.json").write_text(json.dumps(TINY_IMAGES.as_dict()))
    with pytest.raises(ValueError, match="not of this run's kind"):
        moments.read(path, 2)
