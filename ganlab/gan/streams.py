"""The random streams of a run: one for training, others for display and measurement."""

import numpy as np
import torch
from torch import Tensor

from ganlab.config import TrainConfig


def rng_of(*words: int) -> torch.Generator:
    """A generator seeded by NumPy's SeedSequence of these numbers: streams of different words are independent."""
    return torch.Generator().manual_seed(int(np.random.SeedSequence(words).generate_state(1, np.uint64)[0]))


def looking_rng(config: TrainConfig) -> torch.Generator:
    """The random stream for display and measurement, never for training.

    If it started like the training stream, fixed latents and first weights would be the same draws: in MLP runs they
    correlated, r down to -0.39. Runs from before version 0.2 keep theirs, and so their fixed latents.
    """
    if config.looking_seed == "same":
        return torch.Generator().manual_seed(config.seed)
    return rng_of(config.seed, 1)


def fixed_latents(config: TrainConfig, rng: torch.Generator | None = None) -> Tensor:
    """The latents of every sample sheet of a run: float32 [100 or 512, latent_dim], the first draws of `rng`."""
    return torch.randn(fixed_count(config), config.latent_dim, generator=rng or looking_rng(config))


def fixed_count(config: TrainConfig) -> int:
    """How many fixed latents a run has."""
    return 100 if config.kind == "image" else 512
