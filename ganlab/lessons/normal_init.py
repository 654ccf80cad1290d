"""`nn.init.normal_`: a tensor filled from N(mean, std²), and what its std does to a forward pass."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ganlab.lessons import tensors
from ganlab.settings import SEEDS, check_all, setting

DEPTH = 5
WIDTHS = (16, 32, 64, 128, 256, 512, 1024)
BATCH = 64
PRINTED_WHOLE = 20  # numbers; of a larger tensor only the first five are printed


@dataclass(frozen=True)
class NormalInit:
    """One call of `nn.init.normal_`, by default that of the study notes. Raises ValueError for other settings."""

    shape: tuple[int, ...] = setting((2, 5), "shape", check=tensors.checked)
    mean: float = setting(0.0, "mean", bounds=(-100, 100))
    std: float = setting(0.02, "std", bounds=(1e-4, 10))
    seed: int = setting(0, "seed", bounds=SEEDS)

    def __post_init__(self) -> None:
        check_all(self)


def draw(call: NormalInit) -> Tensor:
    rng = torch.Generator().manual_seed(call.seed)
    return nn.init.normal_(torch.empty(call.shape), call.mean, call.std, generator=rng)


def sds(std: float, width: int, seed: int, batch_norm: bool = False) -> list[float]:
    """Six sds: of activations [64, width] drawn from N(0, 1), then after each linear layer and its batch norm."""
    rng = torch.Generator().manual_seed(seed)
    x = torch.randn(BATCH, width, generator=rng)
    sds = [x.std().item()]
    for _ in range(DEPTH):
        w = nn.init.normal_(torch.empty(width, width), 0.0, std, generator=rng)
        x = x @ w.T
        if batch_norm:
            x = nn.functional.batch_norm(x, None, None, training=True)
        sds.append(x.std().item())
    return sds


def code(call: NormalInit) -> str:
    shown = "w" if math.prod(call.shape) <= PRINTED_WHOLE else "w.flatten()[:5]"
    return f"""import torch
from torch import nn

torch.manual_seed({call.seed})
w = torch.empty({tensors.written(call.shape)})  # not initialised
nn.init.normal_(w, {call.mean}, {call.std})  # the _ means: in place
print({shown})
print(f"mean {{w.mean():.4g}}, sd {{w.std():.4g}}")"""


def printed(call: NormalInit) -> str:
    w = draw(call)
    shown = w if w.numel() <= PRINTED_WHOLE else w.flatten()[:5]
    return f"{shown}\nmean {w.mean():.4g}, sd {tensors.sd(w):.4g}\n"


def layers_code(std: float, width: int, seed: int) -> str:
    return f"""import torch
from torch import nn

torch.manual_seed({seed})
x = torch.randn({BATCH}, {width})
for layer in range(1, {DEPTH + 1}):
    w = torch.empty({width}, {width})
    nn.init.normal_(w, 0.0, {std})
    x = x @ w.T  # nn.Linear without its bias
    print(layer, f"{{x.std():.3g}}")"""


def layers_printed(sds: Sequence[float]) -> str:
    """What `layers_code` prints if it finds these sds; the first is that of the input."""
    return "".join(f"{layer} {sd:.3g}\n" for layer, sd in enumerate(sds) if layer)
