"""What a trainer's state holds, and networks from it."""

from typing import TypeVar

import torch
from torch import Tensor, nn

from ganlab.config import TrainConfig
from ganlab.gan.building import build, shapes_of

# What an optimiser keeps for each parameter, in the parameter's shape, beside a number `step`.
OPTIMIZER_STATE = {"rmsprop": ("square_avg",), "adam": ("exp_avg", "exp_avg_sq")}
Value = TypeVar("Value")


def state_kinds(config: TrainConfig, shape: tuple[int, ...]) -> dict[str, tuple[torch.dtype, tuple[int, ...]]]:
    """Data type and shape of each tensor of `Trainer.state` after a step, for samples of that shape; uses no memory.

    Raises ValueError for settings that no trainer can have.
    """
    fits = shape == (2,) if config.kind == "point" else shape in [(c, *[config.image_size] * 2) for c in (1, 3)]
    if not fits:
        raise ValueError(f"{config.dataset} has no samples of shape {shape}.")
    states = torch.Generator().get_state()
    kinds = {name: (states.dtype, tuple(states.shape)) for name in ("rng", "looking_rng")}
    for name, network in zip(("generator", "critic"), shapes_of(config, shape), strict=True):
        kinds |= {f"{name}.{key}": (t.dtype, tuple(t.shape)) for key, t in network.state_dict().items()}
        for key, parameter in network.named_parameters():
            kinds[f"{name}_optimizer.{key}.step"] = (torch.float32, ())
            for k in OPTIMIZER_STATE[config.optimizer]:
                kinds[f"{name}_optimizer.{key}.{k}"] = (parameter.dtype, tuple(parameter.shape))
    return kinds


def check_finite(tensors: dict[str, Tensor]) -> None:
    """Raises ValueError for a network's tensors if one holds NaN or infinity."""
    if not all(tensor.isfinite().all() for tensor in tensors.values()):
        raise ValueError("its weights are not all finite")


def check_rng(tensors: dict[str, Tensor]) -> None:
    """Raises ValueError for a state of a random generator that torch refuses."""
    try:
        for name in ("rng", "looking_rng"):
            torch.Generator().set_state(tensors[name])
    except RuntimeError:
        raise ValueError("its RNG state is invalid") from None


def network_of(name: str, config: TrainConfig, shape: tuple[int, ...], tensors: dict[str, Tensor]) -> nn.Sequential:
    """The `generator` or the `critic` from what `Trainer.state` gave, on the CPU, in eval mode."""
    network = dict(zip(("generator", "critic"), build(config, shape), strict=True))[name]
    network.load_state_dict(below(tensors, name))
    return network.eval().requires_grad_(False)


def below(tensors: dict[str, Value], name: str) -> dict[str, Value]:
    """The tensors, or their kinds, whose name begins with `name.`, by the rest of their name."""
    return {key.removeprefix(f"{name}."): value for key, value in tensors.items() if key.startswith(f"{name}.")}
