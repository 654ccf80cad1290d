"""What autograd keeps, and how long a forward pass takes. Knows nothing of what is computed."""

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import torch
from torch import Tensor, nn


def saved_bytes(work: Callable[[], Any], module: nn.Module) -> int:
    """The bytes that `work` makes autograd keep for backward: each storage once, the module's own left out."""
    own = {tensor.untyped_storage().data_ptr() for tensor in [*module.parameters(), *module.buffers()]}
    kept: dict[int, int] = {}
    held = []  # a storage freed during the work would give its address to the next

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
            held.append(storage)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        result = work()
    del result
    return sum(kept.values())


def seconds(work: Callable[[], Any], repeats: int = 3) -> float:
    """The median time of `work` after one call that does not count."""
    work()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return median(times)
