"""`ganlab sample`."""

import argparse
from pathlib import Path

from ganlab.cli.runs import folder_of, in_a_folder
from ganlab.data import images
from ganlab.gan import sampling
from ganlab.gan.training import set_up_torch
from ganlab.runs.disk import checkpoints, contents, networks


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run", metavar="ID_OR_FOLDER", help="a run; if it has not ended, its last checkpoint is used")
    parser.add_argument("--n", type=int, default=64, help="how many samples (default: 64)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the latents (default: 0)")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE.npz", help="the file to write")


def run(options: argparse.Namespace) -> int:
    """Write `latents` [n, latent_dim] and `samples` [n, c, h, w] or [n, 2], float32, into an .npz file.

    Images are also written as `pixels` [n, h, w, c], uint8. Returns 0. Raises ValueError or OSError, in one sentence.
    """
    if options.n < 1:
        raise ValueError(f"--n must be at least 1, not {options.n}.")
    if not 0 <= options.seed < 2**63:
        raise ValueError(f"--seed must be from 0 to 2^63 - 1, not {options.seed}.")
    path, out = folder_of(options.run), in_a_folder(options.out)
    file, saved = path / "generator.safetensors", checkpoints.files(path)
    if file.exists() and contents.ending(path):
        generator, config, _ = networks.read_network(file)
    elif saved:
        checkpoint = checkpoints.read(saved[-1].path, contents.config_of(path))
        generator, config = checkpoint.network("generator"), checkpoint.config
    else:
        raise ValueError(contents.no_generator(path))
    set_up_torch(config.threads)
    latents = sampling.latents(options.n, config.latent_dim, options.seed)
    samples = sampling.generate(generator, latents)
    out.write_bytes(images.npz(latents.numpy(), samples.numpy()))
    return 0
