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
        # Not by a matrix product: that rounds the distance of a sample to its own copy to something above 0.
        found = torch.cdist(flat, chunk.flatten(1), compute_mode="donot_use_mm_for_euclid_dist")
        distances = torch.cat([distances, found], dim=1)
        indices = torch.cat([indices, torch.arange(seen, seen + len(chunk)).expand(len(flat), -1)], dim=1)
        distances, order = distances.topk(min(k, distances.shape[1]), largest=False)
        indices, seen = indices.gather(1, order), seen + len(chunk)
    return distances / flat.shape[1] ** 0.5, indices
