"""The singular values of a critic's layers."""

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.grad import conv2d_input

from ganlab.measure.lipschitz import convolved, with_sizes
from ganlab.measure.subject import Subject

SMALL = 256  # inputs or outputs up to which the spectrum of a convolution is exact


class Spectrum(NamedTuple):
    """The singular values of one layer, descending."""

    layer: str
    values: np.ndarray
    exact: bool  # whether they belong to the layer itself; if not, to its kernel reshaped to [out, in * k * k]


def measure(subject: Subject) -> tuple[Spectrum, ...]:
    """The spectra of the critic's layers: Miyato et al. 2018 (arXiv 1802.05957), Fig. 3."""
    return spectra(subject.critic, subject.dataset.shape)


@torch.no_grad()
def spectra(model: nn.Module, shape: tuple[int, ...]) -> tuple[Spectrum, ...]:
    """The singular values of each linear and convolutional layer of a model with inputs of this shape.

    Raises Unmeasurable unless the model is a plain Sequential of known layers.
    """
    return tuple(
        _spectrum(name, layer, size)
        for name, layer, size in with_sizes(model, shape)
        if isinstance(layer, nn.Linear | nn.Conv2d)
    )


def _spectrum(name: str, layer: nn.Linear | nn.Conv2d, shape: tuple[int, ...]) -> Spectrum:
    matrix, exact = layer.weight, True
    if isinstance(layer, nn.Conv2d):
        outputs = layer(layer.weight.new_zeros(1, *shape)).shape[1:]
        if math.prod(shape) <= SMALL:  # the operator's columns, one per input
            matrix = convolved(layer, _basis(shape).to(matrix))
        elif math.prod(outputs) <= SMALL:  # its rows, one per output
            basis = _basis(outputs).to(matrix)
            options = layer.stride, layer.padding, layer.dilation, layer.groups
            matrix = conv2d_input((len(basis), *shape), layer.weight, basis, *options)
        else:
            exact = False
    matrix = matrix.flatten(1).double()
    # The smaller Gram matrix in float64: exact to 1e-8 of the largest value, and fast for oblong matrices.
    gram = matrix @ matrix.T if len(matrix) <= matrix.shape[1] else matrix.T @ matrix
    return Spectrum(name, torch.linalg.eigvalsh(gram).clamp(min=0).sqrt().flip(0).cpu().numpy(), exact)


def _basis(shape: tuple[int, ...]) -> Tensor:
    return torch.eye(math.prod(shape)).reshape(-1, *shape)
