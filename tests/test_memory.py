import torch
from torch import nn

from ganlab import memory


def test_each_kept_storage_counts_once_and_weights_do_not() -> None:
    net = nn.Sequential(nn.Linear(10, 20), nn.ReLU(), nn.Linear(20, 5))
    x = torch.zeros(7, 10)
    # The first layer keeps its input, ReLU its output, which the last layer keeps as well.
    assert memory.saved_bytes(lambda: net(x), net) == (7 * 10 + 7 * 20) * 4
    with torch.no_grad():
        assert memory.saved_bytes(lambda: net(x), net) == 0


def test_seconds_are_positive_and_the_first_call_does_not_count() -> None:
    calls = []
    assert memory.seconds(lambda: calls.append(1)) >= 0
    assert len(calls) == 4
