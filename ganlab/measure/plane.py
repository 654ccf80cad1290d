"""A critic and a generator of 2-D points, evaluated over the plane."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ganlab.measure.lipschitz import input_gradients
from ganlab.measure.subject import Subject

KIND = "point"
REACH = 2.0  # the plane is shown from -REACH to REACH
TICKS = 41  # values along each axis
LATENT_TICKS = 21
ARROWS = 64


class Plane(NamedTuple):
    """Both networks over the plane, in eval mode."""

    values: np.ndarray  # the critic at (x[j], y[i]), both from -REACH to REACH: float32 [41, 41]
    generated: np.ndarray  # points: float32 [n, 2]
    gradients: np.ndarray  # d critic / d x at the first 64 of them: float32 [64, 2]
    # The generator's points for a grid of latents evenly spaced in probability: float32 [21, 21, 2].
    latent_map: np.ndarray


def measure(subject: Subject) -> Plane:
    ticks = torch.linspace(-REACH, REACH, TICKS)
    grid = torch.stack(torch.meshgrid(ticks, ticks, indexing="xy"), dim=-1)  # [y, x, 2]
    with torch.no_grad():
        values = subject.critic(grid.reshape(-1, 2)).reshape(TICKS, TICKS)
        latent_map = subject.generator(latent_grid(subject.config.latent_dim)).reshape(LATENT_TICKS, LATENT_TICKS, 2)
    gradients = input_gradients(subject.critic, subject.fake[:ARROWS])
    return Plane(values.numpy(), subject.fake.numpy(), gradients.numpy(), latent_map.numpy())


def latent_grid(latent_dim: int) -> Tensor:
    """Latents [441, latent_dim]: the first two at the medians of 21 equally likely intervals, all others 0."""
    ticks = torch.special.ndtri((torch.arange(LATENT_TICKS) + 0.5) / LATENT_TICKS)
    latents = torch.zeros(LATENT_TICKS**2, latent_dim)
    latents[:, :2] = torch.cartesian_prod(ticks, ticks)[:, :latent_dim]
    return latents
