"""`nn.init.normal_`: a tensor filled from N(mean, std²), and what its std does to a forward pass."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

LARGEST = 1_000_000
"""Numbers in one tensor."""
DEPTH = 5
WIDTHS = (16, 32, 64, 128, 256, 512, 1024)
BATCH = 64


@dataclass(frozen=True)
class NormalInit:
    """One call of `nn.init.normal_`; the defaults are the study notes' example. Raises ValueError, one sentence."""

    shape: tuple[int, ...] = (2, 5)
    mean: float = 0.0
    std: float = 0.02
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= len(self.shape) <= 4 or min(self.shape) < 1:
            raise ValueError("A shape has one to four sizes, each 1 or more.")
        if math.prod(self.shape) > LARGEST:
            raise ValueError(
                f"{' × '.join(f'{n:,}' for n in self.shape)} are {math.prod(self.shape):,} numbers; "
                f"at most {LARGEST:,} are drawn here."
            )
        if not 1e-4 <= self.std <= 10:
            raise ValueError("The std must be from 0.0001 to 10.")
        if not -100 <= self.mean <= 100:
            raise ValueError("The mean must be from −100 to 100.")
        if not 0 <= self.seed < 2**53:
            raise ValueError("The seed must be 0 or a positive whole number.")


def filled(asked: NormalInit) -> Tensor:
    """float32 of the shape asked for."""
    return nn.init.normal_(torch.empty(asked.shape), asked.mean, asked.std, generator=_rng(asked.seed))


def keeping_std(width: int) -> float:
    """The std that leaves the sd of activations as it is: each output adds up `width` products."""
    return 1 / math.sqrt(width)


def sds(std: float, width: int, seed: int, batch_norm: bool = False) -> list[float]:
    """The sd of 64 activations of N(0, 1), [64, width], and after each of 5 linear layers: 6 numbers.

    With batch_norm, after the batch norm that follows each layer.
    """
    rng = _rng(seed)
    x = torch.randn(BATCH, width, generator=rng)
    found = [x.std().item()]
    for _ in range(DEPTH):
        w = nn.init.normal_(torch.empty(width, width), 0.0, std, generator=rng)
        x = x @ w.T
        if batch_norm:
            x = nn.functional.batch_norm(x, None, None, training=True)
        found.append(x.std().item())
    return found


HEAD = 20
"""Numbers printed of a larger tensor."""


def code(asked: NormalInit) -> str:
    """The call, to copy."""
    shown = "w" if math.prod(asked.shape) <= HEAD else "w.flatten()[:5]"
    return f"""import torch
from torch import nn

torch.manual_seed({asked.seed})
w = torch.empty({", ".join(map(str, asked.shape))})  # whatever was in memory
nn.init.normal_(w, {asked.mean}, {asked.std})  # the _ means: in place
print({shown})
print(f"mean {{w.mean():.4g}}, sd {{w.std():.4g}}")"""


def printed(asked: NormalInit) -> str:
    """What `code` prints."""
    w = filled(asked)
    shown = w if w.numel() <= HEAD else w.flatten()[:5]
    return f"{shown}\nmean {w.mean():.4g}, sd {sd(w):.4g}\n"


def sd(values: Tensor) -> float:
    """As `.std()` has it (over n − 1), which has no answer for a single number."""
    return values.std().item() if values.numel() > 1 else math.nan


def layers_code(std: float, width: int, seed: int) -> str:
    """The forward pass, to copy."""
    return f"""import torch
from torch import nn

torch.manual_seed({seed})
x = torch.randn({BATCH}, {width})
for layer in range(1, {DEPTH + 1}):
    w = torch.empty({width}, {width})
    nn.init.normal_(w, 0.0, {std})
    x = x @ w.T  # nn.Linear without its bias
    print(layer, f"{{x.std():.3g}}")"""


def layers_printed(found: Sequence[float]) -> str:
    """What `layers_code` prints, of the sds it finds."""
    return "".join(f"{layer} {sd:.3g}\n" for layer, sd in enumerate(found) if layer)


def _rng(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)
