"""Records the examples on Home and Generate, in some minutes: `PYTHONPATH=. python bench/example.py`.

Home shows the default run at step 720, Generate its generator at the end.
"""

from dataclasses import replace

import numpy as np
import torch

from ganlab.data import images
from ganlab.gan import sampling
from ganlab.gan.histograms import pooled
from ganlab.gan.training import Trainer
from ganlab.presets import PRESETS
from ganlab.runs.disk.networks import network_file
from ganlab.ui.generate.source import EXAMPLE
from ganlab.ui.home.introduction import FILE, STEP, Example


def at_step(trainer: Trainer, step: int) -> Example:
    """Train to this step and take Home's example from it."""
    while trainer.step_count < step:
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
    torch.set_num_threads(1)
    trainer = Trainer(replace(PRESETS["digits"], threads=1))
    np.savez_compressed(FILE, **vars(at_step(trainer, STEP)))
    at_step(trainer, trainer.config.steps)
    EXAMPLE.write_bytes(network_file(trainer.config, trainer.step_count, trainer.copies()[0]))
