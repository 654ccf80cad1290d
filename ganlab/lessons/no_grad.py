"""`torch.no_grad`: what a forward pass keeps for `backward()`, and what it costs, with and without."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import cache, partial
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ganlab.data import image_sets
from ganlab.gan import networks
from ganlab.measure import cost

HELD_OUT = 512
SEED = 0
NOTICED = 0.05  # a difference in time of less than this share can't be told from noise
# The ways to run the same forward pass, each with the context that it runs in.
MODES: dict[str, Callable[[], AbstractContextManager]] = {
    "as usual": nullcontext,
    "no_grad": torch.no_grad,
    "inference_mode": torch.inference_mode,
    "detach": nullcontext,
}


def checked_batch(batch: int) -> int:
    """The number of images at a time. Raises ValueError if it is not allowed."""
    if not 1 <= batch <= HELD_OUT:
        raise ValueError(f"Images at a time must be from 1 to {HELD_OUT}, the number of held-out digits.")
    return batch


def classifier() -> nn.Sequential:
    """Digits [n, 1, 8, 8] -> scores [n, 10]; not trained, with the same weights every time."""
    with torch.device("meta"):  # no memory yet, so no draws from torch's global generator
        model = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(512, 10),
        )
    networks.init_(model.to_empty(device="cpu"), torch.Generator().manual_seed(SEED))
    return model


@cache
def trained() -> nn.Sequential:
    """The classifier after ten passes over the training digits, which take half a second; trained once."""
    rng = torch.Generator().manual_seed(SEED)
    model = classifier()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    (images, labels), _ = _split()
    for _ in range(10):
        for batch in torch.randperm(len(images), generator=rng).split(64):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(images[batch]), labels[batch]).backward()
            optimizer.step()
    return model


def batches(size: int) -> Iterator[tuple[Tensor, Tensor]]:
    """The held-out digits and their labels, `size` at a time."""
    _, (images, labels) = _split()
    return zip(images.split(size), labels.split(size), strict=True)


def _split() -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """(images, labels) of the 1,285 training digits and of the 512 held-out digits."""
    images, labels = image_sets.labelled_digits(8)
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(SEED))
    train, held_out = order[HELD_OUT:], order[:HELD_OUT]
    return (images[train], labels[train]), (images[held_out], labels[held_out])


class Kept(NamedTuple):
    """What one forward pass leaves behind."""

    saved_bytes: int  # kept for backward: each storage once, without the network's own parameters
    requires_grad: bool
    grad_fn: str


def kept(model: nn.Module, x: Tensor) -> dict[str, Kept]:
    """By mode: what a forward pass keeps of any x of this shape, and what its result knows of how it was made."""
    by_mode = {}
    for mode in MODES:
        total, y = cost.saved_bytes(partial(_forward_in_context, model, x, mode), model)
        by_mode[mode] = Kept(total, y.requires_grad, type(y.grad_fn).__name__ if y.grad_fn else "None")
    return by_mode


def accuracy(model: nn.Module, held_out: list[tuple[Tensor, Tensor]], mode: str) -> tuple[int, int]:
    """(correct, total): the loop of the study notes."""
    correct = total = 0
    with MODES[mode]():
        for images, labels in held_out:
            predicted = _forward(model, images, mode).argmax(dim=1)
            total += len(labels)
            correct += int((predicted == labels).sum())
    return correct, total


def _forward(model: nn.Module, x: Tensor, mode: str) -> Tensor:
    y = model(x)
    return y.detach() if mode == "detach" else y


def _forward_in_context(model: nn.Module, x: Tensor, mode: str) -> Tensor:
    with MODES[mode]():
        return _forward(model, x, mode)


class Timed(NamedTuple):
    """Median seconds of CPU time, and the accuracy that the loop finds."""

    forward: float
    loop: float
    correct: int
    total: int


def measure(batch: int) -> dict[str, Timed]:
    """By mode: a forward pass of one batch, and the accuracy loop over all 512 held-out digits."""
    model, held_out = trained(), list(batches(checked_batch(batch)))
    images, _ = held_out[0]
    forward_seconds = cost.cpu_seconds(*(partial(_forward_in_context, model, images, mode) for mode in MODES))
    loop_seconds = cost.cpu_seconds(*(partial(accuracy, model, held_out, mode) for mode in MODES))
    return {
        mode: Timed(forward, loop, *accuracy(model, held_out, mode))
        for mode, forward, loop in zip(MODES, forward_seconds, loop_seconds, strict=True)
    }


def code(batch: int) -> str:
    """How the kept bytes are counted."""
    return f"""import torch
from ganlab.lessons.no_grad import classifier

model = classifier()
x = torch.zeros({batch}, 1, 8, 8)

def where(t):
    return t.untyped_storage().data_ptr()

def forward():
    saved = {{}}
    def keep(t):
        saved[where(t)] = t
        return t.detach()
    hooks = torch.autograd.graph.saved_tensors_hooks
    with hooks(keep, lambda t: t):
        y = model(x)
    for p in model.parameters():
        saved.pop(where(p), None)
    n = sum(t.untyped_storage().nbytes()
            for t in saved.values())
    print(f"{{n:,}} bytes kept,", y.grad_fn is not None)

forward()
with torch.no_grad():
    forward()"""


def printed(batch: int) -> str:
    by_mode = kept(classifier(), torch.zeros(batch, 1, 8, 8))
    passes = by_mode["as usual"], by_mode["no_grad"]
    return "".join(f"{each.saved_bytes:,} bytes kept, {each.grad_fn != 'None'}\n" for each in passes)


def accuracy_code(batch: int) -> str:
    return f"""import torch
from ganlab.lessons.no_grad import batches, trained

model = trained()  # half a second, on 1,285 digits
correct = total = 0
with torch.no_grad():
    for images, labels in batches({batch}):
        predicted = model(images).argmax(dim=1)
        total += len(labels)
        correct += (predicted == labels).sum().item()
print(f"{{correct}} of {{total}}, {{correct / total:.1%}}")"""


def accuracy_printed(correct: int, total: int) -> str:
    return f"{correct} of {total}, {correct / total:.1%}\n"
