"""Files named after their content."""

import hashlib
import io
from pathlib import Path

import pytest

from ganlab.data import kept

CONTENT = b"weights, clipped"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.mark.parametrize("digits", [16, 64])
def test_a_file_is_kept_under_its_hash_and_found(digits: int, tmp_path: Path) -> None:
    stream = io.BytesIO(CONTENT)
    stream.read()  # the whole stream is kept, wherever it stands
    name = kept.keep(tmp_path / "new", stream, ".txt", digits)
    assert name == SHA256[:digits]
    path = kept.find(tmp_path / "new", name, ".txt")
    assert [path] == list((tmp_path / "new").iterdir())
    assert path.read_bytes() == CONTENT
    assert kept.is_intact(path)


def test_the_same_content_is_kept_once(tmp_path: Path) -> None:
    name = kept.keep(tmp_path, io.BytesIO(CONTENT), ".txt")
    before = (tmp_path / f"{name}.txt").stat()
    assert kept.keep(tmp_path, io.BytesIO(CONTENT), ".txt") == name
    after = (tmp_path / f"{name}.txt").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_damage_is_noticed_and_mended(tmp_path: Path) -> None:
    name = kept.keep(tmp_path, io.BytesIO(CONTENT), ".txt")
    path = tmp_path / f"{name}.txt"
    path.write_bytes(CONTENT[1:])
    assert not kept.is_intact(path)
    assert kept.keep(tmp_path, io.BytesIO(CONTENT), ".txt") == name
    assert kept.is_intact(path)


@pytest.mark.parametrize(
    "name", ["", "0" * 16, f"../{SHA256[:16]}", f"{SHA256[:16]}\n", SHA256[:15], SHA256[:16].upper()]
)
def test_no_other_name_is_found(name: str, tmp_path: Path) -> None:
    kept.keep(tmp_path, io.BytesIO(CONTENT), ".txt")
    (tmp_path / "folder").mkdir()
    assert kept.find(tmp_path / "folder", name, ".txt") is None
    assert kept.find(tmp_path, name, ".txt") is None
