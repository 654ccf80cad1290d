"""What the instruments look at."""

import time
from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from ganlab.config import TrainConfig
from ganlab.data.dataset import SPLIT_SEED, Dataset
from ganlab.gan import sampling, training
from ganlab.gan.streams import rng_of

Result = TypeVar("Result")
Value = TypeVar("Value")
Columns = dict[str, Callable[[Result], float]]
"""An instrument's columns of instruments.csv: the value of each, from a result; NaN where it has none."""
STREAM = 0
"""The random stream that the samples come from. An instrument that draws has its own STREAM; no two share one."""


class Unmeasurable(Exception):
    """Why an instrument, or a part of it, has no meaning for a critic or for data: one sentence."""


class Subject:
    """One moment of a run, as the instruments see it: copies of both networks, and samples drawn for this look.

    Raises FloatingPointError if samples or weights are not finite.
    """

    def __init__(
        self,
        critic: nn.Module,
        generator: nn.Module,
        dataset: Dataset,
        config: TrainConfig,
        step: int,
        cost: dict[str, float],
    ) -> None:
        rng, n = rng_of(config.seed, step, STREAM), len(dataset.held_out)
        # In training; instruments copy them before they change anything.
        self.live_critic, self.live_generator = critic, generator
        # On the CPU in eval mode.
        self.critic, self.generator = training.copied(critic), training.copied(generator)
        self.dataset, self.config, self.step = dataset, config, step
        self.held_out = dataset.held_out  # real samples that are never trained on: [n, ...]
        self.fake = self.generated(n, rng)  # [n, ...]
        if not all(tensor.isfinite().all() for tensor in (self.fake, *self.critic.parameters())):
            raise FloatingPointError("The samples or the critic's weights are not finite.")
        self.train = dataset.sample(n, rng)  # of the training part: [n, ...]
        self.results: dict[str, Any] = {}  # of this look so far, by instrument
        self._cost = cost  # as in Reading, so far

    def rng(self, stream: int) -> torch.Generator:
        """A new random generator for one stream, seeded from the run's seed, the step and the stream."""
        return rng_of(self.config.seed, self.step, stream)

    def generated(self, n: int, rng: torch.Generator) -> Tensor:
        """Samples [n, ...] of latents drawn from `rng`."""
        return sampling.generate(self.generator, torch.randn(n, self.config.latent_dim, generator=rng))

    def baseline(self, name: str, measure: Callable[[], Value]) -> Value:
        """What depends on the data set alone: measured now, or by an earlier look at any run on it.

        Its cost is counted separately.
        """
        known = self.dataset.known
        if name not in known:
            start = time.thread_time()
            known[name] = measure()
            self._cost["baselines"] += time.thread_time() - start
        return known[name]

    def usual(self, draw: int = 0) -> Tensor:
        """As many samples of the training part as are held out; the same in every run."""
        return self.dataset.sample(len(self.held_out), rng_of(SPLIT_SEED, 0, STREAM, draw))
