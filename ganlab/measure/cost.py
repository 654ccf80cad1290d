"""What a forward pass costs: what autograd keeps of it, and its time. Knows nothing of what is computed."""

import time
from collections.abc import Callable
from statistics import median
from typing import TypeVar

import torch
from torch import Tensor, nn

Result = TypeVar("Result")
ROUNDS = (3, 15)  # at least, at most
BUDGET = 0.8  # seconds, after which no further round begins


def saved_bytes(work: Callable[[], Result], module: nn.Module) -> tuple[int, Result]:
    """The bytes that `work` makes autograd keep for backward, and its result.

    Each storage counts once; those of the module's own parameters and buffers do not.
    """
    saved: dict[int, Tensor] = {}  # by address; held on to, or an address could come twice

    def look(tensor: Tensor) -> Tensor:
        saved[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(look, lambda tensor: tensor):
        result = work()
    own = {tensor.untyped_storage().data_ptr() for tensor in [*module.parameters(), *module.buffers()]}
    return sum(t.untyped_storage().nbytes() for at, t in saved.items() if at not in own), result


def cpu_seconds(*works: Callable[[], object]) -> list[float]:
    """The median time of each, all in turn, round after round, so that whatever else the machine does hits all alike.

    In this thread's CPU time, which is all there is where torch uses one thread: seconds on the wall are more than
    doubled by a run beside it. A first round does not count.
    """
    rounds: list[list[float]] = []
    end = time.perf_counter() + BUDGET
    while len(rounds) <= ROUNDS[0] or (len(rounds) <= ROUNDS[1] and time.perf_counter() < end):
        rounds.append([_timed(work) for work in works])
    return [median(times) for times in zip(*rounds[1:], strict=True)]


# The thread's own clock, unless it ticks too rarely, as on Windows (every 16 ms).
_clock = time.thread_time if time.get_clock_info("thread_time").resolution < 1e-4 else time.perf_counter


def _timed(work: Callable[[], object]) -> float:
    start = _clock()
    work()
    return _clock() - start
