"""`ganlab sample`."""

import argparse
from pathlib import Path

from torch import nn

from ganlab.cli import runs
from ganlab.config import TrainConfig
from ganlab.data import images
from ganlab.gan import sampling
from ganlab.gan.training import set_up_torch
from ganlab.runs.disk import contents, networks


def sample(options: argparse.Namespace) -> int:
    """Write `latents` [n, latent_dim] and `samples` [n, c, h, w] or [n, 2], float32, into an .npz file."""
    if options.n < 1:
        raise ValueError(f"--n must be at least 1, not {options.n}.")
    if not 0 <= options.seed < 2**63:
        raise ValueError(f"--seed must be from 0 to 2^63 - 1, not {options.seed}.")
    generator, config, _ = newest_generator(runs.folder_of(options.run))
    set_up_torch(config.threads)
    latents = sampling.latents(options.n, config.latent_dim, options.seed)
    samples = sampling.generate(generator, latents)
    options.out.write_bytes(images.npz(latents.numpy(), samples.numpy()))
    return 0


def newest_generator(path: Path) -> tuple[nn.Module, TrainConfig, int]:
    """The generator of a run at its end, or of one without an end at its last checkpoint. Raises ValueError."""
    file, checkpoints = path / "generator.safetensors", contents.checkpoint_files(path)
    if file.exists() and contents.ending(path):
        return networks.read_generator(file)
    if not checkpoints:
        raise ValueError(f"Run {path.name} has no generator yet.")
    return contents.generator_at(checkpoints[-1].path)
