"""The layers of a plain Sequential of known layers: only of these are the effects known, and only these multiply."""

from torch import nn
from torch.nn.utils.parametrize import type_before_parametrizations

from ganlab.measure.subject import Unmeasurable

KNOWN = (
    *(nn.Linear, nn.Conv2d, nn.BatchNorm1d, nn.BatchNorm2d, nn.GroupNorm, nn.LayerNorm),
    *(nn.ReLU, nn.LeakyReLU, nn.Tanh, nn.Sigmoid, nn.Flatten, nn.Unflatten),
)


def named_layers(model: nn.Module) -> list[tuple[str, nn.Module]]:
    """(name, layer) from input to output. Raises Unmeasurable unless the model is a plain Sequential of known layers.

    Subclasses don't count: their forward may be another.
    """
    if type(model) is not nn.Sequential:
        raise Unmeasurable(f"The critic is a {type(model).__name__}, not a plain Sequential.")
    if len(set(model)) < len(model):
        raise Unmeasurable("The critic uses a layer twice.")
    for name, layer in model.named_children():
        if not _is_known(layer):
            raise Unmeasurable(f"The critic's layer {name}, a {type(layer).__name__}, is not one of the known ones.")
    return list(model.named_children())


def _is_known(layer: nn.Module) -> bool:
    if isinstance(layer, nn.Conv2d) and (layer.padding_mode != "zeros" or isinstance(layer.padding, str)):
        return False
    if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d) and (layer.running_var is None or not layer.affine):
        return False
    return type_before_parametrizations(layer) in KNOWN
