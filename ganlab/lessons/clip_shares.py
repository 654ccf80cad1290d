"""What share of a critic's weights a bound would clip: measured, and what its start lets expect."""

from typing import NamedTuple

import numpy as np
from torch import Tensor, nn

from ganlab.config import TrainConfig
from ganlab.gan import networks, training
from ganlab.gan.clipping import shares_outside


def code(critic: str, c: float) -> str:
    """The share of each parameter outside [-c, c]; `critic` is the lines that make a critic."""
    return (
        f"# to run in the app's folder\n{critic}\n"
        "for name, w in critic.named_parameters():\n"
        f"    share = (w.abs() > {c}).double().mean().item()\n"
        '    print(f"{name:13} {share:6.1%}")\n'
    )


def printed(shares: dict[str, float]) -> str:
    """What `code` prints."""
    return "".join(f"{name:13} {share:6.1%}\n" for name, share in shares.items())


class ClipShares(NamedTuple):
    """By parameter of a critic, in order; the arrays are float64 [bounds]."""

    shapes: dict[str, tuple[int, ...]]
    measured: dict[str, np.ndarray]
    """The share outside [-c, c] for each c of the bounds."""
    expected: dict[str, np.ndarray]
    """The same in theory, of weights that no update has changed; empty for a critic that was trained."""


def of_critic(critic: nn.Module, bounds: Tensor) -> ClipShares:
    """Of a critic as it is; `bounds` are float32 [n], ascending."""
    named = dict(critic.named_parameters())
    measured = {name: shares_outside(parameter, bounds).numpy() for name, parameter in named.items()}
    return ClipShares({name: tuple(parameter.shape) for name, parameter in named.items()}, measured, {})


def of_start(config: TrainConfig, bounds: Tensor) -> ClipShares:
    """Of the critic that a run with these settings starts with."""
    _, critic = training.initial(config)
    return of_critic(critic, bounds)._replace(
        expected={
            f"{name}.{parameter}": networks.share_outside_at_start(layer, parameter, bounds).numpy()
            for name, layer in critic.named_children()
            for parameter, _ in layer.named_parameters()
        }
    )


def total(shares: ClipShares, which: int) -> float:
    """The share of all weights together at bound number `which`."""
    sizes = np.array([np.prod(shape) for shape in shares.shapes.values()])
    return float(np.dot(sizes, [values[which] for values in shares.measured.values()]) / sizes.sum())
