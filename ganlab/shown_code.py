"""The lines of PyTorch that the Weight Clipping page shows beside its numbers, and what they print.

What is printed is worked out by ganlab's own code, not by running the lines; the tests run them and compare.
"""

import math
import textwrap
from collections.abc import Collection, Sequence

import numpy as np
import torch

from ganlab import article, probes
from ganlab.clipping import clip_

Range = tuple[float, float]


def of_numbers(values: Sequence[float], clip_range: Range) -> str:
    """Plain numbers, clamped."""
    low, high = clip_range
    short = [float(str(np.float32(value))) for value in values]  # the fewest digits of the same float32
    return f"import torch\n\nnumbers = torch.tensor({short})\nprint(numbers.clamp({low}, {high}))\n"


def printed_of_numbers(values: Sequence[float], clip_range: Range) -> str:
    """What `of_numbers` prints."""
    return f"{torch.tensor(values).clamp(*clip_range)}\n"


def of_article(seed: int | None, clip_range: Range, left_out: Collection[str] = ()) -> str:
    """The article's model: every parameter clamped and printed."""
    return (
        f"{_model(seed)}\nmoved = total = 0\n{_loop(clip_range, left_out)}"
        "        print(p.data)\n"
        'print(f"{moved} of {total} values clamped")\n'
    )


def printed_of_article(seed: int | None, clip_range: Range, left_out: Collection[str] = ()) -> str:
    """What `of_article` prints."""
    parameters = article.clamped_parameters(article.model(seed), left_out)
    report = clip_(parameters, clip_range)
    lines = [str(parameter.data) for _, parameter in parameters]
    return "\n".join([*lines, f"{report.clamped.sum()} of {report.before.numel()} values clamped\n"])


def of_slope(seed: int | None, clip_range: Range, left_out: Collection[str] = ()) -> str:
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


def printed_of_slope(seed: int | None, clip_range: Range, left_out: Collection[str] = ()) -> str:
    """What `of_slope` prints."""
    model = article.model(seed)
    before = math.prod(probes.lipschitz_factors(model).values())
    clip_(article.clamped_parameters(model, left_out), clip_range, observe=False)
    return f"before {before:.4g}\nafter {math.prod(probes.lipschitz_factors(model).values()):.4g}\n"


def of_shares(critic: str, c: float) -> str:
    """The share of each parameter outside [-c, c]; `critic` is the lines that make a critic."""
    return (
        f"# to run in the app's folder\n{critic}\n"
        "for name, w in critic.named_parameters():\n"
        f"    share = (w.abs() > {c}).double().mean().item()\n"
        '    print(f"{name:13} {share:6.1%}")\n'
    )


def printed_of_shares(shares: dict[str, float]) -> str:
    """What `of_shares` prints."""
    return "".join(f"{name:13} {share:6.1%}\n" for name, share in shares.items())


def _model(seed: int | None) -> str:
    build = "model = nn.Sequential(\n    nn.Linear(3, 10), nn.BatchNorm1d(10), nn.Sigmoid()\n)\n"
    if seed is not None:
        return f"import torch\nfrom torch import nn\n\ntorch.manual_seed({seed})\n{build}"
    tensors = [[[round(v, 4) for v in row] for row in t.tolist()] if t.ndim == 2 else [round(v, 4) for v in t.tolist()]
               for t in article.printed_weights().values()]  # fmt: skip
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
    spared = [parts[name] for name in parts if any(name in article.PARTS[part] for part in left_out)]
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
