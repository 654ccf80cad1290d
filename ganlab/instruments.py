"""Measures what clipping does to a critic at one moment of a run. Knows no loop, no screen, no file.

Draws from generators of its own and works on copies, so that looking never changes a run.
"""

import math
import time
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from ganlab import neighbours, readings, sampling, training
from ganlab.config import TrainConfig
from ganlab.datasets import Dataset
from ganlab.probes import distances, gradients, lipschitz, modes, plane
from ganlab.probes.gradients import Gradients
from ganlab.readings import Copies, Coverage, Distances, Lipschitz, Reading

# CPU milliseconds of one look, one thread, at digits / 8-gaussians after 5 to 60 steps: drawing 28 / 3,
# gradients 19 / 5, lipschitz 45 / 4, spectra 13 / 2, distances 50-120 / 70-120 (mostly the assignment), coverage 8 / 1,
# copies 3 / -, plane - / 3; together 170-250 / 85-135. The first look also measures the baselines,
# about 40 more. Copies among 60,000 images of 28 x 28: 270-450; a first look at MNIST in all 1,000, at CIFAR-10 2,400.
INSTRUMENTS = frozenset({"gradients", "lipschitz", "spectra", "distances", "coverage", "copies", "plane"})
LARGEST_EXACT = 32  # pixels: larger images are compared along lines
COPIES_OF = 128  # samples whose nearest training image is looked for: 60,000 images take a while
REAL_DRAWS = 5  # of 512 from eight modes: one alone is up to half off
SLOPES_AT = 128  # points of each kind: a gradient is the dearest thing to know of an image


def available(kind: str) -> frozenset[str]:
    """The instruments that have a meaning for data of a kind, `image` or `point`."""
    return INSTRUMENTS - {"copies" if kind == "point" else "plane"}


def look(
    critic: nn.Sequential,
    generator: nn.Module,
    dataset: Dataset,
    config: TrainConfig,
    *,
    which: frozenset[str] = INSTRUMENTS,
    step: int = 0,
    before: Reading | None = None,
) -> Reading:
    """Measure; the networks may be those in training and stay as they are.

    Every instrument draws from a generator of its own, made of the config's seed and the step: what it finds does
    not depend on the others, nor on earlier looks. `before` is an earlier reading of the same run: what no training
    changes is taken over from it. Raises Broken for an instrument that can't measure, and FloatingPointError where
    there is nothing to measure: no numbers.
    """
    cost: dict[str, float] = {}
    baselines: list[float] = []

    def timed(name: str, measure: Callable[..., Any], *given: Any) -> Any:
        began = time.thread_time()
        try:
            return measure(*given)
        except FloatingPointError:
            raise
        except Exception as error:
            raise Broken(name, error) from error
        finally:
            once, baselines[:] = sum(baselines), []
            cost[name] = time.thread_time() - began - once
            cost["baselines"] = cost.get("baselines", 0.0) + once

    def on(name: str, measure: Callable[..., Any], *given: Any) -> Any:
        return timed(name, measure, *given) if name in which & available(config.kind) else None

    seen = timed("drawing", _Seen.drawn, critic, generator, dataset, config, step, baselines)
    steepness = on("lipschitz", _lipschitz, seen)
    return Reading(
        step=step,
        gradients=on("gradients", _gradients, seen, critic, generator),
        lipschitz=steepness,
        spectra=on("spectra", lipschitz.spectra, seen.critic, dataset.shape) or (),
        distances=on("distances", _distances, seen, steepness, before and before.distances),
        coverage=on("coverage", _coverage, seen, before and before.coverage),
        copies=on("copies", _copies, seen, before and before.copies),
        plane=on("plane", plane.measure, *seen.networks, seen.fake, config.latent_dim),
        cost=cost,
    )


class Broken(Exception):
    """An instrument, or the `drawing` that all need, can't measure: its name, and why in one sentence."""

    def __init__(self, name: str, error: Exception) -> None:
        super().__init__(str(error) or type(error).__name__)
        self.name = name


_DRAWING, _GRADIENTS, _LIPSCHITZ, _DISTANCES = range(4)


class _Seen(NamedTuple):
    """What all instruments look at: copies on the CPU in eval mode, as many samples of each kind as are held out."""

    networks: tuple[nn.Sequential, nn.Module]
    dataset: Dataset
    config: TrainConfig
    step: int
    train: Tensor
    fake: Tensor
    baselines: list[float]
    """CPU seconds spent on what no training changes."""

    @classmethod
    def drawn(
        cls,
        critic: nn.Module,
        generator: nn.Module,
        dataset: Dataset,
        config: TrainConfig,
        step: int,
        baselines: list[float],
    ) -> "_Seen":
        rng = _rng(config.seed, step, _DRAWING)
        networks = training.copied(critic), training.copied(generator)
        n = len(dataset.held_out)
        fake = sampling.generate(networks[1], torch.randn(n, config.latent_dim, generator=rng))
        if not all(tensor.isfinite().all() for tensor in (fake, *networks[0].parameters())):
            raise FloatingPointError("The samples or the critic's weights are not numbers.")
        return cls(networks, dataset, config, step, dataset.sample(n, rng), fake, baselines)

    def rng(self, instrument: int) -> torch.Generator:
        """What an instrument draws from."""
        return _rng(self.config.seed, self.step, instrument)

    def baseline(self, measure: Callable[[], Any]) -> Any:
        """What no training changes: measured by the first look alone, and its cost is told apart."""
        began = time.thread_time()
        found = measure()
        self.baselines.append(time.thread_time() - began)
        return found

    def usual(self, draw: int = 0) -> Tensor:
        """As many samples of the training part as are held out; the same at every step of a run."""
        return self.dataset.sample(len(self.held_out), _rng(self.config.seed, 0, _DRAWING, draw))

    @property
    def critic(self) -> nn.Sequential:
        return self.networks[0]

    @property
    def held_out(self) -> Tensor:
        return self.dataset.held_out


def _rng(*words: int) -> torch.Generator:
    return torch.Generator().manual_seed(int(np.random.SeedSequence(words).generate_state(1, np.uint64)[0]))


def _gradients(seen: _Seen, critic: nn.Sequential, generator: nn.Module) -> Gradients:
    """Of one batch as training draws and makes it, generator in train mode."""
    n, rng = seen.config.batch_size, seen.rng(_GRADIENTS)
    device = next(critic.parameters()).device
    real = seen.dataset.sample(n, rng).to(device)
    latents = torch.randn(n, seen.config.latent_dim, generator=rng).to(device)
    with torch.no_grad():
        fake = sampling.in_train_mode(generator)(latents)
    return gradients.measure(critic, real, fake)


def _lipschitz(seen: _Seen) -> Lipschitz:
    rng = seen.rng(_LIPSCHITZ)
    factors = lipschitz.lipschitz_factors(seen.critic, seen.dataset.shape, rng)
    return Lipschitz(factors, lipschitz.steepness(seen.critic, seen.held_out[:SLOPES_AT], seen.fake[:SLOPES_AT], rng))


@torch.no_grad()
def _distances(seen: _Seen, steepness: Lipschitz | None, before: Distances | None) -> Distances:
    sliced = seen.held_out.dim() == 4 and seen.held_out.shape[-1] > LARGEST_EXACT

    def w1(samples: Tensor, step: int) -> float:
        if sliced:
            return distances.sliced_w1(samples, seen.held_out, _rng(seen.config.seed, step, _DISTANCES))
        return distances.exact_w1(samples, seen.held_out)

    def real_to_real() -> float:
        return sum(w1(seen.usual(draw), 0) for draw in range(REAL_DRAWS)) / REAL_DRAWS

    train, held_out, fake = (seen.critic(x).double() for x in (seen.train, seen.held_out, seen.fake))
    estimate = (held_out.mean() - fake.mean()).item()
    # Of a few clicks none is held out: then the two estimates would be of the same points.
    apart = seen.dataset.independent[1] > 0
    return Distances(
        w1=w1(seen.fake, seen.step),
        sliced=sliced,
        real_to_real=before.real_to_real if before else seen.baseline(real_to_real),
        train_estimate=(train.mean() - fake.mean()).item() if apart else math.nan,
        held_out_estimate=estimate,
        gap_error=_gap_error(train, held_out, *seen.dataset.independent) if apart else math.nan,
        # Both are of the Euclidean distance between samples; along lines distances are smaller.
        lower_bound=_over(estimate, steepness.product) if steepness and not sliced else math.nan,
        scaled=_over(estimate, steepness.met.largest) if steepness and not sliced else math.nan,
    )


def _gap_error(train: Tensor, held_out: Tensor, independent_train: float, independent_held_out: int) -> float:
    """The standard error of the difference of the means of two sets of scores [n].

    The first are drawn, with replacement, from what is itself a sample of so many; the second are all that there are.
    """
    drawn = train.var() * (1 / len(train) + 1 / independent_train)
    return math.sqrt(drawn + held_out.var() / min(independent_held_out, len(held_out)))


def _over(estimate: float, slope: float) -> float:
    """A flat critic tells nothing: 0, as its estimate is."""
    return estimate / slope if slope > 0 else 0.0


def _coverage(seen: _Seen, before: Coverage | None) -> Coverage:
    data, n = seen.dataset, len(seen.fake)
    found, due, good = np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.int64)
    if data.centres is not None:
        found = modes.nearest_mode(seen.fake, data.centres)
        due = np.full(len(found), n / len(found))
        good = modes.high_quality(seen.fake, data.centres, data.sd)
    elif data.labels is not None:
        votes = partial(modes.class_histogram, real=data.held_out, labels=data.labels)
        found = votes(seen.fake)
        # By the same vote: neighbours in pixels may favour a class.
        due = before.due if before else seen.baseline(lambda: votes(seen.usual()).astype(float))
    return Coverage(found, due, good, readings.ratio(modes.spread(seen.fake), modes.spread(data.held_out)))


def _copies(seen: _Seen, before: Copies | None) -> Copies:
    def distances_of(samples: Tensor) -> np.ndarray:
        found = neighbours.nearest(samples[:COPIES_OF], seen.dataset.training_images(), k=1)[0]
        return found.squeeze(1).double().numpy() / 2

    held_out = before.held_out if before else seen.baseline(lambda: distances_of(seen.held_out))
    return Copies(distances_of(seen.fake), held_out)
