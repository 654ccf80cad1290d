"""`torch.no_grad`: what a forward pass keeps for `backward()`, and what it costs, with and without.

Only here is the clock read: the lesson is about time and memory.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from statistics import median
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ganlab.data import image_sets
from ganlab.gan import networks
from ganlab.measure import cost

HELD_OUT = 512
SEED = 0


def classifier() -> nn.Sequential:
    """Digits [n, 1, 8, 8] -> scores [n, 10]; not trained, the same weights every time."""
    with torch.device("meta"):  # no memory yet, so no draws from torch's global generator
        model = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(512, 10),
        )
    return networks.init_(model.to_empty(device="cpu"), torch.Generator().manual_seed(SEED))


class Mode(NamedTuple):
    """One way to run the same forward pass."""

    name: str
    code: str
    context: Callable[[], AbstractContextManager]
    detach: bool = False


MODES = (
    Mode("as usual", "y = model(x)", nullcontext),
    Mode("no_grad", "with torch.no_grad(): y = model(x)", torch.no_grad),
    Mode("inference_mode", "with torch.inference_mode(): y = model(x)", torch.inference_mode),
    Mode("detach", "y = model(x).detach()", nullcontext, detach=True),
)


def check(batch: int) -> None:
    """Raises ValueError, one sentence, for a batch that is not served."""
    if not 1 <= batch <= HELD_OUT:
        raise ValueError(f"Images at a time must be from 1 to {HELD_OUT}, all that are held out.")


class Kept(NamedTuple):
    """What one forward pass leaves behind."""

    saved_bytes: int
    """Kept for backward: each storage once, the network's own parameters left out."""
    requires_grad: bool
    grad_fn: str


def kept(model: nn.Module, x: Tensor, mode: Mode) -> Kept:
    """What the forward pass of x keeps, and what its result knows of how it was made."""

    def work() -> Tensor:
        with mode.context():
            return _forward(model, x, mode)

    total, y = cost.saved_bytes(work, model)
    return Kept(total, y.requires_grad, type(y.grad_fn).__name__ if y.grad_fn else "None")


def _forward(model: nn.Module, x: Tensor, mode: Mode) -> Tensor:
    y = model(x)
    return y.detach() if mode.detach else y


def pixels(batch: int) -> Tensor:
    """Stand-ins of the digits' size, [batch, 1, 8, 8]: what is kept does not depend on what is seen."""
    return torch.zeros(batch, 1, 8, 8)


def parameter_bytes() -> int:
    """What the classifier's own weights take."""
    return sum(p.untyped_storage().nbytes() for p in classifier().parameters())


def _split() -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
    """(images, labels) to train on, 1,285, and held out, 512."""
    images, labels = image_sets.labelled_digits(8)
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(SEED))
    train, held_out = order[HELD_OUT:], order[:HELD_OUT]
    return (images[train], labels[train]), (images[held_out], labels[held_out])


@cache
def trained() -> nn.Sequential:
    """The classifier after ten passes over the training digits: half a second, once."""
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


def accuracy(model: nn.Module, held_out: list[tuple[Tensor, Tensor]], mode: Mode) -> tuple[int, int]:
    """(correct, total): the loop of the study notes."""
    correct = total = 0
    with mode.context():
        for images, labels in held_out:
            predicted = _forward(model, images, mode).argmax(dim=1)
            total += len(labels)
            correct += int((predicted == labels).sum())
    return correct, total


class Timed(NamedTuple):
    """Medians over repeated runs, in seconds of this thread's CPU time, and what the loop found."""

    forward: float
    loop: float
    correct: int
    total: int


ROUNDS = 15
BUDGET = 0.8  # seconds, after which no further round begins
NOTICED = 0.05
"""A smaller difference than this share is not told from the noise of a few rounds."""
# Where the thread's own clock ticks too rarely, as on Windows (16 ms), seconds on the wall must do.
_clock = time.thread_time if time.get_clock_info("thread_time").resolution < 1e-4 else time.perf_counter


def measure(batch: int) -> tuple[dict[str, Timed], int]:
    """Every mode in turn, round after round, so that whatever else the machine does hits all alike; and the rounds.

    A forward pass of one batch, and the accuracy loop over all 512 held-out digits. In CPU time, which is all there is
    where torch uses one thread: seconds on the wall are more than doubled by a run beside it.
    """
    check(batch)
    model, held_out = trained(), list(batches(batch))
    seconds: dict[str, list[tuple[float, float]]] = {mode.name: [] for mode in MODES}
    found: dict[str, tuple[int, int]] = {}
    end, rounds = time.perf_counter() + BUDGET, 0
    while rounds < 3 or (rounds < ROUNDS and time.perf_counter() < end):
        for mode in MODES:
            began = _clock()
            found[mode.name] = accuracy(model, held_out, mode)
            between = _clock()
            with mode.context():
                _forward(model, held_out[0][0], mode)
            seconds[mode.name].append((_clock() - between, between - began))
        rounds += 1
    timed = {
        name: Timed(*(median(column) for column in zip(*rows, strict=True)), *found[name])
        for name, rows in seconds.items()
    }
    return timed, rounds


def code(batch: int) -> str:
    """Counting what is kept, to copy."""
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
        return t
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
    """What `code` prints."""
    model, x = classifier(), pixels(batch)
    return "".join(
        f"{k.saved_bytes:,} bytes kept, {k.grad_fn != 'None'}\n" for k in (kept(model, x, mode) for mode in MODES[:2])
    )


def accuracy_code(batch: int) -> str:
    """The loop of the study notes, to copy."""
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
    """What `accuracy_code` prints."""
    return f"{correct} of {total}, {correct / total:.1%}\n"
