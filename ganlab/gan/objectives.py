"""What the critic maximises and the generator lowers, as losses of scores [n, 1]."""

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor
from torch.nn.functional import relu, softplus


class Objective(NamedTuple):
    """Two losses, each a mean over a batch."""

    critic_loss: Callable[[Tensor, Tensor], Tensor]  # of the scores of real and of generated samples
    generator_loss: Callable[[Tensor], Tensor]  # of the scores of generated samples


def estimate(real: Tensor, fake: Tensor) -> Tensor:
    """E critic(real) - E critic(fake), whatever the objective is."""
    return real.mean() - fake.mean()


WASSERSTEIN = Objective(lambda real, fake: -estimate(real, fake), lambda fake: -fake.mean())
"""Arjovsky et al. 2017 (arXiv 1701.07875), Algorithm 1."""

OBJECTIVES = {
    "wasserstein": WASSERSTEIN,
    # Goodfellow et al. 2014 (arXiv 1406.2661), section 3, with scores as logits: the generator raises
    # log D(fake) where lowering log(1 - D(fake)) would saturate.
    "non-saturating": Objective(
        lambda real, fake: softplus(-real).mean() + softplus(fake).mean(), lambda fake: softplus(-fake).mean()
    ),
    # Lim & Ye 2017 (arXiv 1705.02894), as in Miyato et al. 2018 (arXiv 1802.05957), equations 16 and 17.
    "hinge": Objective(lambda real, fake: relu(1 - real).mean() + relu(1 + fake).mean(), lambda fake: -fake.mean()),
}
