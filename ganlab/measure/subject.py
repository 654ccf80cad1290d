"""What the instruments look at: copies of both networks, and samples drawn for this look alone."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from ganlab.config import TrainConfig
from ganlab.data.dataset import Dataset
from ganlab.gan import sampling, training
from ganlab.gan.rng import rng_of

Result = TypeVar("Result")
Value = TypeVar("Value")
Columns = dict[str, Callable[[Result], float]]
"""An instrument's columns of instruments.csv: the value of each, from a result; NaN where it has none."""
STREAM = 0
"""The random stream that the samples come from. An instrument that draws has its own STREAM; no two share one."""


@dataclass(frozen=True)
class Subject:
    """One moment of a run, as the instruments see it."""

    live_critic: nn.Sequential  # in training; instruments copy it before they change anything
    live_generator: nn.Sequential
    critic: nn.Sequential  # a copy on the CPU in eval mode, and so is `generator`
    generator: nn.Sequential
    dataset: Dataset
    config: TrainConfig
    step: int
    train: Tensor  # as many samples of the training part as are held out: [n, ...]
    fake: Tensor  # as many generated samples: [n, ...]
    earlier_results: tuple[object, ...]  # of an earlier look at the same run
    cost: dict[str, float]  # as in Reading, so far
    results: dict[str, Any] = field(default_factory=dict)  # of this look so far, by instrument

    @property
    def held_out(self) -> Tensor:
        """Real samples that are never trained on: [n, ...]."""
        return self.dataset.held_out

    def result(self, kind: type[Result]) -> Result | None:
        """The result of this type in this look; None if its instrument is off or comes later."""
        return _first(kind, self.results.values())

    def rng(self, stream: int) -> torch.Generator:
        """A new random generator for one stream, seeded from the run's seed, the step and the stream."""
        return rng_of(self.config.seed, self.step, stream)

    def baseline(self, kind: type[Result], known: Callable[[Result], Value], measure: Callable[[], Value]) -> Value:
        """What training does not change: `known` from an earlier look's result of this type, else measured.

        Its cost is counted separately: only a run's first look pays it.
        """
        if (earlier := _first(kind, self.earlier_results)) is not None:
            return known(earlier)
        start = time.thread_time()
        value = measure()
        self.cost["baselines"] += time.thread_time() - start
        return value

    def usual(self, draw: int = 0) -> Tensor:
        """As many samples of the training part as are held out; the same at every step of a run."""
        return self.dataset.sample(len(self.held_out), rng_of(self.config.seed, 0, STREAM, draw))


def draw(
    critic: nn.Sequential,
    generator: nn.Sequential,
    dataset: Dataset,
    config: TrainConfig,
    step: int,
    earlier_results: tuple[object, ...],
    cost: dict[str, float],
) -> Subject:
    """Copy the networks and draw the samples. Raises FloatingPointError if samples or weights are not finite."""
    rng = rng_of(config.seed, step, STREAM)
    critic_copy, generator_copy = training.copied(critic), training.copied(generator)
    n = len(dataset.held_out)
    fake = sampling.generate(generator_copy, torch.randn(n, config.latent_dim, generator=rng))
    if not all(tensor.isfinite().all() for tensor in (fake, *critic_copy.parameters())):
        raise FloatingPointError("The samples or the critic's weights are not finite.")
    return Subject(
        live_critic=critic,
        live_generator=generator,
        critic=critic_copy,
        generator=generator_copy,
        dataset=dataset,
        config=config,
        step=step,
        train=dataset.sample(n, rng),
        fake=fake,
        earlier_results=earlier_results,
        cost=cost,
    )


def _first(kind: type[Result], results: Iterable[object]) -> Result | None:
    return next((result for result in results if isinstance(result, kind)), None)
