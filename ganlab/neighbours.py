"""Which real samples are nearest to given ones. Knows nothing of where they come from."""

from collections.abc import Iterable

import torch
from torch import Tensor


def nearest(samples: Tensor, real: Iterable[Tensor], k: int) -> tuple[Tensor, Tensor]:
    """Of each of the samples [m, ...] the k nearest of all the real ones, given in chunks [n, ...], nearest first.

    Distances float32 [m, k], the root mean square difference of their numbers, and indices int64 [m, k] counted
    over all chunks. k may be at most the number of real samples.
    """
    flat = samples.flatten(1)
    distances, indices, seen = flat.new_empty(len(flat), 0), torch.empty(len(flat), 0, dtype=torch.int64), 0
    for chunk in real:
        rows = chunk.flatten(1)
        # The quick way to all distances, a matrix product, rounds that of a copy to something above 0:
        # it names the candidates, and theirs are computed again.
        candidates = torch.cdist(flat, rows).topk(min(k, len(rows)), largest=False).indices  # [m, k]
        exact = (flat.unsqueeze(1) - rows[candidates]).square().mean(dim=2).sqrt()
        distances, order = torch.cat([distances, exact], dim=1).sort(dim=1)
        indices = torch.cat([indices, candidates + seen], dim=1).gather(1, order)[:, :k]
        distances, seen = distances[:, :k], seen + len(rows)
    return distances, indices
