"""What a network is like, measured: knows no training and no data."""

import torch
from torch import nn


@torch.no_grad()
def lipschitz_factors(model: nn.Sequential) -> dict[str, float]:
    """By layer, how many times it can stretch a distance at most, as it acts in eval mode (Euclidean norm).

    Their product bounds the slope of the whole: Miyato et al. 2018 (arXiv 1802.05957), section 2.1.
    TypeError for a layer that it does not know.
    """
    return {name: _factor(layer) for name, layer in model.named_children()}


def _factor(layer: nn.Module) -> float:
    if isinstance(layer, nn.Linear):
        return torch.linalg.matrix_norm(layer.weight, ord=2).item()
    if isinstance(layer, nn.BatchNorm1d):
        return (layer.weight.abs() / (layer.running_var + layer.eps).sqrt()).max().item()
    if isinstance(layer, nn.Sigmoid):
        return 0.25
    raise TypeError(f"lipschitz_factors does not know how much a {type(layer).__name__} can stretch.")
