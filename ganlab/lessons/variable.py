"""`Variable` then and now: since PyTorch 0.4 (2018) every tensor can be differentiated itself."""

from dataclasses import dataclass

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


def today() -> tuple[str, bool, bool]:
    """What `Variable` does here, found by calling it: its type; is any tensor one; has it the tensor's memory."""
    t = torch.ones(2)
    v = Variable(t)
    return f"{type(v).__module__}.{type(v).__name__}", isinstance(t, Variable), v.data_ptr() == t.data_ptr()


def code_then(square: Square) -> str:
    """As it was written before 0.4; it still runs."""
    return _code("from torch.autograd import Variable\n", f"Variable(torch.Tensor([{square.x}])", square)


def code_now(square: Square) -> str:
    return _code("", f"torch.tensor([{square.x}]", square)


def _code(imports: str, tensor: str, square: Square) -> str:
    """`tensor` is the call that makes x, without its closing bracket."""
    option, backward = ", requires_grad=True", "y.backward()\nprint(x.grad)"
    if not square.requires_grad:
        option, backward = "", "try:\n    y.backward()\nexcept RuntimeError as error:\n    print(error)"
    return f"import torch\n{imports}\nx = {tensor}{option})\ny = (x ** 2).sum()\n{backward}\nprint(type(x))"


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
