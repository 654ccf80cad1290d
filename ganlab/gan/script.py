"""The samples of a recipe, and a program that makes the same samples without ganlab.

The program contains the source code of the very functions that the app runs, so the two cannot drift apart.
"""

import inspect
import math
import textwrap
from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor, nn

from ganlab.gan import sampling
from ganlab.gan.networks import RealPlusNoise
from ganlab.gan.recipe import Recipe

STRIP = 8  # frames in a row of the sheet
PATHS = {"linear": sampling.linear, "spherical": sampling.spherical}
Row = TypeVar("Row")


def samples_of(generator: nn.Module, latent_dim: int, recipe: Recipe) -> tuple[Tensor, Tensor]:
    """Returns the latents float32 [n, latent_dim] and the samples [n, ...] of the recipe's view.

    Only the grid can use train mode: the few frames of the other views would share batch statistics.
    """

    def row(i: int, seed: int = recipe.seed) -> Tensor:
        return sampling.latents(i + 1, latent_dim, seed, recipe.truncation)[i]

    if recipe.view != "grid":
        path, arguments = _path(recipe, row)
        latents = path(*arguments)
        return latents, sampling.generate(generator, latents)
    latents = sampling.latents(_drawn(recipe), latent_dim, recipe.seed, recipe.truncation)
    if recipe.batch_norm == "train":
        generator = sampling.in_train_mode(generator)
    return latents[: recipe.n], sampling.generate(generator, latents)[: recipe.n]


def _drawn(recipe: Recipe) -> int:
    """How many latents a grid needs: in train mode whole batches, because a sample depends on its batch."""
    return -(-recipe.n // sampling.BATCH) * sampling.BATCH if recipe.batch_norm == "train" else recipe.n


def _path(recipe: Recipe, row: Callable[..., Row]) -> tuple[Callable[..., Tensor], list[Row | float]]:
    """The function that makes the latents of a view other than the grid, and its arguments.

    `row(i)` returns what stands for the recipe's latent i, and `row(i, seed)` for one of another seed.
    """
    r = recipe
    if r.view == "interpolate":
        return PATHS[r.path], [row(r.start), row(0, r.to), r.frames]
    if r.view == "plane":
        return sampling.plane, [row(r.a), row(r.b), row(r.c), r.side]
    if r.view == "walk":
        return sampling.walk, [row(r.start), r.frames, r.stride, r.to]
    return sampling.arithmetic, [row(r.a), row(r.b), row(r.c)]


def columns_of(recipe: Recipe) -> int:
    """How many samples are in a row of the sheet."""
    if recipe.view in ("plane", "arithmetic"):
        return recipe.side if recipe.view == "plane" else 4
    usual = math.ceil(recipe.n**0.5) if recipe.view == "grid" else min(recipe.frames, STRIP)
    return recipe.columns or usual


def script(generator: nn.Module, latent_dim: int, recipe: Recipe, gap: int, enlarge: int) -> str:
    """Returns a Python program that reads generator.safetensors and writes the recipe's sheet as PNG, or points as CSV.

    It needs torch, safetensors and, for images, pillow. The generator must be an `nn.Sequential` of torch's own layers
    or of those in `_own_layers`. On the sheet each picture has `gap` black pixels around it, and everything is then
    enlarged `enlarge` times.
    """
    functions, call = _in_code(recipe, latent_dim)
    *_, last_layer = generator.children()
    images = isinstance(last_layer, nn.Tanh | nn.Unflatten)
    train = recipe.view == "grid" and recipe.batch_norm == "train"
    needs, pillow = (", safetensors and pillow", "from PIL import Image\n") if images else (" and safetensors", "")
    parts = [
        _HEAD.format(torch=torch.__version__, needs=needs, pillow=pillow, batch=sampling.BATCH),
        *(f"\n\n{inspect.getsource(function)}" for function in functions),
        *(f"\n\n{inspect.getsource(layer)}" for layer in _own_layers(generator)),
        f"\n\ngenerator = nn.Sequential(\n    OrderedDict(\n{_layers(generator)}    )\n)\n",
        "generator.to(memory_format=torch.channels_last)\n" if any(p.ndim == 4 for p in generator.parameters()) else "",
        'generator.load_state_dict(load_file(folder / "generator.safetensors"))\n',
        f"generator.{'train' if train else 'eval'}()\n",
        call,
        "samples = generate(generator, z)\n",
        f"z, samples = z[:{recipe.n}], samples[:{recipe.n}]\n" if train else "",
        _IMAGES.format(columns=columns_of(recipe), gap=gap, enlarge=enlarge) if images else _POINTS,
    ]
    return "".join(parts)


def _in_code(recipe: Recipe, latent_dim: int) -> tuple[list[Callable[..., Tensor]], str]:
    """The functions that `samples_of` needs for a recipe, and the lines that make its latents `z`."""
    needed: list[Callable[..., Tensor]] = [sampling.latents, sampling.generate]
    truncation = f", truncation={recipe.truncation}" if recipe.truncation < math.inf else ""
    if recipe.view == "grid":
        return needed, f"z = latents({_drawn(recipe)}, {latent_dim}, {recipe.seed}{truncation})\n"
    path, arguments = _path(recipe, lambda *numbers: f"row({', '.join(map(str, numbers))})")
    if path is sampling.spherical:
        needed.append(sampling.linear)  # which it calls
    row = f"def row(i, seed={recipe.seed}):\n    return latents(i + 1, {latent_dim}, seed{truncation})[i]\n"
    call = f"{path.__name__}({', '.join(map(str, arguments))})"
    return [*needed, path], f"\n\n{row}\n\nz = {call}\n"


def _own_layers(generator: nn.Module) -> list[type[nn.Module]]:
    """Those that are not torch's own, whose source the program needs."""
    return [RealPlusNoise] if any(isinstance(layer, RealPlusNoise) for layer in generator.children()) else []


def _layers(generator: nn.Module) -> str:
    lines = ""
    for name, layer in generator.named_children():
        call = repr(layer)
        if isinstance(layer, nn.BatchNorm2d):  # whose repr depends on torch's version
            call = f"BatchNorm2d({layer.num_features}, eps={layer.eps})"
        lines += f"{name}=RealPlusNoise({layer.sd})" if isinstance(layer, RealPlusNoise) else f"{name}=nn.{call}"
        lines += ",\n"
    return textwrap.indent(lines, " " * 8)


_HEAD = '''"""Makes the same samples again: python sample.py [FOLDER], where FOLDER holds generator.safetensors.

Needs torch{needs}. Made with torch {torch}; another version or processor may round differently.
"""

import math
import sys
from collections import OrderedDict
from pathlib import Path

import torch
{pillow}from safetensors.torch import load_file
from torch import Tensor, nn

folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
torch.set_num_threads(1)
BATCH = {batch}
'''
_IMAGES = """
# The sheet: pixels 0 to 255, row by row on black.
COLUMNS, GAP, ENLARGE = {columns}, {gap}, {enlarge}
pixels = ((samples + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)  # [n, c, h, w]
n, channels, height, width = pixels.shape
rows = -(-n // COLUMNS)
sheet = torch.zeros(channels, GAP + rows * (height + GAP), GAP + COLUMNS * (width + GAP), dtype=torch.uint8)
for i, image in enumerate(pixels):
    top, left = GAP + i // COLUMNS * (height + GAP), GAP + i % COLUMNS * (width + GAP)
    sheet[:, top : top + height, left : left + width] = image
size = (sheet.shape[2], sheet.shape[1])
picture = Image.frombytes("RGB" if channels == 3 else "L", size, bytes(sheet.permute(1, 2, 0).flatten().tolist()))
picture = picture.resize((size[0] * ENLARGE, size[1] * ENLARGE), Image.Resampling.NEAREST)
picture.save(folder / "samples.png")
"""
_POINTS = """
names = ["x", "y", *(f"z{i}" for i in range(z.shape[1]))]
rows = [",".join(f"{value:.9g}" for value in row) for row in torch.cat([samples, z], dim=1).tolist()]
(folder / "samples.csv").write_text("\\n".join([",".join(names), *rows]) + "\\n")
"""
