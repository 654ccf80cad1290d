"""Latents in, samples out. Knows nothing of training, pixels or files."""

import copy
import math

import torch
from torch import Tensor, nn

BATCH = 64


def latents(n: int, latent_dim: int, seed: int, truncation: float = math.inf) -> Tensor:
    """float32 [n, latent_dim] from N(0, 1); row i depends on the seed and on i, not on n.

    Drawn 64 rows at a time: one torch.randn of another size would fill its last numbers differently. With a
    truncation every number beyond ± it is drawn anew until none is left (Brock et al. 2018, arXiv 1809.11096).
    """
    rng = torch.Generator().manual_seed(seed)
    batches = []
    for _ in range(-(-n // BATCH)):
        batch = torch.randn(BATCH, latent_dim, generator=rng)
        while (beyond := batch.abs() > truncation).any():
            batch[beyond] = torch.randn(int(beyond.sum()), generator=rng)
        batches.append(batch)
    return torch.cat(batches)[:n]


@torch.no_grad()
def generate(generator: nn.Module, latents: Tensor) -> Tensor:
    """Samples [n, ...] of latents [n, latent_dim], always in full batches of 64.

    The same batch size takes the same path through the kernels, so sample i is the same bits for every n.
    """
    n = len(latents)
    padded = torch.cat([latents, latents.new_zeros(-n % BATCH, latents.shape[1])])
    return torch.cat([generator(batch) for batch in padded.split(BATCH)])[:n].contiguous()


def in_train_mode(generator: nn.Module) -> nn.Module:
    """A copy whose batch norms use the statistics of each batch; the original's running ones stay as they are."""
    return copy.deepcopy(generator).train()


def has_batch_norm(generator: nn.Module) -> bool:
    """Whether train and eval mode differ."""
    return any(isinstance(layer, nn.modules.batchnorm._BatchNorm) for layer in generator.modules())
