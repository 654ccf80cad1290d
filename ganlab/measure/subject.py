"""What the instruments look at: copies of both networks, and samples drawn for this look alone."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ganlab.config import TrainConfig
from ganlab.data.dataset import Dataset
from ganlab.gan import sampling, training

DRAWING, GRADIENTS, LIPSCHITZ, DISTANCES = range(4)
"""Each has a random generator of its own, so that what one draws does not depend on the others."""


@dataclass(frozen=True)
class Subject:
    """One moment of a run, as the instruments see it."""

    live_critic: nn.Sequential
    """The critic in training; instruments copy it before they touch it."""
    live_generator: nn.Sequential
    critic: nn.Sequential
    """A copy on the CPU in eval mode."""
    generator: nn.Sequential
    """A copy on the CPU in eval mode."""
    dataset: Dataset
    config: TrainConfig
    step: int
    train: Tensor
    """As many samples of the training part as are held out: [n, ...]."""
    fake: Tensor
    """As many generated samples: [n, ...]."""
    before: dict[str, Any]
    """What an earlier look at the same run found, by instrument."""
    found: dict[str, Any] = field(default_factory=dict)
    """What this look has found so far, by instrument."""
    baselines: list[float] = field(default_factory=list)
    """CPU seconds spent on what training does not change."""

    @property
    def held_out(self) -> Tensor:
        """Real samples that are never trained on: [n, ...]."""
        return self.dataset.held_out

    def rng(self, instrument: int) -> torch.Generator:
        """A fresh random generator for one instrument, seeded from the run's seed and the step."""
        return rng_of(self.config.seed, self.step, instrument)

    def baseline(self, measure: Callable[[], Any]) -> Any:
        """Measure what training does not change; its cost is counted apart, because only the first look pays it."""
        began = time.thread_time()
        result = measure()
        self.baselines.append(time.thread_time() - began)
        return result

    def usual(self, draw: int = 0) -> Tensor:
        """As many samples of the training part as are held out; the same at every step of a run."""
        return self.dataset.sample(len(self.held_out), rng_of(self.config.seed, 0, DRAWING, draw))


def draw(
    critic: nn.Sequential,
    generator: nn.Sequential,
    dataset: Dataset,
    config: TrainConfig,
    step: int,
    before: dict[str, Any],
) -> Subject:
    """Copy the networks and draw the samples. Raises FloatingPointError if there are no finite numbers to measure."""
    rng = rng_of(config.seed, step, DRAWING)
    copies = training.copied(critic), training.copied(generator)
    n = len(dataset.held_out)
    fake = sampling.generate(copies[1], torch.randn(n, config.latent_dim, generator=rng))
    if not all(tensor.isfinite().all() for tensor in (fake, *copies[0].parameters())):
        raise FloatingPointError("The samples or the critic's weights are not finite.")
    return Subject(critic, generator, *copies, dataset, config, step, dataset.sample(n, rng), fake, before)


def rng_of(*words: int) -> torch.Generator:
    """A random generator seeded from several numbers, by NumPy's SeedSequence."""
    return torch.Generator().manual_seed(int(np.random.SeedSequence(words).generate_state(1, np.uint64)[0]))
