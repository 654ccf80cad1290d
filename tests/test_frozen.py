"""What an earlier version made: the same weights come out again, and its run folders still open, resume and sample."""

import dataclasses
import hashlib
import json
import platform
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from ganlab.cli import main
from ganlab.config import TrainConfig
from ganlab.data import images
from ganlab.gan import sampling
from ganlab.gan.training import Trainer, set_up_torch
from ganlab.measure.reading import READINGS
from ganlab.presets import PRESETS
from ganlab.runs.disk import checkpoints, contents, moments, networks
from ganlab.runs.hub import RunHub
from ganlab.runs.snapshot import Status

FROZEN = Path(__file__).parent / "frozen"
WEIGHTS = json.loads((FROZEN / "weights.json").read_text())
RUNS = ("20261101-090000-aaaa", "20261101-090100-bbbb", "20261101-090200-cccc")  # digits, 8 Gaussians, own images
STEP = 26
TOTAL = {"20261101-090000-aaaa": 40, "20261101-090100-bbbb": 60, "20261101-090200-cccc": 40}


@pytest.fixture(autouse=True)
def _old_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("runs", "data"):
        shutil.copytree(FROZEN / folder, tmp_path / folder)
    monkeypatch.setenv("GANLAB_DATA", str(tmp_path / "data"))


def rng(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def digest(network: nn.Module) -> str:
    sha256 = hashlib.sha256()
    for _, tensor in sorted(network.state_dict().items()):
        sha256.update(tensor.contiguous().numpy().tobytes())
    return sha256.hexdigest()


@pytest.mark.parametrize("name", WEIGHTS["runs"])
def test_training_gives_the_same_weights(name: str) -> None:
    set_up_torch(1)
    frozen = WEIGHTS["runs"][name]
    trainer = Trainer(dataclasses.replace(PRESETS[name], threads=1))
    rows = [trainer.step()[0] for _ in range(WEIGHTS["steps"])]
    assert [row["critic_estimate"] for row in rows[:5]] == pytest.approx(frozen["estimate"], rel=1e-3)
    assert rows[4]["clamped_share"] == pytest.approx(frozen["clamped_share"], abs=1e-3)
    here = {
        "torch": torch.__version__,
        "cpu": torch.backends.cpu.get_cpu_capability(),
        "machine": platform.machine(),
    }
    if here == WEIGHTS["environment"]:  # elsewhere sums may be rounded in another order
        generator, critic = trainer.copies()
        assert {"generator": digest(generator), "critic": digest(critic)} == {
            which: frozen[which] for which in ("generator", "critic")
        }


@pytest.mark.parametrize("run_id", RUNS)
def test_an_old_run_opens(run_id: str) -> None:
    run = RunHub().find(run_id)
    latest = run.latest
    assert (latest.status, latest.step, latest.warning) == (Status.STOPPED, STEP, "")
    assert [change.field for change in latest.changes] == ["clip_range", "critic_lr", "n_critic", "clip_range"]
    assert len(latest.history) == STEP
    w1 = latest.readings[:, READINGS.index("w1")]
    assert len(w1) == 2
    assert np.isfinite(w1).all()
    # Since then points that are drawn endlessly are compared with fresh ones.
    rel = 0.1 if latest.config.dataset == "8-gaussians" else 1e-5
    assert run.reading.distances.w1 == pytest.approx(w1[-1], rel=rel)
    later = [READINGS.index(column) for column in ("real_to_real_low", "precision", "gradient_1", "modes_reverse_kl")]
    assert np.isnan(latest.readings[:, later]).all()


@pytest.mark.parametrize("run_id", RUNS)
def test_the_files_of_an_old_run_are_read(run_id: str, tmp_path: Path) -> None:
    """That version wrote safetensors files itself, with up to four keys of metadata, or an empty object."""
    path = tmp_path / "runs" / run_id
    assert all(b'{"__metadata__": {' in file.read_bytes()[:40] for file in path.rglob("*.safetensors"))
    checkpoint, warning = checkpoints.newest(path)
    assert (checkpoint.step, warning) == (STEP, "")
    for which in ("generator", "critic"):
        network, config, step = networks.read_network(path / f"{which}.safetensors", which)
        assert (config, step) == (checkpoint.config, STEP)
        for name, tensor in network.state_dict().items():
            assert torch.equal(tensor, checkpoint.tensors[f"{which}.{name}"])
        again = networks.read_network(networks.network_file(config, step, network), which)
        assert (digest(again[0]), *again[1:]) == (digest(network), config, step)
    assert contents.real_samples(path, contents.config_of(path)) is not None


@pytest.mark.parametrize("run_id", RUNS)
def test_an_old_run_looks_back(run_id: str) -> None:
    path = RunHub().find(run_id).path
    assert moments.steps(path) == [1, 12, 20, STEP]
    first, last = moments.read(path, 1), moments.read(path, STEP)
    assert first.clip_range[1] == -first.clip_range[0]
    assert last.clip_range[1] == pytest.approx(-last.clip_range[0] / 2)


@pytest.mark.parametrize("run_id", RUNS)
def test_an_old_run_keeps_its_fixed_latents(run_id: str) -> None:
    run = RunHub().find(run_id)
    saved = moments.read(run.path, STEP).samples
    shown = run.latest.samples[: len(saved)]
    assert np.abs(shown.astype(float) - saved.astype(float)).max() <= (1 if saved.dtype == np.uint8 else 1e-5)


@pytest.mark.parametrize("run_id", RUNS)
def test_an_old_run_resumes_to_its_end_with_its_fixed_latents(run_id: str) -> None:
    hub = RunHub()
    try:
        before = moments.read(hub.find(run_id).path, STEP).samples
        run = hub.resume(hub.find(run_id))
        assert run.join(60)
        latest = run.latest
        assert (latest.status, latest.step, latest.error) == (Status.FINISHED, TOTAL[run_id], "")
        assert len(latest.history) == TOTAL[run_id]
        again = hub.find(run_id)
        assert np.array_equal(moments.read(again.path, STEP).samples, before)
        assert run.config.looking_seed == "same"
        latents = torch.randn(len(latest.samples), run.config.latent_dim, generator=rng(run.config.seed))
        samples = sampling.generate(latest.generator, latents).numpy()
        shown = images.to_uint8(samples) if samples.ndim == 4 else samples
        assert np.array_equal(shown, latest.samples)
    finally:
        hub.close()


def test_new_runs_derive_their_looking_seed(tmp_path: Path) -> None:
    new = TrainConfig()
    assert TrainConfig.from_dict(new.as_dict()).looking_seed == "derived"
    old = {name: value for name, value in new.as_dict().items() if name != "looking_seed"}
    assert TrainConfig.from_dict(old).looking_seed == "same"


@pytest.mark.parametrize("name", ["8-gaussians", "25-gaussians"])
def test_fixed_latents_and_first_weights_do_not_correlate(name: str) -> None:
    config = dataclasses.replace(PRESETS[name], threads=1)

    def correlation(config: TrainConfig) -> float:
        trainer = Trainer(config)
        weights = trainer.generator.linear1.weight.detach().flatten().numpy()
        latents = trainer.fixed_latents.flatten()[: len(weights)].numpy()
        return abs(np.corrcoef(weights[: len(latents)], latents)[0, 1])

    assert correlation(dataclasses.replace(config, looking_seed="same")) > 0.15
    assert correlation(config) < 0.15


@pytest.mark.parametrize("run_id", RUNS)
def test_an_old_run_is_sampled(run_id: str, tmp_path: Path) -> None:
    file = tmp_path / "samples.npz"
    assert main.main(["sample", run_id, "--n", "5", "--seed", "1", "--out", str(file)]) == 0
    with np.load(file) as arrays:
        assert len(arrays["samples"]) == 5
        assert np.isfinite(arrays["samples"]).all()
