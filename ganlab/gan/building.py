"""The networks that settings describe, and the device on which they live."""

from collections import OrderedDict
from functools import lru_cache

import torch
from torch import nn

from ganlab.config import TrainConfig
from ganlab.gan import networks
from ganlab.gan.clipping import layers_of
from ganlab.gan.watched import Layers, WatchedConfig

LIMIT_WEIGHTS = 50_000_000


def build(config: TrainConfig, shape: tuple[int, ...]) -> tuple[nn.Sequential, nn.Sequential]:
    """Generator [n, latent_dim] -> [n, *shape] and critic [n, *shape] -> [n, 1], before `init_`."""
    if config.network == "dcgan":
        channels, size, _ = shape
        generator = networks.dcgan_generator(config.latent_dim, channels, size, config.width)
        critic = networks.dcgan_critic(channels, size, config.width, config.critic_norm)
        generator, critic = (
            generator.to(memory_format=torch.channels_last),
            critic.to(memory_format=torch.channels_last),
        )
    else:
        generator = networks.mlp_generator(config.latent_dim, shape, config.width, config.depth)
        critic = networks.mlp_critic(shape, config.width, config.depth)
    if config.generator:
        generator = nn.Sequential(OrderedDict(fixed=networks.RealPlusNoise(config.noise_sd)))
    return generator, networks.spectrally_normalised(critic) if config.has_spectral_norm else critic


def shapes_of(config: TrainConfig, shape: tuple[int, ...]) -> tuple[nn.Sequential, nn.Sequential]:
    """As `build`, in eval mode, but only shapes. Raises ValueError for networks that are too large."""
    with torch.device("meta"):
        both = build(config, shape)
    n = sum(p.numel() for network in both for p in network.parameters())
    if n > LIMIT_WEIGHTS:
        raise ValueError(f"These networks have {n:,} weights; at most {LIMIT_WEIGHTS:,} are allowed. Lower width.")
    return both[0].eval(), both[1].eval()


def initial(config: TrainConfig, rng: torch.Generator | None = None) -> tuple[nn.Sequential, nn.Sequential]:
    """Generator and critic as a run with these settings starts them, drawn from `rng`, by default one of the seed.

    Raises ValueError for networks that are too large.
    """
    rng = rng or torch.Generator().manual_seed(config.seed)
    shapes_of(config, config.shape)
    generator, critic = build(config, config.shape)
    return networks.init_(generator, rng), networks.init_(critic, rng)


@lru_cache(maxsize=64)
def critic_layers(config: TrainConfig) -> Layers:
    """The name and shape of each of the critic's parameters. Raises ValueError for networks that are too large."""
    if isinstance(config, WatchedConfig):
        return config.layers
    _, critic = shapes_of(config, config.shape)
    return layers_of(networks.named_weights(critic))


def device_of(config: TrainConfig) -> torch.device:
    """Where the run's networks live. Raises ValueError if the config wants an accelerator and there is none."""
    accelerator = torch.accelerator.current_accelerator(check_available=True)
    if config.device == "accelerator" and accelerator is None:
        raise ValueError("This computer has no accelerator that torch can use; set device to auto or cpu.")
    # 2-D runs are so small that a CPU is faster.
    wanted = config.device == "accelerator" or (config.device == "auto" and config.kind == "image")
    return accelerator if accelerator and wanted else torch.device("cpu")
