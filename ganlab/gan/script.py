"""What a recipe makes of a generator, and a script that makes the same without ganlab.

The script is put together from the very functions that the app runs, so that the two can't drift apart.
"""

import inspect
import math
import textwrap
from collections.abc import Callable

import torch
from torch import Tensor, nn

from ganlab.gan import sampling
from ganlab.gan import sampling as ways
from ganlab.gan.recipe import Recipe

STRIP = 8  # frames in a row


def make(generator: nn.Module, latent_dim: int, recipe: Recipe) -> tuple[Tensor, Tensor]:
    """Latents [n, latent_dim] and samples [n, ...] of the recipe's view.

    Only the grid knows train mode: a few frames along a path would share statistics of their own.
    """
    if recipe.view == "grid" and recipe.batch_norm == "train":
        latents = _drawn(_whole_batches(recipe.n), latent_dim, recipe)
        samples = sampling.generate(sampling.in_train_mode(generator), latents)
        return latents[: recipe.n], samples[: recipe.n]
    latents = latents_of(recipe, latent_dim)
    return latents, sampling.generate(generator, latents)


def latents_of(recipe: Recipe, latent_dim: int) -> Tensor:
    """The latents of the recipe's view: float32 [n, latent_dim]."""

    def row(i: int, seed: int = recipe.seed) -> Tensor:
        return sampling.latents(i + 1, latent_dim, seed, recipe.truncation)[i]

    if recipe.view == "interpolate":
        way = {"linear": sampling.linear, "spherical": sampling.spherical}[recipe.path]
        return way(row(recipe.start), row(0, recipe.to), recipe.frames)
    if recipe.view == "plane":
        return sampling.plane(row(recipe.a), row(recipe.b), row(recipe.c), recipe.side)
    if recipe.view == "walk":
        return sampling.walk(row(recipe.start), recipe.frames, recipe.stride, recipe.to)
    if recipe.view == "arithmetic":
        return sampling.arithmetic(row(recipe.a), row(recipe.b), row(recipe.c))
    return _drawn(recipe.n, latent_dim, recipe)


def _drawn(n: int, latent_dim: int, recipe: Recipe) -> Tensor:
    return sampling.latents(n, latent_dim, recipe.seed, recipe.truncation)


def _whole_batches(n: int) -> int:
    return -(-n // sampling.BATCH) * sampling.BATCH


def columns_of(recipe: Recipe) -> int:
    """Samples in a row of the sheet."""
    if recipe.view in ("plane", "arithmetic"):
        return recipe.side if recipe.view == "plane" else 4
    square = math.ceil(recipe.n**0.5) if recipe.view == "grid" else min(recipe.frames, STRIP)
    return recipe.columns or square


def script(generator: nn.Sequential, latent_dim: int, recipe: Recipe, gap: int, enlarge: int) -> str:
    """A Python program that reads generator.safetensors and writes the same sheet as PNG, or points as CSV.

    It needs torch, safetensors and, for images, pillow. `gap` black pixels go around each picture of the sheet.
    """
    functions, line = _recipe_in_code(recipe, latent_dim)
    images = isinstance(generator[-1], nn.Tanh | nn.Unflatten)
    train = recipe.view == "grid" and recipe.batch_norm == "train"
    parts = [
        _HEAD.format(torch=torch.__version__, needs=", safetensors and pillow" if images else " and safetensors"),
        "import torch\n" + ("from PIL import Image\n" if images else "") + _IMPORTS,
        f"BATCH = {sampling.BATCH}\n",
        *(f"\n\n{inspect.getsource(function)}" for function in functions),
        f"\n\ngenerator = nn.Sequential(\n    OrderedDict(\n{_layers(generator)}    )\n)\n",
        _CHANNELS_LAST if any(p.ndim == 4 for p in generator.parameters()) else "",
        'generator.load_state_dict(load_file(folder / "generator.safetensors"))\n',
        f"generator.{'train' if train else 'eval'}()\n",
        line,
        "samples = generate(generator, z)\n",
        f"z, samples = z[:{recipe.n}], samples[:{recipe.n}]\n" if train else "",
        _IMAGES.format(columns=columns_of(recipe), gap=gap, enlarge=enlarge) if images else _POINTS,
    ]
    return "".join(parts)


def _recipe_in_code(recipe: Recipe, latent_dim: int) -> tuple[list[Callable[..., Tensor]], str]:
    """The functions that the recipe needs, and the lines that make its latents `z`."""
    r = recipe
    truncation = f", truncation={r.truncation}" if r.truncation < math.inf else ""
    row = f"def row(i, seed={r.seed}):\n    return latents(i + 1, {latent_dim}, seed{truncation})[i]\n\n\n"
    corners = f"row({r.a}), row({r.b}), row({r.c})"
    n = _whole_batches(r.n) if r.batch_norm == "train" else r.n
    function, line = {
        "grid": (None, f"z = latents({n}, {latent_dim}, {r.seed}{truncation})\n"),
        "interpolate": (getattr(ways, r.path), f"z = {r.path}(row({r.start}), row(0, {r.to}), {r.frames})\n"),
        "plane": (sampling.plane, f"z = plane({corners}, {r.side})\n"),
        "walk": (sampling.walk, f"z = walk(row({r.start}), {r.frames}, {r.stride}, {r.to})\n"),
        "arithmetic": (sampling.arithmetic, f"z = arithmetic({corners})\n"),
    }[r.view]
    needed = [sampling.latents, sampling.generate]
    if function is None:
        return needed, line
    if function is sampling.spherical:
        needed.append(sampling.linear)
    return [*needed, function], "\n\n" + row + line


def _layers(generator: nn.Sequential) -> str:
    lines = [f"{name}=nn.{_constructor(layer)},\n" for name, layer in generator.named_children()]
    return textwrap.indent("".join(lines), " " * 8)


def _constructor(layer: nn.Module) -> str:
    """The call that makes such a layer. A layer's repr is one, but for batch norm's, which changes with torch."""
    if isinstance(layer, nn.BatchNorm2d):
        return f"BatchNorm2d({layer.num_features}, eps={layer.eps})"
    return repr(layer)


_HEAD = '''"""Makes the same samples again: python sample.py [FOLDER], where FOLDER holds generator.safetensors.

Needs torch{needs}. Made with torch {torch}; another version or processor may round differently.
"""

import math
import sys
from collections import OrderedDict
from pathlib import Path

'''
_IMPORTS = """from safetensors.torch import load_file
from torch import Tensor, nn

folder = Path(sys.argv[1] if len(sys.argv) > 1 else ".")
torch.set_num_threads(1)
"""
_CHANNELS_LAST = "generator.to(memory_format=torch.channels_last)\n"
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
