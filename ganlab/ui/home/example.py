"""The default run at one step, recorded in example.npz for the picture on Home.

`python -m ganlab.ui.home.example` trains that run and records it again.
"""

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import torch

from ganlab.config import PRESETS
from ganlab.data import images
from ganlab.gan import sampling
from ganlab.gan.clipping import pooled
from ganlab.gan.training import Trainer

STEP = 720
FILE = Path(__file__).with_name("example.npz")


@dataclass(frozen=True)
class Example:
    """The default run (seed 0, one thread) after step 720."""

    latent: np.ndarray  # float32 [64]: the first fixed latent
    generated: np.ndarray  # uint8 [16, 16, 16, 1]: samples of the first fixed latents
    real: np.ndarray  # uint8 [16, 16, 16, 1]: held-out digits
    clip_range: np.ndarray  # float64 [2]: low and high
    edges: np.ndarray  # float64 [bins + 1]: of the histograms of all critic weights around the last clamp of that step
    before: np.ndarray  # int64 [bins]
    after: np.ndarray  # int64 [bins]: without the weights exactly at a bound
    at_bounds: np.ndarray  # int64 [2]: weights exactly at low and at high after the clamp
    estimate: np.ndarray  # float64 []: the critic estimate of that step
    weights: np.ndarray  # int64 [2]: how many weights generator and critic have


@cache
def example() -> Example:
    """The recorded example, read once."""
    with np.load(FILE) as arrays:
        return Example(**arrays)


def record() -> Example:
    """Train the default run to step 720 and take the example from it."""
    torch.set_num_threads(1)
    trainer = Trainer(replace(PRESETS["digits"], threads=1))
    while trainer.step_count < STEP:
        row, report = trainer.step()
    weights = pooled(report.histograms())
    generator, critic = trainer.copies()
    return Example(
        latent=trainer.fixed_latents[0].numpy(),
        generated=images.to_uint8(sampling.generate(generator, trainer.fixed_latents[:16]).numpy()),
        real=images.to_uint8(trainer.dataset.held_out[:16].numpy()),
        clip_range=np.array(weights.clip_range),
        edges=weights.edges,
        before=weights.before,
        after=weights.after,
        at_bounds=np.array([weights.after_counts.at_low, weights.after_counts.at_high]),
        estimate=np.array(row["critic_estimate"]),
        weights=np.array([sum(p.numel() for p in network.parameters()) for network in (generator, critic)]),
    )


if __name__ == "__main__":
    np.savez_compressed(FILE, **vars(record()))
