"""The script makes the same samples and files, also in a fresh process that cannot import ganlab."""

import dataclasses
import io
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from stubs import TINY, TINY_IMAGES
from torch import nn

from ganlab import settings
from ganlab.config import TrainConfig
from ganlab.data import images
from ganlab.gan import building, networks, script
from ganlab.gan.recipe import Recipe
from ganlab.runs.disk.networks import network_file, read_network

COLOUR = dataclasses.replace(TINY_IMAGES, dataset="cifar10", image_size=28)
FIXED = dataclasses.replace(TINY, generator="real-plus-noise")
MLP_IMAGES = dataclasses.replace(TINY_IMAGES, network="mlp", width=16, depth=2)


def trained(config: TrainConfig, folder: Path) -> nn.Module:
    """A generator whose batch norms have moved their running statistics, as if it were trained; saved in the folder."""
    rng = torch.Generator().manual_seed(3)
    generator = networks.init_(building.build(config, config.shape)[0], rng)
    for points in generator.buffers() if config.generator else ():
        points.normal_(generator=rng)
    for _ in range(5):
        generator(torch.randn(64, config.latent_dim, generator=rng))
    (folder / "generator.safetensors").write_bytes(network_file(config, 1, generator))
    return read_network(folder / "generator.safetensors")[0]


def run_script(text: str, folder: Path) -> None:
    (folder / "sample.py").write_text(text)

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", *arguments]  # -I: without PYTHONPATH
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)

    assert run("-c", "import ganlab").returncode == 1
    result = run("-W", "error", str(folder / "sample.py"), str(folder))
    assert result.returncode == 0, result.stderr


def run_here(text: str, folder: Path) -> dict[str, Any]:
    """The names that the script defines, run in this process: a fresh one would load torch again for each case."""
    names: dict[str, Any] = {"FOLDER": str(folder)}
    exec(text.replace("sys.argv[1] if len(sys.argv) > 1", "FOLDER if 1"), names)
    return names


@pytest.mark.parametrize(
    ("config", "recipe", "run"),
    [
        (TINY_IMAGES, Recipe(n=70, seed=5, truncation=0.8, columns=10, enlarge=2), run_script),
        (COLOUR, Recipe(n=100, batch_norm="train", columns=7), run_here),
        (MLP_IMAGES, Recipe(view="interpolate", to=9, pick=3, frames=5), run_here),
    ],
    ids=["dcgan", "dcgan in train mode", "mlp"],
)
def test_the_script_makes_the_same_picture(
    config: TrainConfig, recipe: Recipe, run: Callable[[str, Path], object], tmp_path: Path
) -> None:
    generator = trained(config, tmp_path)
    _, samples = script.samples_of(generator, config.latent_dim, recipe)
    run(script.script(generator, config.latent_dim, recipe, images.GAP, recipe.enlarge), tmp_path)
    pixels = images.to_uint8(samples.numpy())
    expected = images.png(images.sheet(pixels, script.columns_of(recipe), recipe.enlarge))
    written = (tmp_path / "samples.png").read_bytes()
    assert Image.open(io.BytesIO(written)).tobytes() == Image.open(io.BytesIO(expected)).tobytes()
    assert written == expected


@pytest.mark.parametrize("config", [TINY, FIXED], ids=["mlp", "fixed"])
def test_the_script_writes_the_same_points(config: TrainConfig, tmp_path: Path) -> None:
    generator = trained(config, tmp_path)
    recipe = Recipe(n=100, seed=2, batch_norm="train")
    latents, points = script.samples_of(generator, config.latent_dim, recipe)
    run_here(script.script(generator, config.latent_dim, recipe, images.GAP, recipe.enlarge), tmp_path)
    assert (tmp_path / "samples.csv").read_bytes() == images.csv(latents.numpy(), points.numpy())


@pytest.mark.parametrize("path", settings.rules(Recipe, "path").choices)
@pytest.mark.parametrize("view", settings.rules(Recipe, "view").choices)
def test_the_script_makes_the_same_latents_in_every_view(view: str, path: str, tmp_path: Path) -> None:
    generator = trained(TINY_IMAGES, tmp_path)
    recipe = Recipe(view=view, path=path, n=70, seed=4, truncation=1.5, pick=66, to=8, a=3, b=65, c=9, stride=0.4)
    text = script.script(generator, 4, recipe, images.GAP, recipe.enlarge)
    names = run_here(text, tmp_path)
    latents, samples = script.samples_of(generator, 4, recipe)
    assert torch.equal(names["z"], latents)
    assert torch.equal(names["samples"], samples)
