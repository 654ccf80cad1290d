"""Measures what clipping does to a critic at one moment of a run. Knows no loop, no screen, no file.

Draws only from the generator it is given and works on copies, so that looking never changes a run.
"""

import copy
import math
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from ganlab import neighbours, sampling
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
SLOPES_AT = 128  # points of each kind: a gradient is the dearest thing to know of an image


def look(
    critic: nn.Sequential,
    generator: nn.Module,
    dataset: Dataset,
    rng: torch.Generator,
    config: TrainConfig,
    *,
    which: frozenset[str] = INSTRUMENTS,
    step: int = 0,
    before: Reading | None = None,
) -> Reading:
    """Measure; the networks may be those in training and stay as they are, and all draws come from `rng`.

    `before` is an earlier reading of the same run: what no training changes is taken over from it. Raises Broken for
    an instrument that can't measure, and FloatingPointError where there is nothing to measure: no numbers.
    """
    cost: dict[str, float] = {}

    def timed(name: str, measure: Callable[..., Any], *given: Any) -> Any:
        began = time.thread_time()
        try:
            return measure(*given)
        except FloatingPointError:
            raise
        except Exception as error:
            raise Broken(name, error) from error
        finally:
            cost[name] = time.thread_time() - began

    def on(name: str, measure: Callable[..., Any], *given: Any, has_it: bool = True) -> Any:
        return timed(name, measure, *given) if name in which and has_it else None

    seen = timed("drawing", _Seen.drawn, critic, generator, dataset, rng, config)
    steepness = on("lipschitz", _lipschitz, seen, rng)
    return Reading(
        step=step,
        gradients=on("gradients", _gradients, seen, critic, generator, rng),
        lipschitz=steepness,
        spectra=on("spectra", lipschitz.spectra, seen.critic, dataset.shape) or (),
        distances=on("distances", _distances, seen, steepness, before and before.distances, rng),
        coverage=on("coverage", _coverage, seen),
        copies=on("copies", _copies, seen, before and before.copies, has_it=dataset.train is not None),
        plane=on("plane", plane.measure, *seen.networks, seen.fake, config.latent_dim, has_it=config.kind == "point"),
        cost=cost,
    )


class Broken(Exception):
    """An instrument, or the `drawing` that all need, can't measure: its name, and why in one sentence."""

    def __init__(self, name: str, error: Exception) -> None:
        super().__init__(str(error) or type(error).__name__)
        self.name = name


def rng_of(seed: int, step: int) -> torch.Generator:
    """What one look draws from: the same for the same seed and step, whatever looks there were before."""
    return torch.Generator().manual_seed(int(np.random.SeedSequence((seed, step)).generate_state(1, np.uint64)[0]))


class _Seen(NamedTuple):
    """What all instruments look at: copies on the CPU in eval mode, as many samples of each kind as are held out."""

    networks: tuple[nn.Sequential, nn.Module]
    dataset: Dataset
    config: TrainConfig
    train: Tensor
    fake: Tensor

    @classmethod
    def drawn(
        cls, critic: nn.Module, generator: nn.Module, dataset: Dataset, rng: torch.Generator, config: TrainConfig
    ) -> "_Seen":
        networks = tuple(copy.deepcopy(net).cpu().eval().requires_grad_(False) for net in (critic, generator))
        n = len(dataset.held_out)
        fake = sampling.generate(networks[1], torch.randn(n, config.latent_dim, generator=rng))
        if not all(tensor.isfinite().all() for tensor in (fake, *networks[0].parameters())):
            raise FloatingPointError("The samples or the critic's weights are not numbers.")
        return cls(networks, dataset, config, dataset.sample(n, rng), fake)

    @property
    def critic(self) -> nn.Sequential:
        return self.networks[0]

    @property
    def held_out(self) -> Tensor:
        return self.dataset.held_out


def _gradients(seen: _Seen, critic: nn.Sequential, generator: nn.Module, rng: torch.Generator) -> Gradients:
    """Of one batch as training draws and makes it, generator in train mode."""
    n = seen.config.batch_size
    device = next(critic.parameters()).device
    real = seen.dataset.sample(n, rng).to(device)
    latents = torch.randn(n, seen.config.latent_dim, generator=rng).to(device)
    with torch.no_grad():
        fake = copy.deepcopy(generator).train()(latents)
    return gradients.measure(critic, real, fake)


def _lipschitz(seen: _Seen, rng: torch.Generator) -> Lipschitz:
    factors = lipschitz.lipschitz_factors(seen.critic, seen.dataset.shape, rng)
    return Lipschitz(factors, lipschitz.steepness(seen.critic, seen.held_out[:SLOPES_AT], seen.fake[:SLOPES_AT], rng))


@torch.no_grad()
def _distances(seen: _Seen, steepness: Lipschitz | None, before: Distances | None, rng: torch.Generator) -> Distances:
    sliced = seen.held_out.dim() == 4 and seen.held_out.shape[-1] > LARGEST_EXACT

    def w1(samples: Tensor, rng: torch.Generator) -> float:
        if sliced:
            return distances.sliced_w1(samples, seen.held_out, rng)
        return distances.exact_w1(samples, seen.held_out)

    def real_to_real() -> float:
        rng = rng_of(seen.config.seed, 0)  # of the run: the same whichever look comes first
        return w1(seen.dataset.sample(len(seen.held_out), rng), rng)

    train, held_out, fake = (seen.critic(x).double() for x in (seen.train, seen.held_out, seen.fake))
    estimate = (held_out.mean() - fake.mean()).item()
    return Distances(
        w1=w1(seen.fake, rng),
        sliced=sliced,
        real_to_real=before.real_to_real if before else real_to_real(),
        train_estimate=(train.mean() - fake.mean()).item(),
        held_out_estimate=estimate,
        gap_error=math.sqrt((train.var(correction=0) + held_out.var(correction=0)).item() / len(train)),
        lower_bound=_over(estimate, steepness.product) if steepness else math.nan,
        scaled=_over(estimate, steepness.met.largest) if steepness else math.nan,
    )


def _over(estimate: float, slope: float) -> float:
    """A flat critic tells nothing: 0, as its estimate is."""
    return estimate / slope if slope > 0 else 0.0


def _coverage(seen: _Seen) -> Coverage:
    data, n = seen.dataset, len(seen.fake)
    found, due, good = np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.int64)
    if data.centres is not None:
        found = modes.nearest_mode(seen.fake, data.centres)
        due = np.full(len(found), n / len(found))
        good = modes.high_quality(seen.fake, data.centres, data.sd)
    elif data.labels is not None:
        found = modes.class_histogram(seen.fake, data.held_out, data.labels)
        due = np.bincount(data.labels.numpy(), minlength=len(found)) * (n / len(data.labels))
    return Coverage(found, due, good, modes.spread(seen.fake) / modes.spread(data.held_out))


def _copies(seen: _Seen, before: Copies | None) -> Copies:
    """One pass over the training images, for both kinds of samples where the held-out ones are not known yet."""
    n = min(COPIES_OF, len(seen.fake))
    wanted = seen.fake[:n] if before else torch.cat([seen.fake[:n], seen.held_out[:n]])
    found = neighbours.nearest(wanted, seen.dataset.training_images(), k=1)[0].squeeze(1).double().numpy()
    return Copies(found[:n], before.held_out if before else found[n:])
