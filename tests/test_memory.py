"""TODO."""

import torch
from torch import nn

from ganlab.measure import cost


def test_each_kept_storage_counts_once_and_weights_do_not() -> None:
    net = nn.Sequential(nn.Linear(10, 20), nn.ReLU(), nn.Linear(20, 5))
    x = torch.zeros(7, 10)
    # The first layer keeps its input, ReLU its output, which the last layer keeps as well.
    kept, y = cost.saved_bytes(lambda: net(x), net)
    assert kept == (7 * 10 + 7 * 20) * 4
    assert y.shape == (7, 5)
    with torch.no_grad():
        assert cost.saved_bytes(lambda: net(x), net)[0] == 0


def test_works_are_timed_in_turn() -> None:
    calls = []
    assert len(cost.cpu_seconds(lambda: calls.append("a"), lambda: calls.append("b"))) == 2
    assert calls == ["a", "b"] * (1 + cost.ROUNDS[1])
