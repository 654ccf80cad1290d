import csv
import json
from pathlib import Path

import pytest
import torch
from stubs import TINY, TINY_IMAGES

from ganlab import store
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
