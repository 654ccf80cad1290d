"""What autograd keeps of a forward pass, counted exactly and freed afterwards, and how passes are timed."""

import gc
import weakref
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

from ganlab.measure import cost


@pytest.fixture
def _no_garbage_collection() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


def test_each_kept_storage_counts_once_and_weights_do_not() -> None:
    net = nn.Sequential(nn.Linear(10, 20), nn.ReLU(), nn.Linear(20, 5))
    x = torch.zeros(7, 10)
    # The first layer keeps its input, ReLU its output, which the last layer keeps as well.
    kept, y = cost.saved_bytes(lambda: net(x), net)
    assert kept == (7 * 10 + 7 * 20) * 4
    assert y.shape == (7, 5)
    with torch.no_grad():
        assert cost.saved_bytes(lambda: net(x), net)[0] == 0


@pytest.mark.usefixtures("_no_garbage_collection")
def test_what_was_kept_is_freed_with_the_result() -> None:
    net = nn.Sequential(nn.Linear(10, 20), nn.ReLU(), nn.Linear(20, 5))
    activations: list[weakref.ref[Tensor]] = []
    net[1].register_forward_hook(lambda layer, inputs, output: activations.append(weakref.ref(output)))
    kept, y = cost.saved_bytes(lambda: net(torch.zeros(7, 10)), net)
    assert y.requires_grad
    del y
    assert kept > 0
    assert [activation() for activation in activations] == [None]


def test_backward_still_works_on_what_was_counted() -> None:
    net = nn.Sequential(nn.Linear(10, 20), nn.Tanh(), nn.Linear(20, 1))
    x = torch.ones(7, 10)
    cost.saved_bytes(lambda: net(x), net)[1].sum().backward()
    counted = [parameter.grad for parameter in net.parameters()]
    usual = torch.autograd.grad(net(x).sum(), list(net.parameters()))
    assert all(torch.equal(a, b) for a, b in zip(counted, usual, strict=True))


def test_functions_are_timed_in_turn() -> None:
    calls: list[str] = []
    assert len(cost.cpu_seconds(lambda: calls.append("a"), lambda: calls.append("b"))) == 2
    assert calls == ["a", "b"] * (1 + cost.ROUNDS[1])
