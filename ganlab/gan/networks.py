"""Generators and critics as plain `nn.Sequential`s, and how their weights start."""

import math
from collections import OrderedDict
from typing import NamedTuple, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import spectral_norm
from torch.nn.utils.parametrize import ParametrizationList, is_parametrized

SMALLEST = 4  # a DCGAN starts, and its critic ends, at 4 x 4, or at 7 x 7 for images of 28 x 28
INIT_SD = 0.02  # of convolutions and batch-norm scales at the start
POWER_ITERATIONS = 15  # before the first update, as torch makes them
Network = TypeVar("Network", bound=nn.Module)
Layer = nn.Linear | nn.Conv2d | nn.ConvTranspose2d | nn.BatchNorm2d | nn.GroupNorm  # these networks' parameters' owners
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.GroupNorm, nn.LayerNorm)


class Block(NamedTuple):
    """A layer with a matrix or kernel, together with the layers that act on its output."""

    name: str
    shape: tuple[int, ...]  # of its output, for one sample
    parameters: int
    norm: str = ""  # batch norm, layer norm or spectral norm


def dcgan_generator(latent_dim: int, channels: int, image_size: int, width: int) -> nn.Sequential:
    """Latents [n, latent_dim] -> images [n, channels, image_size, image_size] in (-1, 1).

    Radford et al. 2015 (arXiv 1511.06434): transposed convolutions, batch norm, ReLU, and tanh at the end.
    """
    base, ups = _halved(image_size)
    widths = [width * 2**i for i in reversed(range(ups))]  # 16 x 16, width 32: [64, 32]
    layers: OrderedDict[str, nn.Module] = OrderedDict(unflatten=nn.Unflatten(1, (latent_dim, 1, 1)))
    layers["conv1"] = nn.ConvTranspose2d(latent_dim, widths[0], base, bias=False)  # [n, 64, 4, 4]
    for i, (wide, narrow) in enumerate(zip(widths, [*widths[1:], channels], strict=True), start=1):
        layers[f"norm{i}"] = nn.BatchNorm2d(wide)
        layers[f"relu{i}"] = nn.ReLU(inplace=True)
        layers[f"conv{i + 1}"] = nn.ConvTranspose2d(wide, narrow, kernel_size=4, stride=2, padding=1, bias=i == ups)
    layers["tanh"] = nn.Tanh()
    return nn.Sequential(layers)


def dcgan_critic(channels: int, image_size: int, width: int, norm: str = "batch") -> nn.Sequential:
    """Images [n, channels, image_size, image_size] -> scores [n, 1]. No sigmoid: a critic, not a classifier.

    `norm` is batch, layer (Ba et al. 2016, arXiv 1607.06450) or none.
    """
    base, downs = _halved(image_size)
    widths = [width * 2**i for i in range(downs)]  # 16 x 16, width 32: [32, 64]
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    layers["conv1"] = nn.Conv2d(channels, width, kernel_size=4, stride=2, padding=1)
    layers["relu1"] = nn.LeakyReLU(0.2, inplace=True)
    for i, (narrow, wide) in enumerate(zip(widths, widths[1:], strict=False), start=2):
        layers[f"conv{i}"] = nn.Conv2d(narrow, wide, kernel_size=4, stride=2, padding=1, bias=norm == "none")
        if norm != "none":
            layers[f"norm{i}"] = nn.BatchNorm2d(wide) if norm == "batch" else nn.GroupNorm(1, wide)
        layers[f"relu{i}"] = nn.LeakyReLU(0.2, inplace=True)
    layers[f"conv{downs + 1}"] = nn.Conv2d(widths[-1], 1, base)  # [n, 1, 1, 1]
    layers["flatten"] = nn.Flatten()
    return nn.Sequential(layers)


def mlp_generator(latent_dim: int, shape: tuple[int, ...], width: int, depth: int) -> nn.Sequential:
    """Latents [n, latent_dim] -> [n, *shape]; images end in tanh, points are unbounded."""
    layers = _mlp(latent_dim, math.prod(shape), width, depth)
    if len(shape) == 3:
        layers |= {"tanh": nn.Tanh(), "unflatten": nn.Unflatten(1, shape)}
    return nn.Sequential(layers)


def mlp_critic(shape: tuple[int, ...], width: int, depth: int) -> nn.Sequential:
    """[n, *shape] -> scores [n, 1]."""
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    if len(shape) == 3:
        layers["flatten"] = nn.Flatten()
    return nn.Sequential(layers | _mlp(math.prod(shape), 1, width, depth))


def spectrally_normalised(critic: nn.Sequential) -> nn.Sequential:
    """The critic, each of whose weights W is now W / (u' W v), with one power iteration of u and v per forward pass.

    Miyato et al. 2018 (arXiv 1802.05957), Algorithm 1, by torch's own parametrisation: convolutions by their kernel
    reshaped to [out, in * k * k], and no iteration in eval mode.
    """
    for layer in critic.children():
        if isinstance(layer, nn.Linear | nn.Conv2d):
            spectral_norm(layer)
    return critic


class RealPlusNoise(nn.Module):
    """A generator that learns nothing: latents [n, 3] -> real points plus N(0, sd^2), [n, 2].

    The first latent picks one of `real` [points, 2], the other two move it. Gulrajani et al. 2017 (arXiv 1704.00028),
    Fig. 1a.
    """

    real: Tensor

    def __init__(self, sd: float, points: int = 8192) -> None:
        super().__init__()
        self.sd = sd
        self.register_buffer("real", torch.zeros(points, 2))

    def forward(self, latents: Tensor) -> Tensor:
        picked = torch.special.ndtr(latents[:, 0]) * len(self.real)  # uniform
        return self.real[picked.long().clamp(max=len(self.real) - 1)] + self.sd * latents[:, 1:]


def _mlp(features_in: int, features_out: int, width: int, depth: int) -> OrderedDict[str, nn.Module]:
    layers: OrderedDict[str, nn.Module] = OrderedDict()
    for i, features in enumerate([features_in, *[width] * (depth - 1)], start=1):
        layers[f"linear{i}"] = nn.Linear(features, width)
        layers[f"relu{i}"] = nn.ReLU(inplace=True)
    layers[f"linear{depth + 1}"] = nn.Linear(width, features_out)
    return layers


def _halved(image_size: int) -> tuple[int, int]:
    """The smallest size of at least 4 that halving leads to, and how many halvings that takes."""
    halvings = int(math.log2(image_size / SMALLEST))
    if halvings < 1 or image_size % 2**halvings:
        raise ValueError(f"A DCGAN makes images of 8, 16, 28, 32, 64 ... pixels, not {image_size}.")
    return image_size // 2**halvings, halvings


@torch.no_grad()
def init_(module: Network, rng: torch.Generator) -> Network:
    """Redraw every parameter, in place, from `rng` alone; returns the module.

    Convolutions N(0, 0.02), batch-norm scales N(1, 0.02), shifts 0 (Arjovsky et al. 2017, reference code); Linear
    layers, layer norm and biases keep PyTorch's default distributions; spectral norm begins as torch would begin it.
    Raises TypeError for any other layer with parameters.
    """
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.normal_(layer.weight, 1.0, INIT_SD, generator=rng)
            nn.init.zeros_(layer.bias)
        elif isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            weight = next(parameter for parameter in layer.parameters() if parameter.dim() > 1)
            if isinstance(layer, nn.Linear):
                nn.init.kaiming_uniform_(weight, a=math.sqrt(5), generator=rng)
            else:
                nn.init.normal_(weight, 0.0, INIT_SD, generator=rng)
            if layer.bias is not None:
                bound = 1 / math.sqrt(fan_in(weight))
                nn.init.uniform_(layer.bias, -bound, bound, generator=rng)
            if is_parametrized(layer):
                _restart_(layer, rng)
        elif isinstance(layer, nn.GroupNorm | ParametrizationList):  # the latter's weight is its layer's
            continue
        elif next(layer.parameters(recurse=False), None) is not None:
            raise TypeError(f"init_ does not know how to initialise a {type(layer).__name__}.")
    return module


def named_weights(network: nn.Sequential) -> list[tuple[str, Tensor]]:
    """The parameters as the network in eval mode uses them, named as in torch: spectrally normalised ones divided."""
    return [
        (f"{name}.{kind}", tensor)
        for name, layer in network.named_children()
        for kind in ("weight", "bias")
        if (tensor := getattr(layer, kind, None)) is not None
    ]


def _restart_(layer: nn.Module, rng: torch.Generator) -> None:
    """Begin a layer's spectral norm again: torch drew u and v from its global generator."""
    for vector in layer.buffers():
        vector.copy_(functional.normalize(torch.randn(vector.shape, generator=rng), dim=0))
    for _ in range(POWER_ITERATIONS):
        _ = layer.weight  # each use iterates once


def fan_in(weight: Tensor) -> int:
    """How many inputs each output of a matrix or kernel [out, in, ...] has, as torch counts them."""
    return weight[0].numel()


@torch.no_grad()
def outline(model: nn.Sequential, shape: tuple[int, ...]) -> list[Block]:
    """The blocks of a network in eval mode, from input to output; `shape` is that of one input."""
    blocks: list[Block] = []
    x = torch.zeros(1, *shape, device=next(model.parameters(), torch.empty(0)).device)
    for name, layer in model.named_children():
        x, parameters = layer(x), sum(p.numel() for p in layer.parameters())
        output = tuple(x.shape[1:])
        if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d | RealPlusNoise):
            blocks.append(Block(name, output, parameters, "spectral norm" if is_parametrized(layer) else ""))
        elif blocks:
            name, _, before, norm = blocks[-1]
            norm = {nn.BatchNorm2d: "batch norm", nn.GroupNorm: "layer norm"}.get(type(layer), norm)
            blocks[-1] = Block(name, output, before + parameters, norm)
    return blocks


def share_outside_at_start(layer: Layer, parameter: str, bounds: Tensor) -> Tensor:
    """The share of a layer's `weight` or `bias` expected outside [-c, c] after `init_`, for each c: float64 [n]."""
    bounds = bounds.double()
    is_norm = isinstance(layer, nn.BatchNorm2d | nn.GroupNorm)
    if is_norm and parameter == "bias":  # all 0
        return torch.zeros_like(bounds)
    if isinstance(layer, nn.GroupNorm):  # all 1
        return (bounds < 1).double()
    if isinstance(layer, nn.Linear) or parameter == "bias":  # uniform within ±1 / sqrt(fan_in)
        return (1 - bounds * math.sqrt(fan_in(layer.weight))).clamp(0, 1)
    mean, sd = float(is_norm), INIT_SD
    return torch.special.ndtr((mean - bounds) / sd) + torch.special.ndtr((-mean - bounds) / sd)
