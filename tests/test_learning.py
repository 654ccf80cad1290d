"""The default runs learn what the project says they learn. Slow, so last."""

import dataclasses

import numpy as np
import pytest
import quality
import torch

from ganlab import sampling, store
from ganlab.config import PRESETS
from ganlab.datasets import Dataset, digits, eight_gaussians
from ganlab.runs import TrainingRun
from ganlab.snapshot import Status

STEPS = {"digits": 900, "8-gaussians": 2000}


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> dict[str, np.ndarray]:
    """1,000 samples of each default run; the runs train side by side, a core each."""
    runs = {}
    for name, steps in STEPS.items():
        config = dataclasses.replace(PRESETS[name], steps=steps, seed=0, threads=1)
        folder = store.RunFolder(tmp_path_factory.mktemp(name) / "r", config)
        runs[name] = TrainingRun(config, folder).start()
    return {name: samples_of(run) for name, run in runs.items()}


def samples_of(run: TrainingRun) -> np.ndarray:
    assert run.join(240)
    assert run.latest.status is Status.FINISHED
    return sampling.generate(run.latest.generator, sampling.latents(1000, run.config.latent_dim, seed=1)).numpy()


def real_again(data: Dataset) -> np.ndarray:
    return data.sample(512, torch.Generator().manual_seed(3)).numpy()


@pytest.mark.timeout(250)
def test_digits_in_900_steps(learned: dict[str, np.ndarray]) -> None:
    data, samples = digits(), learned["digits"]
    held_out = data.held_out.numpy()
    shares, spread = quality.class_shares_and_spread(samples, held_out, data.labels.numpy())
    assert shares.min() >= 0.03
    assert 0.7 <= spread <= 1.4
    assert quality.exact_w1(samples[:512], held_out) <= 1.45 * quality.exact_w1(real_again(data), held_out)


def test_eight_gaussians_in_2000_steps(learned: dict[str, np.ndarray]) -> None:
    samples = learned["8-gaussians"]
    angles = np.arange(8) * np.pi / 4
    centres = 2 * np.stack([np.cos(angles), np.sin(angles)], 1) / 1.414
    assert quality.mode_shares(samples, centres).min() >= 0.05
    assert quality.exact_w1(samples[:512], eight_gaussians().held_out.numpy()) <= 0.30
