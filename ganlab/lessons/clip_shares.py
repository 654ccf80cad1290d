"""What share of a critic's weights a bound would clip: measured, and expected in theory at its start."""

from typing import NamedTuple

import numpy as np
from torch import Tensor, nn

from ganlab.config import TrainConfig
from ganlab.gan import building, networks
from ganlab.gan.clipping import shares_outside
from ganlab.links import link


class ClipShares(NamedTuple):
    """Shares by parameter of a critic, in its own order; the arrays are float64 [bounds]."""

    shapes: dict[str, tuple[int, ...]]
    measured: dict[str, np.ndarray]  # the share of values outside [-c, c] for each bound c
    expected: dict[str, np.ndarray]  # the same in theory, before any update; empty for a trained critic


def of_critic(critic: nn.Module, bounds: Tensor) -> ClipShares:
    """The shares of a critic as it is; `bounds` are float32 [n], ascending."""
    named = dict(critic.named_parameters())
    measured = {name: shares_outside(parameter, bounds).numpy() for name, parameter in named.items()}
    return ClipShares({name: tuple(parameter.shape) for name, parameter in named.items()}, measured, {})


def of_start(config: TrainConfig, bounds: Tensor) -> ClipShares:
    """The shares of the critic that a run with these settings starts with."""
    _, critic = building.initial(config)
    expected = {
        f"{name}.{parameter}": networks.share_outside_at_start(layer, parameter, bounds).numpy()
        for name, layer in critic.named_children()
        if isinstance(layer, networks.Layer)
        for parameter, _ in layer.named_parameters()
    }
    return of_critic(critic, bounds)._replace(expected=expected)


def total(shares: ClipShares, index: int) -> float:
    """The share of all weights together outside bound number `index`."""
    sizes = np.array([np.prod(shape) for shape in shares.shapes.values()])
    return float(np.dot(sizes, [values[index] for values in shares.measured.values()]) / sizes.sum())


def code(config: TrainConfig, file: str, c: float) -> str:
    """The share of each parameter outside [-c, c] of the critic in a file or, without one, of the start of a run."""
    settings = {field: text for field, text in link(config).items() if field != "threads"}
    imports, load = "", ""
    if file:
        imports, load = "from safetensors.torch import load_file\n", f"critic.load_state_dict(load_file({file!r}))\n"
    return f"""# run this in the app's folder
{imports}from ganlab.links import from_link
from ganlab.gan import building

_, critic = building.initial(from_link({settings}))
{load}
for name, w in critic.named_parameters():
    share = (w.abs() > {c}).double().mean().item()
    print(f"{{name:13}} {{share:6.1%}}")
"""


def printed(shares: dict[str, float]) -> str:
    return "".join(f"{name:13} {share:6.1%}\n" for name, share in shares.items())
