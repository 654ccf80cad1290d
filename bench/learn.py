"""How well presets learn, in longer runs than tests have time for.

Run it as `PYTHONPATH=. python bench/learn.py 25-gaussians swiss-roll`.

For each, the exact W1 between 512 generated and 512 held-out samples (in brackets the same for real ones), and for the
Gaussians the number of modes with at least 1 % of 1,000 samples within 0.2 of their centres.
"""

import argparse
import dataclasses

import numpy as np
import quality
import torch

from ganlab.config import TrainConfig
from ganlab.gan import sampling
from ganlab.gan.training import Trainer, set_up_torch
from ganlab.presets import PRESETS

EVERY = 1000  # steps
RING = np.arange(8) * np.pi / 4
TICKS = np.arange(-4.0, 5.0, 2.0)
CENTRES = {
    "8-gaussians": 2 * np.stack([np.cos(RING), np.sin(RING)], 1) / 1.414,
    "25-gaussians": np.stack(np.meshgrid(TICKS, TICKS), -1).reshape(-1, 2) / 2.828,
}


def quality_of(trainer: Trainer) -> str:
    latents = sampling.latents(1000, trainer.config.latent_dim, seed=1)
    samples = sampling.generate(trainer.copies()[0], latents).numpy()
    held_out = trainer.dataset.held_out.numpy()
    n = len(held_out)
    real = trainer.dataset.sample(n, torch.Generator().manual_seed(3)).numpy()
    w1, of_real = quality.exact_w1(samples[:n], held_out), quality.exact_w1(real, held_out)
    text = f"W1 {w1:.3f} ({of_real:.3f}), ratio {w1 / of_real:.2f}"
    if trainer.config.dataset in CENTRES:
        shares = quality.mode_shares(samples, CENTRES[trainer.config.dataset])
        text += f", {(shares >= 0.01).sum()} of {len(shares)} modes, smallest {shares.min():.1%}"
    return text


def learn(config: TrainConfig) -> None:
    set_up_torch(config.threads)
    trainer = Trainer(config)
    for step in range(1, config.steps + 1):
        trainer.step()
        if step % EVERY == 0 or step == config.steps:
            print(f"{config.dataset}, seed {config.seed}, step {step:,}: {quality_of(trainer)}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("presets", nargs="+", choices=PRESETS)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    options = parser.parse_args()
    for name in options.presets:
        for seed in options.seeds:
            learn(dataclasses.replace(PRESETS[name], seed=seed, threads=1))
