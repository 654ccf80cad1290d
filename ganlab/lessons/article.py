"""The worked example of an article on weight clipping in PyTorch: its model and the weights it prints."""

import json
import math
import textwrap
from collections import OrderedDict
from collections.abc import Collection
from functools import cache
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn.utils import skip_init

from ganlab.gan import networks
from ganlab.gan.clipping import ClipReport, clip_
from ganlab.measure.lipschitz import lipschitz_factors

Range = tuple[float, float]

CLIP_RANGE: Range = (-0.1, 0.1)
# What a clamp may leave out; the article clamps every parameter.
PARTS = {"batch norm": ("batchnorm.weight", "batchnorm.bias"), "biases": ("linear.bias", "batchnorm.bias")}
# The shown code builds an `nn.Sequential` of unnamed layers.
NAMES_IN_CODE = {"batchnorm.weight": "1.weight", "batchnorm.bias": "1.bias", "linear.bias": "0.bias"}


@cache
def printed_weights() -> dict[str, Tensor]:
    """The 60 parameter values before the clamp, to four decimals as the article prints them."""
    text = Path(__file__).with_name("article_weight_clipping.json").read_text()
    return {name: torch.tensor(values, dtype=torch.float32) for name, values in json.loads(text)["before"].items()}


def model(seed: int | None) -> nn.Sequential:
    """[n, 3] -> [n, 10] in (0, 1), in eval mode, with the article's weights or those of a seed."""
    linear: nn.Linear = skip_init(nn.Linear, 3, 10)
    model = nn.Sequential(OrderedDict(linear=linear, batchnorm=nn.BatchNorm1d(10), sigmoid=nn.Sigmoid()))
    model.eval().requires_grad_(False)
    if seed is None:
        model.load_state_dict(printed_weights(), strict=False)  # all but batch norm's running statistics
    else:  # as `torch.manual_seed(seed)` would, without using the global generator
        networks.init_(linear, torch.Generator().manual_seed(seed))
    return model


def clamped_parameters(model: nn.Module, left_out: Collection[str] = ()) -> list[tuple[str, nn.Parameter]]:
    """The parameters that a clamp changes, by name; `left_out` names the PARTS that it does not."""
    spared = {name for part in left_out for name in PARTS[part]}
    return [(name, parameter) for name, parameter in model.named_parameters() if name not in spared]


def clamp_(model: nn.Module, clip_range: Range, left_out: Collection[str] = ()) -> ClipReport:
    """Clamp a model's parameters in place, except for the PARTS left out; return what that did."""
    return clip_(clamped_parameters(model, left_out), clip_range)


def slope_bound(model: nn.Sequential) -> float:
    """An upper bound on the slope of the model's function: the product of its layers' Lipschitz factors."""
    return math.prod(lipschitz_factors(model).values())


def along(model: nn.Module, axis: int, at: Tensor) -> Tensor:
    """The model's outputs [n, 10] on the line where input number `axis` is `at` [n] and the other two are 0."""
    points = torch.zeros(len(at), 3)
    points[:, axis] = at
    return model(points)


def slope_along(model: nn.Module, axis: int, at: Tensor) -> float:
    """The largest norm, over the points `at`, of the outputs' derivative along that line."""
    at = at.clone().requires_grad_()
    outputs = along(model, axis, at)
    slopes = [torch.autograd.grad(unit.sum(), at, retain_graph=True)[0] for unit in outputs.T]  # [n] for each output
    return torch.stack(slopes).norm(dim=0).max().item()


def clamp_code(seed: int | None, clip_range: Range, left_out: Collection[str] = ()) -> str:
    """The article's model: every parameter clamped and printed."""
    return (
        f"{_model_code(seed)}\nmoved = total = 0\n{_loop_code(clip_range, left_out)}"
        "        print(p.data)\n"
        'print(f"{moved} of {total} values clamped")\n'
    )


def clamp_printed(seed: int | None, clip_range: Range, left_out: Collection[str] = ()) -> str:
    article = model(seed)
    report = clamp_(article, clip_range, left_out)
    lines = [str(parameter.data) for _, parameter in clamped_parameters(article, left_out)]
    return "\n".join([*lines, f"{report.clamped} of {report.before.numel()} values clamped\n"])


def slope_code(seed: int | None, clip_range: Range, left_out: Collection[str] = ()) -> str:
    """The bound on the slope of the article's model, before and after the clamp."""
    return (
        f"{_model_code(seed)}\n"
        "def bound(model):\n"
        "    linear, norm, _ = model\n"
        "    sigma = torch.linalg.matrix_norm(linear.weight, 2)\n"
        "    sd = (norm.running_var + norm.eps).sqrt()\n"
        "    scale = (norm.weight.abs() / sd).max()\n"
        "    # a sigmoid's slope is at most 1/4\n"
        "    return sigma.item() * scale.item() / 4\n\n"
        'print(f"before {bound(model):.4g}")\n'
        f"{_loop_code(clip_range, left_out, count=False)}"
        'print(f"after {bound(model):.4g}")\n'
    )


def slope_printed(seed: int | None, clip_range: Range, left_out: Collection[str] = ()) -> str:
    article = model(seed)
    before = slope_bound(article)
    clamp_(article, clip_range, left_out)
    return f"before {before:.4g}\nafter {slope_bound(article):.4g}\n"


def _model_code(seed: int | None) -> str:
    imports = "import torch\nfrom torch import nn\n\n"
    build = "model = nn.Sequential(\n    nn.Linear(3, 10), nn.BatchNorm1d(10), nn.Sigmoid()\n)\n"
    if seed is not None:
        return f"{imports}torch.manual_seed({seed})\n{build}"
    # Through float64, rounded: `tolist` of float32 would show 0.38249999284744263.
    literals = [f"{values.double().numpy().round(4).tolist()}," for values in printed_weights().values()]
    lines = [textwrap.fill(literal, 54, initial_indent=4 * " ", subsequent_indent=5 * " ") for literal in literals]
    weights = "\n".join(lines)
    return (
        f"{imports}printed = [  # in the article, before the clamp\n{weights}\n]\n"
        f"{build}"
        "for p, values in zip(model.parameters(), printed):\n"
        "    p.data = torch.tensor(values)\n"
    )


def _loop_code(clip_range: Range, left_out: Collection[str], count: bool = True) -> str:
    """The loop over all parameters that clamps them; ends inside the loop's body."""
    low, high = clip_range
    spared = [NAMES_IN_CODE[name] for name in NAMES_IN_CODE if any(name in PARTS[part] for part in left_out)]
    skip = f"        if name in {spared}:\n            continue\n" if spared else ""
    counting = f"        moved += ((p < {low}) | (p > {high})).sum().item()\n        total += p.numel()\n"
    return (
        "with torch.no_grad():\n"
        "    for name, p in model.named_parameters():\n"
        f"{skip}{counting if count else ''}"
        f"        p.clamp_({low}, {high})\n"
    )
