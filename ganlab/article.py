"""The worked example of the article on weight clipping in PyTorch: its model and its printed weights."""

import json
import math
from collections import OrderedDict
from collections.abc import Collection
from functools import cache
from pathlib import Path

import torch
from torch import Tensor, nn

CLIP_RANGE = (-0.1, 0.1)
NUMBERS, NUMBERS_RANGE = "-2, -1, 0, 1, 2", (-1.0, 1.0)
"""Its first example: plain numbers."""
MOST_NUMBERS = 200
PARTS = {"batch norm": ("batchnorm.weight", "batchnorm.bias"), "biases": ("linear.bias", "batchnorm.bias")}
"""What a clamp may leave out; the article clamps every parameter."""


@cache
def printed_weights() -> dict[str, Tensor]:
    """The parameters before the clamp as the article prints them, to four decimals; 60 values."""
    text = (Path(__file__).parent / "data" / "article_weight_clipping.json").read_text()
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
