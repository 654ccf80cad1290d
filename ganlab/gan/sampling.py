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


def linear(start: Tensor, end: Tensor, frames: int) -> Tensor:
    """A straight line, both ends included. Its middle is shorter than latents of that size ever are."""
    t = torch.linspace(0, 1, frames).unsqueeze(1)  # [frames, 1]
    return (1 - t) * start + t * end


def spherical(start: Tensor, end: Tensor, frames: int) -> Tensor:
    """Turns at a constant rate while the length goes evenly from one end's to the other's.

    Spherical interpolation as White 2016 (arXiv 1609.04468) has it for latents of equal length; linear where the
    two point the same or opposite ways, and so no turn is named.
    """
    a, b = start.norm(), end.norm()
    angle = torch.arccos((start @ end / (a * b)).clamp(-1, 1))
    if not torch.sin(angle) > 1e-3:  # nearer, a float32 angle is mostly rounding
        return linear(start, end, frames)
    t = torch.linspace(0, 1, frames).unsqueeze(1)
    turned = (torch.sin((1 - t) * angle) * (start / a) + torch.sin(t * angle) * (end / b)) / torch.sin(angle)
    return ((1 - t) * a + t * b) * turned


def plane(a: Tensor, b: Tensor, c: Tensor, side: int) -> Tensor:
    """[side * side, d], row by row: a top left, b top right, c bottom left, so b + c - a bottom right."""
    t = torch.linspace(0, 1, side)
    down, right = (axis.reshape(-1, 1) for axis in torch.meshgrid(t, t, indexing="ij"))
    return (1 - right - down) * a + right * b + down * c


def around(latent: Tensor, n: int, stride: float, seed: int) -> Tensor:
    """n neighbours: stride 0 is the latent itself, 1 a fresh one, between them a blend as long as latents are.

    The blend keeps N(0, 1) as it is (the pCN proposal of Cotter et al. 2013, arXiv 1202.0709).
    """
    noise = torch.randn(n, len(latent), generator=torch.Generator().manual_seed(seed))
    return (1 - stride**2) ** 0.5 * latent + stride * noise


def walk(latent: Tensor, frames: int, stride: float, seed: int) -> Tensor:
    """A random walk that begins at the latent: each step goes from the last to a neighbour, as in `around`."""
    noise = torch.randn(frames - 1, len(latent), generator=torch.Generator().manual_seed(seed))
    steps = [latent]
    for fresh in noise:
        steps.append((1 - stride**2) ** 0.5 * steps[-1] + stride * fresh)
    return torch.stack(steps)


def arithmetic(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """[4, d]: a, b, c and a - b + c (Radford et al. 2015, arXiv 1511.06434, section 6.3.2)."""
    return torch.stack([a, b, c, a - b + c])
