"""How long a run will take, by a few updates measured before it starts."""

import math
import os
import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import torch

from ganlab.config import WARM_UP_UPDATES, TrainConfig
from ganlab.data.dataset import Announce, Dataset, endless, split
from ganlab.gan.building import build
from ganlab.gan.networks import outline
from ganlab.gan.training import Trainer

UPDATES = 2  # of the critic, at least; of the generator one
SECONDS = 0.5  # for which the critic is updated: on a busy computer, some updates wait long, and others don't
LIMIT_BYTES = 2**30  # of memory: with more, the measurement itself would be a burden
_COST = (
    *("network", "width", "depth", "critic_norm", "latent_dim", "generator", "objective", "constraint", "optimizer"),
    *("batch_size", "threads", "device"),
)
"""The settings that decide what an update costs, beside the shape of a sample."""


class Pace(NamedTuple):
    """Seconds that one update of each network takes."""

    critic: float
    generator: float

    def seconds(self, config: TrainConfig) -> float:
        """For a whole run."""
        return critic_updates(config) * self.critic + config.steps * self.generator


def critic_updates(config: TrainConfig) -> int:
    """How many a whole run makes."""
    warm_up = min(config.warm_up, config.steps)
    return warm_up * WARM_UP_UPDATES + (config.steps - warm_up) * config.n_critic


def key(config: TrainConfig) -> tuple[object, ...]:
    """Settings with equal keys have the same pace."""
    return (config.shape, *(getattr(config, name) for name in _COST))


def measure(config: TrainConfig, announce: Announce) -> Pace:
    """The pace of this computer beside all that it does now, on random samples; announces each update.

    Raises ValueError if the networks or the batches are too large to be tried, or the threads too many.
    """
    if config.threads > (os.cpu_count() or 1):
        raise ValueError(f"{config.threads} threads are more than this computer has cores.")
    if (needed := _bytes(config)) > LIMIT_BYTES:
        raise ValueError(f"An update needs {needed:,} bytes; at most {LIMIT_BYTES:,} are tried.")
    trainer = Trainer(config, _noise(config))

    def update(network: Callable[[], object]) -> None:
        announce("measuring how long an update takes")
        network()

    critic = mean_seconds(partial(update, trainer.critic_update), UPDATES, SECONDS)
    return Pace(critic, mean_seconds(partial(update, trainer.generator_update), 1, 0))


def mean_seconds(
    update: Callable[[], object], least: int, seconds: float, clock: Callable[[], float] = time.perf_counter
) -> float:
    """How long an update takes, by at least so many and for so many seconds, after one that prepares memory."""
    update()
    began, made = clock(), 0
    while made < least or clock() - began < seconds:
        update()
        made += 1
    return (clock() - began) / made


def _bytes(config: TrainConfig) -> int:
    """About what an update needs: weights with what belongs to them, and activations of a real and a fake batch."""
    with torch.device("meta"):  # without memory
        networks = build(config, config.shape)
        numbers = sum(math.prod(block.shape) for block in outline(networks[1].eval(), config.shape))
    weights = sum(parameter.numel() for network in networks for parameter in network.parameters())
    layers, batches = 3, 2  # at most three layers in a block
    return 4 * (4 * weights + layers * batches * config.batch_size * numbers)


def _noise(config: TrainConfig) -> Dataset:
    if config.kind == "point":
        return endless(lambda n, rng: torch.randn(n, 2, generator=rng))
    rng = torch.Generator().manual_seed(0)
    return split(torch.randint(0, 256, (64, *config.shape), dtype=torch.uint8, generator=rng))
