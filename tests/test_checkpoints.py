"""Checkpoints: written whole, read as untrusted, pruned."""

import dataclasses
import errno
import hashlib
import pickle
import re
import subprocess
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import mutations
import pytest
import safetensors.torch
import torch

from ganlab import tensorfile
from ganlab.runs.disk import checkpoints
from ganlab.runs.disk.checkpoints import Checkpoint


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return mutations.good_checkpoint(tmp_path_factory.mktemp("run") / "r")


def test_mutated_files_are_refused_by_name_in_little_time_and_memory() -> None:
    """`make hold` reads 500 of them."""
    command = [sys.executable, mutations.__file__, "150"]
    script = subprocess.run(command, capture_output=True, text=True, check=False)
    assert script.returncode == 0, script.stdout + script.stderr
    assert "150 files, 150 refused by name, executed: False" in script.stdout
    slowest, extra = map(float, re.search(r"slowest ([\d.]+) s .*, extra memory ([\d.]+) MB", script.stdout).groups())
    assert slowest < 1
    assert extra < 200


def test_a_checkpoint_is_what_safetensors_reads_and_comes_back_whole(good: Path, tmp_path: Path) -> None:
    checkpoint = checkpoints.read(good)
    others = safetensors.torch.load_file(good)
    assert others.keys() == checkpoint.tensors.keys()
    assert all(torch.equal(others[name], tensor) for name, tensor in checkpoint.tensors.items())
    assert hashlib.sha256(good.read_bytes()).hexdigest()[:16] in good.name
    again = checkpoints.write(tmp_path, checkpoint)
    assert again.name == good.name
    start, end = again.name.rsplit("-", 1)
    again = again.rename(again.with_name(f"{start}-the-best-{end}"))
    assert checkpoints.read(again).tensors.keys() == others.keys()
    assert checkpoints.files(tmp_path) == [(checkpoint.step, again, "the-best")]


def test_the_last_two_are_kept_and_those_with_a_name(tmp_path: Path) -> None:
    def write(step: int, name: str = "") -> None:
        about = {"config": mutations.TINY_IMAGES, "shape": (1,), "critic_step": 0, "changes": 0, "seconds": 0.0}
        path = checkpoints.write(tmp_path, Checkpoint(step=step, device="cpu", tensors={}, **about))
        if name:
            start, end = path.name.rsplit("-", 1)
            path.rename(path.with_name(f"{start}-{name}-{end}"))

    for step, name in ((1, ""), (2, "good-one"), (3, ""), (10, ""), (4, "")):
        write(step, name)
    (tmp_path / "checkpoints/step-7.safetensors").write_bytes(b"foreign")
    assert [old.step for old in checkpoints.prune(tmp_path)] == [1, 3]
    assert [(one.step, one.name) for one in checkpoints.files(tmp_path)] == [(2, "good-one"), (4, ""), (10, "")]


def write_plainly(path: Path) -> None:
    tensorfile.write(path, b"after", sync=True)


def write_tensors(path: Path) -> None:
    tensorfile.write_hashed(path.parent, lambda _: path.name, {"a": torch.zeros(100)}, {})


WRITERS = pytest.mark.parametrize("write", [write_plainly, write_tensors])


@WRITERS
@pytest.mark.parametrize("at", ["os.fsync", "os.replace"])
def test_a_file_is_written_whole_or_not_at_all(
    write: Callable[[Path], None], at: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    (tmp_path / "a").write_bytes(b"before")
    with monkeypatch.context() as disk:
        disk.setattr(at, full)
        with pytest.raises(OSError, match="No space"):
            write(tmp_path / "a")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a", b"before")]
    write(tmp_path / "a")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    (tmp_path / "plain").touch()
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_what_the_system_refuses_is_an_os_error(tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")  # not on Windows
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large") as refused:
            tensorfile.write_hashed(tmp_path, str, {"a": torch.zeros(100_000)}, {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert refused.value.errno == errno.EFBIG
    assert list(tmp_path.iterdir()) == []


def test_equal_tensors_and_metadata_are_equal_bytes(tmp_path: Path) -> None:
    tensors = {"a": torch.arange(6.0).reshape(2, 3).T, "b": torch.tensor(3), "c": torch.zeros(2, dtype=torch.uint8)}
    for metadata in ({}, {"about": '{"one": 1, "two": 2}'}):
        content = tensorfile.packed(tensors, metadata)
        assert content == tensorfile.packed(dict(reversed(tensors.items())), metadata)
        path = tensorfile.write_hashed(tmp_path, lambda sha256: f"{sha256}.st", tensors, metadata)
        assert path == tmp_path / f"{hashlib.sha256(content).hexdigest()}.st"
        assert path.read_bytes() == content
        assert (b"__metadata__" in content) == bool(metadata)
        for source in (path, content):
            known, others = tensorfile.read(source, lambda *_: None)
            assert known == metadata
            assert others.keys() == tensors.keys()
            assert all(torch.equal(others[name], tensor) for name, tensor in tensors.items())


def one(entry: str, rest: bytes = bytes(4), metadata: str = "{}") -> bytes:
    return mutations.joined(f'{{"__metadata__": {metadata}, "a": {entry}}}'.encode(), rest)


GOOD = '{"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}'
REFUSED = {
    "nothing": b"",
    "no length": b"1234567",
    "no header": bytes(8),
    "a long header": one(GOOD + " " * tensorfile.LIMIT_HEADER),
    "an unknown dtype": one('{"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}'),
    "no dtype": one('{"dtype": "object", "shape": [1], "data_offsets": [0, 4]}'),
    "no values": one('{"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}', b""),
    "a huge side": one(f'{{"dtype": "F32", "shape": [0, {2**40}], "data_offsets": [0, 0]}}', b""),
    "many sides": one(f'{{"dtype": "F32", "shape": {[1] * 9}, "data_offsets": [0, 4]}}'),
    "a shape of another size": one('{"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}'),
    "a true side": one('{"dtype": "F32", "shape": [true], "data_offsets": [0, 4]}'),
    "too few bytes": one(GOOD, bytes(3)),
    "too many bytes": one(GOOD, bytes(5)),
    "a gap": one('{"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}', bytes(8)),
    "two in one place": one(f'{GOOD}, "b": {GOOD}'),
    "one name twice": one(f'{GOOD}, "a": {GOOD.replace("0, 4", "4, 8")}', bytes(8)),
    "metadata that is a number": one(GOOD, metadata='{"a": 1}'),
    "metadata in metadata": one(GOOD, metadata='{"a": {}}'),
    "metadata that is a list": one(GOOD, metadata="[]"),
    "a pickle": pickle.dumps({"a": 1}),
}


@pytest.mark.parametrize("what", REFUSED)
def test_other_files_are_refused_with_a_clause(what: str, tmp_path: Path) -> None:
    tensorfile.read(one(GOOD), lambda *_: None)
    (tmp_path / "a").write_bytes(REFUSED[what])
    for source in (tmp_path / "a", REFUSED[what]):
        with pytest.raises(ValueError, match=r"^[a-z].*[^.]$"):
            tensorfile.read(source, lambda *_: None)


def test_a_check_knows_metadata_data_types_and_shapes() -> None:
    def check(metadata: dict[str, str], kinds: tensorfile.Kinds) -> None:
        assert (metadata, kinds) == ({"k": "v"}, {"a": (torch.float32, (1,))})
        raise ValueError("it is not wanted")

    with pytest.raises(ValueError, match=r"^it is not wanted$"):
        tensorfile.read(one(GOOD, metadata='{"k": "v"}'), check)


def test_a_huge_file_is_refused_unread(good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    huge = tmp_path / good.name
    with huge.open("wb") as file:
        file.truncate(tensorfile.LIMIT_BYTES + 1)
    for name in ("file_sha256", "read"):
        monkeypatch.setattr(tensorfile, name, None)
    with pytest.raises(ValueError, match="at most 2,147,483,648 are allowed"):
        checkpoints.read(huge)


def test_random_generators_in_an_impossible_state_are_refused(good: Path, tmp_path: Path) -> None:
    checkpoint = checkpoints.read(good)
    checkpoint.tensors["rng"].fill_(255)
    with pytest.raises(ValueError, match=r"can't be used as a checkpoint"):
        checkpoints.read(checkpoints.write(tmp_path, checkpoint))


@pytest.mark.parametrize(
    "values", [{"device": "<img src=x>"}, {"seconds": 3}, {"shape": (1.0,)}, {"changes": -1}, {"critic_step": True}]
)
def test_invalid_metadata_is_refused(values: dict, good: Path, tmp_path: Path) -> None:
    checkpoint = dataclasses.replace(checkpoints.read(good), **values)
    with pytest.raises(ValueError, match=r"^step-000004-.*\.safetensors can't be used as a checkpoint: .*\.$"):
        checkpoints.read(checkpoints.write(tmp_path, checkpoint))


def test_a_checkpoint_is_written_without_a_second_copy_in_memory(tmp_path: Path) -> None:
    tensors = {"a": torch.zeros(4_000_000), "b": torch.tensor(1.0)}
    tracemalloc.start()  # sees what Python and NumPy take; bench/memory.py measures all of it
    path = tensorfile.write_hashed(tmp_path, str, tensors, {})
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1_000_000
    assert path.read_bytes() == tensorfile.packed(tensors, {})
