"""`torch.randn`: what it draws, and what the bare *, `out` and `layout` in its signature mean."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

LARGEST = 1_000_000
"""Numbers in one tensor."""
DTYPES = ("float32", "float64", "float16", "bfloat16")


def devices() -> tuple[str, ...]:
    """What this machine can draw on."""
    accelerator = torch.accelerator.current_accelerator(check_available=True)
    return ("cpu",) if accelerator is None else ("cpu", accelerator.type)


@dataclass(frozen=True)
class Randn:
    """One call of `torch.randn`; the default is the study notes' (n, c, h, w). Raises ValueError, one sentence."""

    shape: tuple[int, ...] = (100, 1, 28, 28)
    dtype: str = "float32"
    device: str = "cpu"
    requires_grad: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= len(self.shape) <= 4 or min(self.shape) < 1:
            raise ValueError("A shape has one to four sizes here, each 1 or more.")
        if math.prod(self.shape) > LARGEST:
            raise ValueError(
                f"{' × '.join(f'{n:,}' for n in self.shape)} are {math.prod(self.shape):,} numbers; "
                f"at most {LARGEST:,} are drawn here."
            )
        if not 0 <= self.seed < 2**53:
            raise ValueError("The seed must be 0 or a positive whole number.")


def drawn(asked: Randn) -> Tensor:
    """The tensor asked for; equal seeds, equal numbers."""
    rng = torch.Generator(asked.device).manual_seed(asked.seed)
    return torch.randn(
        *asked.shape,
        generator=rng,
        dtype=getattr(torch, asked.dtype),
        device=asked.device,
        requires_grad=asked.requires_grad,
    )


IMAGES, PIXELS = 32, 64


def as_images(t: Tensor) -> np.ndarray:
    """[n, c, h, w] -> uint8 [at most 32, at most 64, at most 64, c or 1]; −3 is black and 3 white.

    Of 2, 4 or more channels the first is taken.
    """
    channels = t.shape[1] if t.shape[1] == 3 else 1
    part = t.detach()[:IMAGES, :channels, :PIXELS, :PIXELS].float().cpu()
    grey = (part / 6 + 0.5).clamp(0, 1) * 255
    return grey.round().to(torch.uint8).permute(0, 2, 3, 1).numpy()


def code(asked: Randn) -> str:
    """The call, to copy; only what differs from the defaults is named."""
    on = f'"{asked.device}"' if asked.device != "cpu" else ""
    options = [
        "generator=rng",
        *([f"dtype=torch.{asked.dtype}"] if asked.dtype != "float32" else []),
        *([f"device={on}"] if on else []),
        *(["requires_grad=True"] if asked.requires_grad else []),
    ]
    return f"""import torch

rng = torch.Generator({on}).manual_seed({asked.seed})
t = torch.randn({", ".join(map(str, asked.shape))},
                {", ".join(options)})
print(t.shape, t.dtype, t.requires_grad)
print(t.detach().flatten()[:4])
print(f"mean {{t.mean():.4f}}, sd {{t.std():.4f}}")"""


def printed(asked: Randn) -> str:
    """What `code` prints."""
    t = drawn(asked)
    mean, sd = mean_and_sd(t)
    return f"{t.shape} {t.dtype} {t.requires_grad}\n{t.detach().flatten()[:4]}\nmean {mean:.4f}, sd {sd:.4f}\n"


def mean_and_sd(t: Tensor) -> tuple[float, float]:
    """In the tensor's own dtype, as a reader would get them; the sd of a single number is NaN."""
    t = t.detach()
    return t.mean().item(), t.std().item() if t.numel() > 1 else math.nan


STAR_CODE = """import torch

try:  # by position
    torch.randn(2, 3, torch.float64)
except TypeError as error:
    print("TypeError:", error)
t = torch.randn(2, 3, True)  # worse
print(t.shape)
t = torch.randn(2, 3, dtype=torch.float64)
print(t.shape, t.dtype)"""


def star_printed() -> str:
    """What `STAR_CODE` prints: what happens to options that are not named."""
    rng = torch.Generator()
    try:
        torch.randn(2, 3, torch.float64, generator=rng)
    except TypeError as error:
        refusal = f"TypeError: {error}\n"
    t = torch.randn(2, 3, dtype=torch.float64, generator=rng)
    return f"{refusal}{torch.randn(2, 3, True, generator=rng).shape}\n{t.shape} {t.dtype}\n"


OUT_CODE = """import torch

torch.manual_seed(0)
mine = torch.zeros(2, 3)
where = mine.data_ptr()
t = torch.randn(2, 3, out=mine)
print(t is mine, t.data_ptr() == where)
print(mine)"""


def out_printed() -> str:
    """What `OUT_CODE` prints: the tensor given is the one filled, in its own memory."""
    mine = torch.zeros(2, 3)
    where = mine.data_ptr()
    t = torch.randn(2, 3, out=mine, generator=torch.Generator().manual_seed(0))
    return f"{t is mine} {t.data_ptr() == where}\n{mine}\n"


LAYOUT_CODE = """import torch

t = torch.randn(2, 3)
print(t.layout, t.stride())
s = torch.eye(1000).to_sparse()
print(s.layout, len(s.values()), s.numel())
try:
    torch.randn(9, layout=torch.sparse_coo)
except NotImplementedError as error:
    print(str(error).split(" with")[0])"""


def layout_printed() -> str:
    """What `LAYOUT_CODE` prints: how numbers lie in memory, and that randn only knows one way."""
    rng = torch.Generator()
    t, s = torch.randn(2, 3, generator=rng), torch.eye(1000).to_sparse()
    try:
        torch.randn(9, layout=torch.sparse_coo, generator=rng)
    except NotImplementedError as error:
        refusal = str(error).split(" with")[0]
    return f"{t.layout} {t.stride()}\n{s.layout} {len(s.values())} {s.numel()}\n{refusal}\n"
