"""`torch.randn`: what it draws, and what the bare *, `out` and `layout` in its signature mean."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ganlab.lessons import tensors
from ganlab.settings import SEEDS, check_all, setting

DTYPES = ("float32", "float64", "float16", "bfloat16")
_accelerator = torch.accelerator.current_accelerator(check_available=True)
DEVICES = ("cpu",) if _accelerator is None else ("cpu", _accelerator.type)
IMAGES, PIXELS = 32, 64  # of a batch, how many images are shown, and how many pixels of each side


@dataclass(frozen=True)
class Randn:
    """One call of `torch.randn`, by default that of the study notes. Raises ValueError for other settings."""

    shape: tuple[int, ...] = setting((100, 1, 28, 28), "shape", check=tensors.checked)  # (n, c, h, w)
    dtype: str = setting("float32", "dtype", choices=DTYPES)
    device: str = setting("cpu", "device", choices=DEVICES)
    requires_grad: bool = setting(False, "requires_grad", choices=(True, False))
    seed: int = setting(0, "seed", bounds=SEEDS)

    def __post_init__(self) -> None:
        check_all(self)


def draw(call: Randn) -> Tensor:
    rng, dtype = torch.Generator(call.device).manual_seed(call.seed), getattr(torch, call.dtype)
    return torch.randn(call.shape, generator=rng, dtype=dtype, device=call.device, requires_grad=call.requires_grad)


def as_images(t: Tensor) -> np.ndarray:
    """[n, c, h, w] -> uint8 [at most 32, at most 64, at most 64, 3 or 1]; −3 is black and 3 white."""
    channels = 3 if t.shape[1] == 3 else 1  # of 2, 4 or more channels only the first is shown
    part = t.detach()[:IMAGES, :channels, :PIXELS, :PIXELS].float().cpu()
    grey = (part / 6 + 0.5).clamp(0, 1) * 255
    return grey.round().to(torch.uint8).permute(0, 2, 3, 1).numpy()


def code(call: Randn) -> str:
    """The call; only what differs from the defaults is named."""
    on = f'"{call.device}"' if call.device != "cpu" else ""
    options = "generator=rng"
    options += f", dtype=torch.{call.dtype}" if call.dtype != "float32" else ""
    options += f", device={on}" if on else ""
    options += ", requires_grad=True" if call.requires_grad else ""
    return f"""import torch

rng = torch.Generator({on}).manual_seed({call.seed})
t = torch.randn({tensors.written(call.shape)},
                {options})
print(t.shape, t.dtype, t.requires_grad)
print(t.detach().flatten()[:4])
print(f"mean {{t.mean():.4f}}, sd {{t.std():.4f}}")"""


def printed(call: Randn) -> str:
    t = draw(call)
    values = t.detach()
    return (
        f"{t.shape} {t.dtype} {t.requires_grad}\n{values.flatten()[:4]}\n"
        f"mean {values.mean():.4f}, sd {tensors.sd(values):.4f}\n"
    )


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
    randn: Callable[..., Tensor] = torch.randn  # untyped, as the first call is wrong on purpose
    rng = torch.Generator()
    try:
        randn(2, 3, torch.float64, generator=rng)
    except TypeError as error:
        refusal = f"TypeError: {error}\n"
    t = randn(2, 3, dtype=torch.float64, generator=rng)
    return f"{refusal}{randn(2, 3, True, generator=rng).shape}\n{t.shape} {t.dtype}\n"


OUT_CODE = """import torch

torch.manual_seed(0)
mine = torch.zeros(2, 3)
where = mine.data_ptr()
t = torch.randn(2, 3, out=mine)
print(t is mine, t.data_ptr() == where)
print(mine)"""


def out_printed() -> str:
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
    rng = torch.Generator()
    t, s = torch.randn(2, 3, generator=rng), torch.eye(1000).to_sparse()
    try:
        torch.randn(9, layout=torch.sparse_coo, generator=rng)
    except NotImplementedError as error:
        refusal = str(error).split(" with")[0]
    return f"{t.layout} {t.stride()}\n{s.layout} {len(s.values())} {s.numel()}\n{refusal}\n"
