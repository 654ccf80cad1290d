import csv
import json
import pickle
import zipfile
from pathlib import Path

import pytest
import torch
from stubs import TINY, TINY_IMAGES

from ganlab import store, tables
from ganlab.config import TrainConfig
from ganlab.runs import TrainingRun


@pytest.mark.parametrize("config", [TINY, TINY_IMAGES], ids=["points", "images"])
def test_a_run_leaves_its_whole_record(config: TrainConfig, tmp_path: Path) -> None:
    last = TrainingRun(config, store.RunFolder(tmp_path / "r", config)).run()
    assert {p.name for p in (tmp_path / "r").iterdir()} == {
        "config.json", "changes.csv", "metrics.csv", "layers.csv", "samples.png", "generator.safetensors",
        "critic.safetensors", "real.safetensors", "checkpoints", "moments", "ended.json", "run.lock",
    }  # fmt: skip
    assert TrainConfig.from_dict(json.loads((tmp_path / "r/config.json").read_text())) == config
    rows = list(csv.DictReader((tmp_path / "r/metrics.csv").read_text().splitlines()))
    assert [int(row["step"]) for row in rows] == list(range(1, config.steps + 1))
    assert [float(row["critic_loss"]) for row in rows] == last.history["critic_loss"].tolist()
    generator, known = store.load_generator(tmp_path / "r/generator.safetensors")
    assert known == config
    latents = torch.randn(5, config.latent_dim, generator=torch.Generator().manual_seed(0))
    assert torch.equal(generator(latents), last.generator(latents))


def test_a_run_is_never_written_over(tmp_path: Path) -> None:
    store.RunFolder(tmp_path / "r", TINY).close()
    with pytest.raises(FileExistsError, match="already holds config"):
        store.RunFolder(tmp_path / "r", TINY)


def test_run_ids_name_themselves() -> None:
    ids = {store.new_run_id() for _ in range(20)}
    assert len(ids) > 15
    assert all(store.RUN_ID.fullmatch(run_id) for run_id in ids)


@pytest.mark.parametrize("content", [b"", b"not a network", b"\x10" + b"\0" * 40])
def test_a_foreign_generator_is_one_sentence(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "g.safetensors").write_bytes(content)
    with pytest.raises(ValueError, match="not a generator that ganlab saved"):
        store.load_generator(tmp_path / "g.safetensors")
    with pytest.raises(FileNotFoundError, match="There is no"):
        store.load_generator(tmp_path / "none.safetensors")


def test_somebody_elses_safetensors_is_one_sentence(tmp_path: Path) -> None:
    import safetensors.torch

    safetensors.torch.save_file({"w": torch.zeros(2)}, tmp_path / "g.safetensors")
    with pytest.raises(ValueError, match="not a generator that ganlab saved"):
        store.load_generator(tmp_path / "g.safetensors")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "r"
    TrainingRun(TINY_IMAGES, store.RunFolder(path, TINY_IMAGES)).run()
    return path


def test_a_generator_comes_from_a_file_its_bytes_or_a_checkpoint(trained: Path) -> None:
    file = trained / "generator.safetensors"
    latents = torch.randn(5, TINY_IMAGES.latent_dim, generator=torch.Generator().manual_seed(0))
    found = [store.read_generator(file), store.read_generator(file.read_bytes())]
    found.append(store.generator_at(store.checkpoints(trained)[-1].path))
    for generator, config, step in found:
        assert (config, step, generator.training) == (TINY_IMAGES, TINY_IMAGES.steps, False)
        assert torch.equal(generator(latents), found[0][0](latents))


def test_damaged_generators_are_refused(trained: Path) -> None:
    content = (trained / "generator.safetensors").read_bytes()
    cases = {
        "SHA-256 of its weights": content[:-1] + bytes([content[-1] ^ 1]),
        "another size than its tensors": content + b"0",
        "does not say what it is": content.replace(b'"sha256"', b'"sha257"'),
        "not those that its settings need": content.replace(b'\\"width\\": 4', b'\\"width\\": 5'),
        "latent_dim must be from 1": content.replace(b'\\"latent_dim\\": 4', b'\\"latent_dim\\": 0'),
        "not a safetensors file": pickle.dumps({"a": 1}),
    }
    for words, changed in cases.items():
        assert changed != content
        with pytest.raises(ValueError, match=f"This file is not a generator that ganlab saved: .*{words}"):
            store.read_generator(changed)
    with pytest.raises(ValueError, match="not those that its settings need"):
        store.read_generator(trained / "critic.safetensors")


def test_a_line_that_was_being_written_is_left_out(trained: Path, tmp_path: Path) -> None:
    for name in ("metrics.csv", "layers.csv"):
        lines = (trained / name).read_text()
        (tmp_path / name).write_text(lines + "5,1")
        assert (tables.history(tmp_path).rows == tables.history(trained).rows).all()
    assert len(tables.history(tmp_path, last_step=2)) == 2
    (tmp_path / "metrics.csv").write_text("step\ncats\n")
    with pytest.raises(ValueError, match=r"metrics.csv is damaged"):
        tables.history(tmp_path)


@pytest.mark.parametrize("line", ["5,clip_range", "5,steps,3", "a,n_critic,3", "5,clip_range,2 1", "5,critic_lr,nan"])
def test_a_damaged_change_is_one_sentence(line: str, tmp_path: Path) -> None:
    (tmp_path / "changes.csv").write_text(f"critic_step,field,value\n{line}\n")
    with pytest.raises(ValueError, match=r"changes.csv is damaged\."):
        tables.changes(tmp_path / "changes.csv")


@pytest.mark.parametrize("text", ["", "{", "[]", '{"status": "finished"}', '{"status": "running"}'])
def test_a_damaged_end_is_none(text: str, trained: Path, tmp_path: Path) -> None:
    assert store.ended(trained).step == TINY_IMAGES.steps
    (tmp_path / "ended.json").write_text(text)
    assert store.ended(tmp_path) is None


def test_a_run_is_exported_without_its_lock(trained: Path, tmp_path: Path) -> None:
    store.export(trained, tmp_path / "r.zip")
    with zipfile.ZipFile(tmp_path / "r.zip") as archive:
        names = set(archive.namelist())
    assert "r/metrics.csv" in names
    assert names == {f"r/{p.relative_to(trained).as_posix()}" for p in trained.rglob("*") if p.is_file()} - {
        "r/run.lock"
    }
