"""`Variable` then and now: since PyTorch 0.4 (2018) every tensor can be differentiated itself."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch.autograd import Variable


@dataclass(frozen=True)
class Square:
    """y = x² at one x. Raises ValueError, with a sentence for the reader, for an x that is not allowed."""

    x: float = 3.0
    requires_grad: bool = True

    def __post_init__(self) -> None:
        if not -1000 <= self.x <= 1000:
            raise ValueError("x must be from −1,000 to 1,000.")


class Today(NamedTuple):
    """What `torch.autograd.Variable` does in the PyTorch that runs here."""

    type: str
    tensors_are_variables: bool
    same_memory: bool
    requires_grad: bool


def today() -> Today:
    """Found by calling `Variable`, not written down."""
    t = torch.ones(2)
    v = Variable(t, requires_grad=True)
    kind = f"{type(v).__module__}.{type(v).__name__}"
    return Today(kind, isinstance(t, Variable), v.data_ptr() == t.data_ptr(), v.requires_grad)


def code_then(square: Square) -> str:
    """As it was written before 0.4; it still runs."""
    return f"""import torch
from torch.autograd import Variable

x = Variable(torch.Tensor([{square.x}]){_option(square)})
y = (x ** 2).sum()
{_backward(square)}
print(type(x))"""


def code_now(square: Square) -> str:
    return f"""import torch

x = torch.tensor([{square.x}]{_option(square)})
y = (x ** 2).sum()
{_backward(square)}
print(type(x))"""


def _option(square: Square) -> str:
    return ", requires_grad=True" if square.requires_grad else ""


def _backward(square: Square) -> str:
    if square.requires_grad:
        return "y.backward()\nprint(x.grad)"
    return """try:
    y.backward()
except RuntimeError as error:
    print(error)"""


def printed_then(square: Square) -> str:
    return _printed(Variable(torch.Tensor([square.x]), requires_grad=square.requires_grad))


def printed_now(square: Square) -> str:
    return _printed(torch.tensor([square.x], requires_grad=square.requires_grad))


def _printed(x: torch.Tensor) -> str:
    try:
        (x**2).sum().backward()
        result = str(x.grad)
    except RuntimeError as error:
        result = str(error)
    return f"{result}\n{type(x)}\n"
