"""Latents in, samples out, and paths from one latent to another. Knows nothing of training, pixels or files.

`ganlab.gan.script` copies these functions, docstrings included, into the programs that users download.
"""

import copy
import math

import torch
from torch import Tensor, nn

BATCH = 64


def latents(n: int, latent_dim: int, seed: int, truncation: float = math.inf) -> Tensor:
    """Returns n latents from N(0, 1), float32 [n, latent_dim]; row i depends on the seed and on i, not on n.

    They are drawn 64 rows at a time, because a torch.randn of another size would fill its last numbers differently.
    Numbers beyond ± truncation are redrawn until none is left (Brock et al. 2018, arXiv 1809.11096).
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
    """Returns the samples [n, ...] of latents [n, latent_dim].

    The generator always gets full batches of 64, the last one padded with zeros: a batch of another size can take
    another path through torch's kernels, and then the same latent would not give the same bits for every n.
    """
    n = len(latents)
    padded = torch.cat([latents, latents.new_zeros(-n % BATCH, latents.shape[1])])
    return torch.cat([generator(batch) for batch in padded.split(BATCH)])[:n].contiguous()


def in_train_mode(generator: nn.Module) -> nn.Module:
    """Returns a copy whose batch norms use each batch's own statistics; the original keeps its running ones."""
    return copy.deepcopy(generator).train()


def has_batch_norm(generator: nn.Module) -> bool:
    """Whether the generator gives other samples in train mode than in eval mode."""
    return any(isinstance(layer, nn.modules.batchnorm._BatchNorm) for layer in generator.modules())


def linear(start: Tensor, end: Tensor, frames: int) -> Tensor:
    """Returns a straight line from start [d] to end [d] in equal steps, both included: [frames, d].

    Latents near its middle are shorter than random ones.
    """
    t = torch.linspace(0, 1, frames).unsqueeze(1)  # [frames, 1]
    return (1 - t) * start + t * end


def spherical(start: Tensor, end: Tensor, frames: int) -> Tensor:
    """Returns an arc from start [d] to end [d], both included: [frames, d].

    Direction and length change at constant rates. For latents of equal length this is the spherical interpolation of
    White 2016 (arXiv 1609.04468). Latents that point the same or opposite ways have no unique arc: they get a straight
    line.
    """
    a, b = start.norm(), end.norm()
    angle = torch.arccos((start @ end / (a * b)).clamp(-1, 1))
    if not torch.sin(angle) > 1e-3:  # a float32 angle this close to 0 or π is mostly rounding error; NaN for a zero
        return linear(start, end, frames)
    t = torch.linspace(0, 1, frames).unsqueeze(1)
    turned = (torch.sin((1 - t) * angle) * (start / a) + torch.sin(t * angle) * (end / b)) / torch.sin(angle)
    return ((1 - t) * a + t * b) * turned


def plane(a: Tensor, b: Tensor, c: Tensor, side: int) -> Tensor:
    """Returns a grid on the plane through three latents [d], row by row: [side * side, d].

    a is top left, b top right and c bottom left, which puts b + c - a bottom right.
    """
    t = torch.linspace(0, 1, side)
    down, right = (axis.reshape(-1, 1) for axis in torch.meshgrid(t, t, indexing="ij"))
    return (1 - right - down) * a + right * b + down * c


def around(latent: Tensor, n: int, stride: float, seed: int) -> Tensor:
    """Returns n random neighbours of a latent [d]: [n, d].

    Stride 0 gives the latent itself, 1 a fresh draw, and anything between a blend of the two that is again
    distributed as N(0, 1) (the pCN proposal of Cotter et al. 2013, arXiv 1202.0709).
    """
    noise = torch.randn(n, len(latent), generator=torch.Generator().manual_seed(seed))
    return (1 - stride**2) ** 0.5 * latent + stride * noise


def walk(latent: Tensor, frames: int, stride: float, seed: int) -> Tensor:
    """Returns a random walk that starts at a latent [d]: [frames, d].

    Each step goes to a random neighbour of the latent before it: stride 0 stays there, 1 is a fresh draw, and anything
    between is a blend of the two that is again distributed as N(0, 1) (the pCN proposal of Cotter et al. 2013,
    arXiv 1202.0709).
    """
    noise = torch.randn(frames - 1, len(latent), generator=torch.Generator().manual_seed(seed))
    steps = [latent]
    for fresh in noise:
        steps.append((1 - stride**2) ** 0.5 * steps[-1] + stride * fresh)
    return torch.stack(steps)


def arithmetic(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """Returns the latents a, b, c and a - b + c: [4, d] (Radford et al. 2015, arXiv 1511.06434, section 6.3.2)."""
    return torch.stack([a, b, c, a - b + c])
