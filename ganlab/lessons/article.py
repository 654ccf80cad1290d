"""The worked example of the article on weight clipping in PyTorch: its model and its printed weights."""

import json
import math
import textwrap
from collections import OrderedDict
from collections.abc import Collection, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ganlab.gan.clipping import clip_
from ganlab.measure.lipschitz import lipschitz_factors

CLIP_RANGE = (-0.1, 0.1)
NUMBERS, NUMBERS_RANGE = "-2, -1, 0, 1, 2", (-1.0, 1.0)
"""Its first example: plain numbers."""
MOST_NUMBERS = 200
PARTS = {"batch norm": ("batchnorm.weight", "batchnorm.bias"), "biases": ("linear.bias", "batchnorm.bias")}
"""What a clamp may leave out; the article clamps every parameter."""


@cache
def printed_weights() -> dict[str, Tensor]:
    """The parameters before the clamp as the article prints them, to four decimals; 60 values."""
    text = Path(__file__).with_name("article_weight_clipping.json").read_text()
    return {name: torch.tensor(values, dtype=torch.float32) for name, values in json.loads(text)["before"].items()}


def model(seed: int | None) -> nn.Sequential:
    """[n, 3] -> [n, 10] in (0, 1), in eval mode: with the article's weights, or as PyTorch starts it from a seed.

    The seed gives the weights that `torch.manual_seed(seed)` would, drawn from a generator of their own.
    """
    layers = OrderedDict(linear=nn.Linear(3, 10), batchnorm=nn.BatchNorm1d(10), sigmoid=nn.Sigmoid())
    made = nn.Sequential(layers).eval().requires_grad_(False)
    if seed is None:
        made.load_state_dict(printed_weights(), strict=False)  # all but batch norm's running statistics
        return made
    rng = torch.Generator().manual_seed(seed)
    nn.init.kaiming_uniform_(made.linear.weight, a=math.sqrt(5), generator=rng)
    nn.init.uniform_(made.linear.bias, -1 / math.sqrt(3), 1 / math.sqrt(3), generator=rng)
    return made


def clamped_parameters(model: nn.Module, left_out: Collection[str] = ()) -> list[tuple[str, nn.Parameter]]:
    """The parameters that a clamp takes, by name; `left_out` names PARTS that stay as they are."""
    spared = {name for part in left_out for name in PARTS[part]}
    return [(name, parameter) for name, parameter in model.named_parameters() if name not in spared]


def along(model: nn.Module, axis: int, at: Tensor) -> Tensor:
    """What the model answers on the line where one of its three inputs is `at` [n] and the others are 0: [n, 10]."""
    points = torch.zeros(len(at), 3)
    points[:, axis] = at
    return model(points)


def slope_along(model: nn.Module, axis: int, at: Tensor) -> float:
    """The largest norm of that answer's derivative along the line, of those at the points `at`."""
    at = at.clone().requires_grad_()
    answers = along(model, axis, at)
    slopes = [torch.autograd.grad(unit.sum(), at, retain_graph=True)[0] for unit in answers.T]  # [n] for each output
    return torch.stack(slopes).norm(dim=0).max().item()


def numbers(text: str) -> list[float]:
    """The numbers in a line of text, with commas, semicolons or spaces between them.

    Raises ValueError naming the first word that is none; also for no number at all and for more than 200.
    """
    words = text.replace(",", " ").replace(";", " ").replace("\N{MINUS SIGN}", "-").split()
    if not words:
        raise ValueError("Type some numbers, with commas between them.")
    if "," in text and ";" in text:
        raise ValueError("Write decimals with a point, such as 1.5; commas go between numbers.")
    if len(words) > MOST_NUMBERS:
        raise ValueError(f"At most {MOST_NUMBERS} numbers can be shown; these are {len(words):,}.")
    return [_number(word) for word in words]


def _number(word: str) -> float:
    try:
        value = float(word) if word.isascii() and "_" not in word else math.nan
    except ValueError:
        value = math.nan
    if math.isnan(value):
        raise ValueError(f"“{word[:40]}” is not a number.")
    rounded = torch.tensor(value).item()  # as float32 has it
    if math.isinf(rounded):
        raise ValueError(f"“{word[:40]}” is more than 32 bits can hold.")
    return rounded


Range = tuple[float, float]


def numbers_code(values: Sequence[float], clip_range: Range) -> str:
    """Plain numbers, clamped."""
    low, high = clip_range
    short = [float(str(np.float32(value))) for value in values]  # the fewest digits of the same float32
    return f"import torch\n\nnumbers = torch.tensor({short})\nprint(numbers.clamp({low}, {high}))\n"


def numbers_printed(values: Sequence[float], clip_range: Range) -> str:
    """What `numbers_code` prints."""
    return f"{torch.tensor(values).clamp(*clip_range)}\n"


def clamp_code(seed: int | None, clip_range: Range, left_out: Collection[str] = ()) -> str:
    """The article's model: every parameter clamped and printed."""
    return (
        f"{_model(seed)}\nmoved = total = 0\n{_loop(clip_range, left_out)}"
        "        print(p.data)\n"
        'print(f"{moved} of {total} values clamped")\n'
    )


def clamp_printed(seed: int | None, clip_range: Range, left_out: Collection[str] = ()) -> str:
    """What `clamp_code` prints."""
    parameters = clamped_parameters(model(seed), left_out)
    report = clip_(parameters, clip_range)
    lines = [str(parameter.data) for _, parameter in parameters]
    return "\n".join([*lines, f"{report.clamped.sum()} of {report.before.numel()} values clamped\n"])


def slope_code(seed: int | None, clip_range: Range, left_out: Collection[str] = ()) -> str:
    """The bound on the slope of the article's model, before and after the clamp."""
    return (
        f"{_model(seed)}\n"
        "def bound(model):\n"
        "    linear, norm, _ = model\n"
        "    sigma = torch.linalg.matrix_norm(linear.weight, 2)\n"
        "    sd = (norm.running_var + norm.eps).sqrt()\n"
        "    scale = (norm.weight.abs() / sd).max()\n"
        "    # a sigmoid's slope is at most 1/4\n"
        "    return sigma.item() * scale.item() / 4\n\n"
        'print(f"before {bound(model):.4g}")\n'
        f"{_loop(clip_range, left_out, count=False)}"
        'print(f"after {bound(model):.4g}")\n'
    )


def slope_printed(seed: int | None, clip_range: Range, left_out: Collection[str] = ()) -> str:
    """What `slope_code` prints."""
    article = model(seed)
    before = math.prod(lipschitz_factors(article).values())
    clip_(clamped_parameters(article, left_out), clip_range, observe=False)
    return f"before {before:.4g}\nafter {math.prod(lipschitz_factors(article).values()):.4g}\n"


def _model(seed: int | None) -> str:
    build = "model = nn.Sequential(\n    nn.Linear(3, 10), nn.BatchNorm1d(10), nn.Sigmoid()\n)\n"
    if seed is not None:
        return f"import torch\nfrom torch import nn\n\ntorch.manual_seed({seed})\n{build}"
    tensors = [[[round(v, 4) for v in row] for row in t.tolist()] if t.ndim == 2 else [round(v, 4) for v in t.tolist()]
               for t in printed_weights().values()]  # fmt: skip
    literals = "".join(_wrapped(f"{tensor},") for tensor in tensors)
    return (
        f"import torch\nfrom torch import nn\n\nprinted = [  # in the article, before the clamp\n{literals}]\n"
        f"{build}"
        "for p, values in zip(model.parameters(), printed):\n"
        "    p.data = torch.tensor(values)\n"
    )


def _wrapped(literal: str) -> str:
    """A long list on lines that fit beside the page."""
    return textwrap.fill(literal, 54, initial_indent="    ", subsequent_indent="     ") + "\n"


def _loop(clip_range: Range, left_out: Collection[str], count: bool = True) -> str:
    """Over all clamped parameters; ends inside the loop's body."""
    low, high = clip_range
    parts = {"batchnorm.weight": "1.weight", "batchnorm.bias": "1.bias", "linear.bias": "0.bias"}
    spared = [parts[name] for name in parts if any(name in PARTS[part] for part in left_out)]
    skip = f"        if name in {spared}:\n            continue\n" if spared else ""
    counting = (
        f"        moved += ((p < {low}) | (p > {high})).sum().item()\n        total += p.numel()\n" if count else ""
    )
    return (
        "with torch.no_grad():\n"
        "    for name, p in model.named_parameters():\n"
        f"{skip}{counting}"
        f"        p.clamp_({low}, {high})\n"
    )
