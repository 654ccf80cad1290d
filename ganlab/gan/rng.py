"""Random generators with a seed of several numbers. Nothing is ever drawn from torch's global one."""

import numpy as np
import torch


def rng_of(*words: int) -> torch.Generator:
    """A generator seeded by NumPy's SeedSequence of these numbers: streams of different words are independent."""
    return torch.Generator().manual_seed(int(np.random.SeedSequence(words).generate_state(1, np.uint64)[0]))
