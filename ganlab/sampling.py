"""Latents in, samples out. Knows nothing of training, pixels or files."""

import torch
from torch import Tensor, nn

BATCH = 64


def latents(n: int, latent_dim: int, seed: int) -> Tensor:
    """float32 [n, latent_dim] from N(0, 1); row i depends on the seed and on i, not on n.

    Drawn 64 rows at a time: one torch.randn of another size would fill its last numbers differently.
    """
    rng = torch.Generator().manual_seed(seed)
    batches = [torch.randn(BATCH, latent_dim, generator=rng) for _ in range(-(-n // BATCH))]
    return torch.cat(batches)[:n]


@torch.no_grad()
def generate(generator: nn.Module, latents: Tensor) -> Tensor:
    """Samples [n, ...] of latents [n, latent_dim], always in full batches of 64.

    The same batch size takes the same path through the kernels, so sample i is the same bits for every n.
    """
    n = len(latents)
    padded = torch.cat([latents, latents.new_zeros(-n % BATCH, latents.shape[1])])
    return torch.cat([generator(batch) for batch in padded.split(BATCH)])[:n].contiguous()
