"""What a forward pass costs: the memory autograd keeps for it, and its time. Knows nothing of what is computed."""

import time
from collections.abc import Callable
from statistics import median
from typing import TypeVar

import torch
from torch import Tensor, nn

Result = TypeVar("Result")
ROUNDS = (3, 15)  # at least, at most
BUDGET = 0.8  # seconds after which no further round begins


def saved_bytes(work: Callable[[], Result], module: nn.Module) -> tuple[int, Result]:
    """The bytes that `work` makes autograd keep for backward, and its result.

    Each storage counts once; those of the module's own parameters and buffers do not count.
    """
    storages: dict[int, torch.UntypedStorage] = {}  # by address; kept alive, or an address could be used twice

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        storages[storage.data_ptr()] = storage
        return tensor.detach()  # an output that its own graph node holds is a cycle that Python can't free

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        result = work()
    own = {tensor.untyped_storage().data_ptr() for tensor in [*module.parameters(), *module.buffers()]}
    return sum(storage.nbytes() for address, storage in storages.items() if address not in own), result


def cpu_seconds(*works: Callable[[], object]) -> list[float]:
    """The median CPU time of each function in this thread, in seconds.

    They run in turn, round after round, so that other load on the machine affects all alike; the first round is a
    warm-up. CPU time of the thread is all there is where torch uses one thread; wall-clock time more than doubles
    beside another run.
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
