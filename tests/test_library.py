"""The runs on disk: listed, exported and deleted."""

import os
import re
import shutil
import zipfile
from datetime import datetime
from pathlib import Path

import pytest
from stubs import TINY_IMAGES

from ganlab.runs.disk import checkpoints, library
from ganlab.runs.disk.folder import RunFolder
from ganlab.runs.training_run import TrainingRun


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "r"
    TrainingRun(RunFolder(path, TINY_IMAGES)).run()
    return path


def test_new_ids_are_valid_and_differ() -> None:
    ids = {library.new_run_id() for _ in range(20)}
    assert len(ids) > 15
    assert all(library.RUN_ID.fullmatch(run_id) for run_id in ids)


def test_a_run_is_exported_without_its_lock(trained: Path, tmp_path: Path) -> None:
    library.export(trained, tmp_path / "r.zip")
    with zipfile.ZipFile(tmp_path / "r.zip") as archive:
        names = set(archive.namelist())
    assert "r/metrics.csv" in names
    assert names == {f"r/{p.relative_to(trained).as_posix()}" for p in trained.rglob("*") if p.is_file()} - {
        "r/run.lock"
    }


def test_a_run_being_deleted_is_not_resumed(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = shutil.copytree(trained, tmp_path / "r")
    delete_files = library._delete_files

    def late(folder: Path, ours: re.Pattern[str]) -> list[Path]:
        if folder.name == "checkpoints":
            with pytest.raises(ValueError, match=r"config\.json can't be read"):
                RunFolder.reopen(path, 10)
        return delete_files(folder, ours)

    monkeypatch.setattr(library, "_delete_files", late)
    assert library.delete(path) == ""
    assert not path.exists()


def test_everything_that_a_run_writes_is_deleted(trained: Path, tmp_path: Path) -> None:
    path = shutil.copytree(trained, tmp_path / "r")
    (path / "scheduled.csv").touch()
    (path / "instruments.csv").touch()
    (path / "instruments.csv.refused").touch()
    (path / ".metrics.csv.0123abcd.part").touch()
    (checkpoint,) = checkpoints.files(path)
    name = checkpoint.path.name
    start, end = name.rsplit("-", 1)
    checkpoint.path.rename(path / "checkpoints" / f"{start}-the-best-{end}")
    (path / "checkpoints" / f"{name}.refused").touch()
    (path / "checkpoints" / f".{name}.0123abcd.part").touch()  # as version 0.1.0 left it
    (path / "checkpoints/.tensors.0123abcd.part").mkdir()
    (path / "checkpoints/.tensors.0123abcd.part/.tmp12").touch()
    (path / "moments/.00000001.safetensors.0123abcd.part").touch()
    assert library.delete(path) == ""
    assert not path.exists()


def test_files_of_others_stay_and_are_named(trained: Path, tmp_path: Path) -> None:
    path = shutil.copytree(trained, tmp_path / "r")
    outside = tmp_path / "outside"
    outside.mkdir()
    foreign = ["checkpoints/notes.txt", "mine/a.txt", "moments/00000001.safetensors.txt", "thesis.tex"]
    for name in foreign:
        (path / name).parent.mkdir(exist_ok=True)
        (path / name).write_text("mine")
        (outside / name.replace("/", "-")).write_text("mine")
    (path / "link").symlink_to(outside)
    sentence = library.delete(path)
    stays = {file.relative_to(path).as_posix() for file in path.rglob("*") if not file.is_dir()}
    assert stays == {*foreign}
    assert (path / "link").is_symlink()
    assert len(list(outside.iterdir())) == len(foreign)
    for name in ("checkpoints/notes.txt", "moments/00000001.safetensors.txt"):
        assert name in sentence
    assert sentence.endswith(", ….")


def test_links_are_not_followed(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = tmp_path / "runs"
    runs.mkdir()
    monkeypatch.setenv("GANLAB_RUNS", str(runs))
    whole = shutil.copytree(trained, tmp_path / "whole")
    (runs / "linked").symlink_to(whole)
    assert library.run_paths() == []
    with pytest.raises(OSError, match="link"):
        library.delete(runs / "linked")
    path = shutil.copytree(trained, runs / "r")
    shutil.rmtree(path / "checkpoints")
    (path / "checkpoints").symlink_to(whole / "checkpoints")
    assert library.delete(path) == ""
    assert not path.exists()
    assert checkpoints.newest(whole)[0].step == TINY_IMAGES.steps


def test_every_run_is_listed_newest_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANLAB_RUNS", str(tmp_path))
    assert library.run_paths() == []
    old, named, new = "20260101-000000-abcd", "my-run_2.0", "20260301-000000-abcd"
    for name in (old, named, new, ".hidden", "a b", "x" * 65, "ünï"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "config.json").touch()
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").touch()
    between = datetime(2026, 2, 1).timestamp()
    os.utime(tmp_path / named / "config.json", (between, between))
    assert [path.name for path in library.run_paths()] == [new, named, old]
    assert library.made_at(named) == datetime(2026, 2, 1)
    assert [library.short_name(name) for name in (new, named)] == ["abcd", named]


def test_when_a_run_was_made() -> None:
    assert str(library.made_at("20261121-204501-3f2a")) == "2026-11-21 20:45:01"
    assert library.made_at("20261399-999999-abcd") is None
