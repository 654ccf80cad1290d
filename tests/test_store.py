"""TODO."""

import csv
import json
import os
import pickle
import re
import shutil
import threading
import zipfile
from datetime import datetime
from pathlib import Path

import pytest
import torch
from stubs import TINY, TINY_IMAGES

from ganlab.config import TrainConfig
from ganlab.runs.disk import contents, library, networks
from ganlab.runs.disk import folder as runfolder
from ganlab.runs.disk.folder import RunFolder
from ganlab.runs.disk.lock import held, locked
from ganlab.runs.training_run import TrainingRun


@pytest.mark.parametrize("config", [TINY, TINY_IMAGES], ids=["points", "images"])
def test_a_run_leaves_its_whole_record(config: TrainConfig, tmp_path: Path) -> None:
    last = TrainingRun(config, RunFolder(tmp_path / "r", config)).run()
    assert {p.name for p in (tmp_path / "r").iterdir()} == {
        "config.json", "changes.csv", "metrics.csv", "layers.csv", "samples.png", "generator.safetensors",
        "critic.safetensors", "real.safetensors", "checkpoints", "moments", "ended.json", "run.lock",
    }  # fmt: skip
    assert TrainConfig.from_dict(json.loads((tmp_path / "r/config.json").read_text())) == config
    rows = list(csv.DictReader((tmp_path / "r/metrics.csv").read_text().splitlines()))
    assert [int(row["step"]) for row in rows] == list(range(1, config.steps + 1))
    assert [float(row["critic_loss"]) for row in rows] == last.history["critic_loss"].tolist()
    generator, known = networks.load_generator(tmp_path / "r/generator.safetensors")
    assert known == config
    latents = torch.randn(5, config.latent_dim, generator=torch.Generator().manual_seed(0))
    assert torch.equal(generator(latents), last.generator(latents))


def test_a_run_is_never_written_over(tmp_path: Path) -> None:
    RunFolder(tmp_path / "r", TINY).close()
    with pytest.raises(FileExistsError, match="already holds config"):
        RunFolder(tmp_path / "r", TINY)


def test_run_ids_name_themselves() -> None:
    ids = {library.new_run_id() for _ in range(20)}
    assert len(ids) > 15
    assert all(library.RUN_ID.fullmatch(run_id) for run_id in ids)


@pytest.mark.parametrize("content", [b"", b"not a network", b"\x10" + b"\0" * 40])
def test_a_foreign_generator_is_one_sentence(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "g.safetensors").write_bytes(content)
    with pytest.raises(ValueError, match="not a generator that ganlab saved"):
        networks.load_generator(tmp_path / "g.safetensors")
    with pytest.raises(FileNotFoundError, match="There is no"):
        networks.load_generator(tmp_path / "none.safetensors")


def test_somebody_elses_safetensors_is_one_sentence(tmp_path: Path) -> None:
    import safetensors.torch

    safetensors.torch.save_file({"w": torch.zeros(2)}, tmp_path / "g.safetensors")
    with pytest.raises(ValueError, match="not a generator that ganlab saved"):
        networks.load_generator(tmp_path / "g.safetensors")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "r"
    TrainingRun(TINY_IMAGES, RunFolder(path, TINY_IMAGES)).run()
    return path


def test_a_generator_comes_from_a_file_its_bytes_or_a_checkpoint(trained: Path) -> None:
    file = trained / "generator.safetensors"
    latents = torch.randn(5, TINY_IMAGES.latent_dim, generator=torch.Generator().manual_seed(0))
    found = [networks.read_generator(file), networks.read_generator(file.read_bytes())]
    found.append(contents.generator_at(contents.checkpoint_files(trained)[-1].path))
    for generator, config, step in found:
        assert (config, step, generator.training) == (TINY_IMAGES, TINY_IMAGES.steps, False)
        assert torch.equal(generator(latents), found[0][0](latents))


def test_damaged_generators_are_refused(trained: Path) -> None:
    content = (trained / "generator.safetensors").read_bytes()
    cases = {
        "don't match the SHA-256": content[:-1] + bytes([content[-1] ^ 1]),
        "or it is damaged": content + b"0",
        "metadata is incomplete": content.replace(b'\\"sha256\\"', b'\\"sha257\\"'),
        "metadata is invalid": content.replace(b'\\"step\\": 4', b'\\"step\\":-4'),
        "JSON is invalid": content.replace(b'\\"step\\": 4', b'\\"step\\": ]'),
        "not those that its settings need": content.replace(b'\\"width\\": 4', b'\\"width\\": 5'),
        "latent_dim must be from 1": content.replace(b'\\"latent_dim\\": 4', b'\\"latent_dim\\": 0'),
        "not a safetensors file": pickle.dumps({"a": 1}),
    }
    for words, changed in cases.items():
        assert changed != content, words
        with pytest.raises(ValueError, match=f"This file is not a generator that ganlab saved: .*{words}"):
            networks.read_generator(changed)
    with pytest.raises(ValueError, match="not those that its settings need"):
        networks.read_generator(trained / "critic.safetensors")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"status": "finished"}', '{"status": "running"}'])
def test_a_damaged_end_is_none(text: str, trained: Path, tmp_path: Path) -> None:
    assert contents.ending(trained).step == TINY_IMAGES.steps
    (tmp_path / "ended.json").write_text(text)
    assert contents.ending(tmp_path) is None


def test_a_run_is_exported_without_its_lock(trained: Path, tmp_path: Path) -> None:
    library.export(trained, tmp_path / "r.zip")
    with zipfile.ZipFile(tmp_path / "r.zip") as archive:
        names = set(archive.namelist())
    assert "r/metrics.csv" in names
    assert names == {f"r/{p.relative_to(trained).as_posix()}" for p in trained.rglob("*") if p.is_file()} - {
        "r/run.lock"
    }


@pytest.mark.parametrize(
    "values", [{"seconds": float("inf")}, {"device": "<img src=x>"}, {"critic_step": 1.5}, {"step": -1}]
)
def test_an_end_of_other_values_than_ours_is_none(values: dict, trained: Path, tmp_path: Path) -> None:
    end = json.loads((trained / "ended.json").read_text())
    (tmp_path / "ended.json").write_text(json.dumps(end | {"message": "m" * 5000}))
    assert len(contents.ending(tmp_path).message) == 1000
    (tmp_path / "ended.json").write_text(json.dumps(end | values))
    assert contents.ending(tmp_path) is None


def test_two_lookers_do_not_see_each_other(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "r", TINY)
    assert held(tmp_path / "r")
    folder.close()
    seen: list[bool] = []
    lookers = [threading.Thread(target=lambda: seen.extend(held(tmp_path / "r") for _ in range(300))) for _ in "ab"]
    for looker in lookers:
        looker.start()
    for looker in lookers:
        looker.join()
    assert (len(seen), any(seen)) == (600, False)


def test_files_that_vanish_while_somebody_looks_are_passed_over(
    trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = shutil.copytree(trained, tmp_path / "r")
    (found,) = contents.checkpoint_files(path)
    gone = found.path.with_name(f"step-000001-{'0' * 16}.safetensors")
    gone.symlink_to(tmp_path / "nothing")  # listed, and not there when it is looked at
    assert contents.checkpoint_files(path) == [found]
    assert library.size(path) == sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    assert library.size(tmp_path / "none") == 0


def test_nobody_makes_a_folder_by_looking_for_its_lock(tmp_path: Path) -> None:
    for wish in (RunFolder.reopen, library.delete):
        with pytest.raises(FileNotFoundError, match="There is no run r here"):
            wish(tmp_path / "r")
    assert not (tmp_path / "r").exists()


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
    (found,) = contents.checkpoint_files(path)
    start, end = found.path.name.rsplit("-", 1)
    found.path.rename(found.path.with_name(f"{start}-the-best-{end}"))
    (path / "checkpoints" / f"{found.path.name}.refused").touch()
    (path / "checkpoints" / f".{found.path.name}.0123abcd.part").touch()  # as version 0.1.0 left it
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
    assert contents.newest_checkpoint(whole)[0].step == TINY_IMAGES.steps


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


def test_a_folder_that_fills_while_its_lock_is_awaited_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = locked

    def late(path: Path) -> object:
        (path / "config.json").write_text("of another process")
        return lock(path)

    monkeypatch.setattr(runfolder, "locked", late)
    with pytest.raises(FileExistsError, match="already holds config"):
        RunFolder(tmp_path / "r", TINY)
    assert (tmp_path / "r/config.json").read_text() == "of another process"
    assert not held(tmp_path / "r")


def test_when_a_run_was_made() -> None:
    assert str(library.made_at("20261121-204501-3f2a")) == "2026-11-21 20:45:01"
    assert library.made_at("20261399-999999-abcd") is None
