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
from ganlab.gan.training import rng_of

Result = TypeVar("Result")
Columns = dict[str, Callable[[Result], float]]
"""An instrument's columns of instruments.csv: the value of each, from a result; NaN where it has none."""
STREAM = 0
"""The random stream that the samples come from. An instrument that draws has its own STREAM; no two share one."""


@dataclass(frozen=True)
class Subject:
    """One moment of a run, as the instruments see it."""

    live_critic: nn.Sequential
    """The critic in training; instruments copy it before they change anything."""
    live_generator: nn.Sequential
    """The generator in training."""
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
    earlier_results: tuple[object, ...] = ()
    """Results of an earlier look at the same run."""
    results: dict[str, Any] = field(default_factory=dict)
    """Results of this look so far, by instrument."""
    baseline_seconds: list[float] = field(default_factory=list)
    """CPU seconds spent on what training does not change."""

    @property
    def held_out(self) -> Tensor:
        """Real samples that are never trained on: [n, ...]."""
        return self.dataset.held_out

    def result(self, kind: type[Result]) -> Result | None:
        """The result of this type in this look; None if its instrument is off or comes later."""
        return _first(kind, self.results.values())

    def earlier(self, kind: type[Result]) -> Result | None:
        """The result of this type in an earlier look; None if there is none."""
        return _first(kind, self.earlier_results)

    def rng(self, stream: int) -> torch.Generator:
        """A new random generator for one stream, seeded from the run's seed, the step and the stream."""
        return rng_of(self.config.seed, self.step, stream)

    def baseline(self, measure: Callable[[], Result]) -> Result:
        """Measure what training does not change. Its cost is counted separately: only a run's first look pays it."""
        start = time.thread_time()
        result = measure()
        self.baseline_seconds.append(time.thread_time() - start)
        return result

    def usual(self, draw: int = 0) -> Tensor:
        """As many samples of the training part as are held out; the same at every step of a run."""
        return self.dataset.sample(len(self.held_out), rng_of(self.config.seed, 0, STREAM, draw))


def draw(
    critic: nn.Sequential,
    generator: nn.Sequential,
    dataset: Dataset,
    config: TrainConfig,
    step: int,
    earlier_results: Iterable[object] = (),
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
        earlier_results=tuple(earlier_results),
    )


def _first(kind: type[Result], results: Iterable[object]) -> Result | None:
    return next((result for result in results if isinstance(result, kind)), None)
