"""What a run leaves in its folder, and how it is read back."""

import csv
import json
import pickle
import shutil
import threading
from pathlib import Path

import pytest
import torch
from stubs import TINY, TINY_IMAGES

from ganlab import tensorfile
from ganlab.config import TrainConfig
from ganlab.runs.disk import checkpoints, contents, library, networks
from ganlab.runs.disk import folder as runfolder
from ganlab.runs.disk.folder import FILES, RunFolder
from ganlab.runs.disk.lock import held, locked
from ganlab.runs.saved_run import SavedRun
from ganlab.runs.snapshot import Status
from ganlab.runs.training_run import TrainingRun

OF_SOME = {"instruments.csv", "name.txt", "live.safetensors", "viewer", "inbox"}
"""Files that not every run has, or only while it trains."""


@pytest.mark.parametrize("config", [TINY, TINY_IMAGES], ids=["points", "images"])
def test_a_run_leaves_its_whole_record(config: TrainConfig, tmp_path: Path) -> None:
    last = TrainingRun(RunFolder(tmp_path / "r", config)).run()
    assert {p.name for p in (tmp_path / "r").iterdir()} == {*FILES, "run.lock"} - OF_SOME
    assert TrainConfig.from_dict(json.loads((tmp_path / "r/config.json").read_text())) == config
    rows = list(csv.DictReader((tmp_path / "r/metrics.csv").read_text().splitlines()))
    assert [int(row["step"]) for row in rows] == list(range(1, config.steps + 1))
    assert [float(row["critic_loss"]) for row in rows] == last.history["critic_loss"].tolist()
    generator, known, _ = networks.read_network(tmp_path / "r/generator.safetensors")
    assert known == config
    latents = torch.randn(5, config.latent_dim, generator=torch.Generator().manual_seed(0))
    assert torch.equal(generator(latents), last.generator(latents))


def test_a_run_is_never_overwritten(tmp_path: Path) -> None:
    RunFolder(tmp_path / "r", TINY).close()
    with pytest.raises(FileExistsError, match="already holds config"):
        RunFolder(tmp_path / "r", TINY)


@pytest.mark.parametrize("content", [b"", b"not a network", b"\x10" + b"\0" * 40])
def test_a_foreign_generator_is_one_sentence(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "g.safetensors").write_bytes(content)
    with pytest.raises(ValueError, match="not a generator that ganlab saved"):
        networks.read_network(tmp_path / "g.safetensors")
    with pytest.raises(ValueError, match="it is missing"):
        networks.read_network(tmp_path / "none.safetensors")


def test_another_programs_safetensors_file_is_one_sentence(tmp_path: Path) -> None:
    import safetensors.torch

    safetensors.torch.save_file({"w": torch.zeros(2)}, tmp_path / "g.safetensors")
    with pytest.raises(ValueError, match="not a generator that ganlab saved"):
        networks.read_network(tmp_path / "g.safetensors")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "r"
    TrainingRun(RunFolder(path, TINY_IMAGES)).run()
    return path


def test_a_generator_comes_from_a_file_its_bytes_or_a_checkpoint(trained: Path) -> None:
    file = trained / "generator.safetensors"
    latents = torch.randn(5, TINY_IMAGES.latent_dim, generator=torch.Generator().manual_seed(0))
    generators = [networks.read_network(file), networks.read_network(file.read_bytes())]
    checkpoint = checkpoints.read(checkpoints.files(trained)[-1].path)
    generators.append((checkpoint.network("generator"), checkpoint.config, checkpoint.step))
    for generator, config, step in generators:
        assert (config, step, generator.training) == (TINY_IMAGES, TINY_IMAGES.steps, False)
        assert torch.equal(generator(latents), generators[0][0](latents))


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
            networks.read_network(changed)
    with pytest.raises(ValueError, match="not those that its settings need"):
        networks.read_network(trained / "critic.safetensors")


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_a_generator_of_16_bits_says_so(dtype: torch.dtype, trained: Path, tmp_path: Path) -> None:
    metadata, tensors = tensorfile.read(trained / "generator.safetensors", lambda *_: None)
    halved = {name: tensor.to(dtype) if tensor.is_floating_point() else tensor for name, tensor in tensors.items()}
    (tmp_path / "half.safetensors").write_bytes(tensorfile.packed(halved, metadata))
    with pytest.raises(ValueError, match=f"its numbers are {str(dtype).removeprefix('torch.')}; ganlab reads float32"):
        networks.read_network(tmp_path / "half.safetensors")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"status": "finished"}', '{"status": "running"}'])
def test_a_damaged_ending_is_none(text: str, trained: Path, tmp_path: Path) -> None:
    assert contents.ending(trained).step == TINY_IMAGES.steps
    (tmp_path / "ended.json").write_text(text)
    assert contents.ending(tmp_path) is None


@pytest.mark.parametrize(
    "values",
    [
        {"seconds": float("inf")},
        {"device": "<img src=x>"},
        {"device": 0},
        {"critic_step": 1.5},
        {"step": -1},
        {"step": 10**8},
    ],
)
def test_an_ending_with_invalid_values_is_none(values: dict, trained: Path, tmp_path: Path) -> None:
    end = json.loads((trained / "ended.json").read_text())
    (tmp_path / "ended.json").write_text(json.dumps(end | {"message": "m" * 5000}))
    assert len(contents.ending(tmp_path).message) == 1000
    (tmp_path / "ended.json").write_text(json.dumps(end | values))
    assert contents.ending(tmp_path) is None


def test_two_threads_that_probe_a_lock_do_not_see_each_other(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "r", TINY)
    assert held(tmp_path / "r")
    folder.close()
    results: list[bool] = []
    threads = [threading.Thread(target=lambda: results.extend(held(tmp_path / "r") for _ in range(300))) for _ in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(results), any(results)) == (600, False)


def test_files_that_vanish_while_a_folder_is_read_are_ignored(trained: Path, tmp_path: Path) -> None:
    path = shutil.copytree(trained, tmp_path / "r")
    (checkpoint,) = checkpoints.files(path)
    gone = checkpoint.path.with_name(f"step-000001-{'0' * 16}.safetensors")
    gone.symlink_to(tmp_path / "nothing")  # listed, but missing when its date is read
    assert checkpoints.files(path) == [checkpoint]
    assert library.size(path) == sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    assert library.size(tmp_path / "none") == 0


def test_an_ending_after_more_steps_than_the_run_has_is_ignored(trained: Path, tmp_path: Path) -> None:
    path = shutil.copytree(trained, tmp_path / "r")
    end = json.loads((path / "ended.json").read_text())
    (path / "ended.json").write_text(json.dumps(end | {"step": 10**6}))
    summary = SavedRun(path).summary
    assert (summary.status, summary.step) == (Status.INTERRUPTED, TINY_IMAGES.steps)


@pytest.mark.parametrize(
    ("name", "status"), [("run.lock", Status.FINISHED), ("ended.json", Status.INTERRUPTED), ("config.json", None)]
)
def test_a_folder_where_a_file_belongs_is_named_and_nothing_changes(
    name: str, status: Status | None, trained: Path, tmp_path: Path
) -> None:
    path = shutil.copytree(trained, tmp_path / "r")
    (path / name).unlink()
    (path / name).mkdir()
    before = {file: file.read_bytes() for file in path.rglob("*") if file.is_file() and file.name != "run.lock"}
    assert not held(path)
    with pytest.raises((ValueError, OSError), match=name):
        RunFolder.reopen(path, TINY_IMAGES.steps + 1)
    if status:
        assert SavedRun(path).summary.status is status
    assert {file: file.read_bytes() for file in before} == before
    assert (path / name).is_dir()


def test_a_missing_folder_is_not_created_for_its_lock(tmp_path: Path) -> None:
    for action in (RunFolder.reopen, library.delete):
        with pytest.raises(FileNotFoundError, match="There is no run r here"):
            action(tmp_path / "r")
    assert not (tmp_path / "r").exists()


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


def test_a_finished_run_without_its_checkpoints_is_not_started_again(trained: Path, tmp_path: Path) -> None:
    path = shutil.copytree(trained, tmp_path / "r")
    shutil.rmtree(path / "checkpoints")
    metrics = (path / "metrics.csv").read_text()
    with pytest.raises(ValueError, match="lost its checkpoints"):
        RunFolder.reopen(path, TINY_IMAGES.steps + 1)
    assert (path / "metrics.csv").read_text() == metrics
    assert (path / "ended.json").exists()


@pytest.mark.parametrize("values", [{"latent_dim": 77}, {"dataset": "8-gaussians", "network": "mlp"}])
def test_networks_of_other_settings_are_named_and_not_used(values: dict, trained: Path, tmp_path: Path) -> None:
    path = shutil.copytree(trained, tmp_path / "r")
    settings = json.loads((path / "config.json").read_text()) | values
    (path / "config.json").write_text(json.dumps(settings))
    latest = SavedRun(path).latest
    assert latest.generator is None
    assert latest.samples is None
    assert "don't match config.json" in latest.warning
    assert (latest.real is None) == ("dataset" in values)


def test_settings_that_are_not_text_are_one_sentence(trained: Path, tmp_path: Path) -> None:
    path = shutil.copytree(trained, tmp_path / "r")
    (path / "config.json").write_bytes(b"\x80\x81")
    with pytest.raises(ValueError, match="its JSON is invalid"):
        contents.config_of(path)


def test_a_name_is_one_short_line_or_none(tmp_path: Path) -> None:
    assert contents.name(tmp_path) == ""
    contents.rename(tmp_path, "  ±0.1, the second try ")
    for bad in ("x" * 65, "two\nlines", "\x1b[31m", "\u202etxt"):
        with pytest.raises(ValueError, match="one line"):
            contents.rename(tmp_path, bad)
        assert contents.name(tmp_path) == "±0.1, the second try"
        (tmp_path / "name.txt").write_text(bad)
        assert contents.name(tmp_path) == ""
        contents.rename(tmp_path, "±0.1, the second try")
    contents.rename(tmp_path, "")
    assert list(tmp_path.iterdir()) == []
