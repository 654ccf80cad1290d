"""TODO."""

import dataclasses
import re
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

import mutations
import pytest
import safetensors.torch
import torch

from ganlab import tensorfile
from ganlab.runs.disk import checkpoints, contents
from ganlab.runs.disk.checkpoints import Checkpoint


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mutations.good_checkpoint(tmp_path_factory.mktemp("run") / "r")


def test_500_mutated_files_are_refused_by_name_in_little_time_and_memory() -> None:
    script = subprocess.run([sys.executable, mutations.__file__], capture_output=True, text=True, check=False)
    assert script.returncode == 0, script.stdout + script.stderr
    assert "500 files, 500 refused by name, executed: False" in script.stdout
    slowest, extra = map(float, re.search(r"slowest ([\d.]+) s .*, extra memory ([\d.]+) MB", script.stdout).groups())
    assert slowest < 1
    assert extra < 200


def test_a_checkpoint_is_what_safetensors_reads_and_comes_back_whole(good: Path) -> None:
    checkpoint = contents.checkpoint_in(good)
    others = safetensors.torch.load_file(good)
    assert others.keys() == checkpoint.tensors.keys()
    assert all(torch.equal(others[name], tensor) for name, tensor in checkpoint.tensors.items())
    again = checkpoints.write(good.parent.parent / "again", checkpoint)
    assert again.name == good.name
    start, end = again.name.rsplit("-", 1)
    again = again.rename(again.with_name(f"{start}-the-best-{end}"))
    assert contents.checkpoint_in(again).tensors.keys() == others.keys()
    assert checkpoints.files(again.parent) == [(checkpoint.step, again, "the-best")]


def test_the_last_two_are_kept_and_those_with_a_name(tmp_path: Path) -> None:
    def write(step: int, name: str = "") -> None:
        about = {"config": mutations.TINY_IMAGES, "shape": (1,), "critic_step": 0, "changes": 0, "seconds": 0.0}
        path = checkpoints.write(tmp_path, Checkpoint(step=step, device="cpu", tensors={}, **about))
        if name:
            start, end = path.name.rsplit("-", 1)
            path.rename(path.with_name(f"{start}-{name}-{end}"))

    for step, name in ((1, ""), (2, "good-one"), (3, ""), (10, ""), (4, "")):
        write(step, name)
    (tmp_path / "step-7.safetensors").write_bytes(b"foreign")
    assert [old.step for old in checkpoints.prune(tmp_path)] == [1, 3]
    assert [(one.step, one.name) for one in checkpoints.files(tmp_path)] == [(2, "good-one"), (4, ""), (10, "")]


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    tensorfile.write(tmp_path / "a", b"before")
    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        tensorfile.write(tmp_path / "a", b"after", sync=True)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a", b"before")]


def test_a_huge_file_is_refused_unread(good: Path, tmp_path: Path) -> None:
    huge = tmp_path / good.name
    with huge.open("wb") as file:
        file.truncate(tensorfile.LIMIT_BYTES + 1)
    start = time.perf_counter()
    with pytest.raises(ValueError, match="at most 2,147,483,648 are allowed"):
        contents.checkpoint_in(huge)
    assert time.perf_counter() - start < 1


def test_random_generators_in_an_impossible_state_are_refused(good: Path, tmp_path: Path) -> None:
    checkpoint = contents.checkpoint_in(good)
    checkpoint.tensors["rng"].fill_(255)
    with pytest.raises(ValueError, match="random generators are in no state"):
        contents.checkpoint_in(checkpoints.write(tmp_path, checkpoint))


def test_a_device_that_is_none_is_refused(good: Path, tmp_path: Path) -> None:
    checkpoint = dataclasses.replace(contents.checkpoint_in(good), device="<img src=x>")
    with pytest.raises(ValueError, match="or on what"):
        contents.checkpoint_in(checkpoints.write(tmp_path, checkpoint))


def test_a_checkpoint_is_written_without_a_second_copy_in_memory(tmp_path: Path) -> None:
    tensors = {"a": torch.zeros(4_000_000), "b": torch.tensor(1.0)}
    tracemalloc.start()
    pieces = tensorfile.pieces(tensors, {})
    tensorfile.write(tmp_path / "a", *pieces)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000
    assert (tmp_path / "a").read_bytes() == tensorfile.packed(tensors, {})
