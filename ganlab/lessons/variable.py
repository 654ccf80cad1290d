"""`Variable` then and now: since PyTorch 0.4 (2018) every tensor can be differentiated itself."""

from dataclasses import dataclass

import torch
from torch.autograd import Variable

from ganlab.settings import check_all, setting


@dataclass(frozen=True)
class Square:
    """y = x² at one x. Raises ValueError for an x that is not allowed."""

    x: float = setting(3.0, "x", bounds=(-1000, 1000))
    requires_grad: bool = setting(True, "requires_grad", choices=(True, False))

    def __post_init__(self) -> None:
        check_all(self)


def today() -> tuple[str, bool, bool]:
    """What `Variable` does here, found by calling it: its type; is any tensor one; has it the tensor's memory."""
    t = torch.ones(2)
    v = Variable(t)
    return f"{type(v).__module__}.{type(v).__name__}", isinstance(t, Variable), v.data_ptr() == t.data_ptr()


def code(square: Square, then: bool) -> str:
    """The derivative of y, as it was written before 0.4, which still runs, or as it is written now."""
    imports, tensor = "", f"torch.tensor([{square.x}]"
    if then:
        imports, tensor = "from torch.autograd import Variable\n", f"Variable(torch.Tensor([{square.x}])"
    option, backward = ", requires_grad=True", "y.backward()\nprint(x.grad)"
    if not square.requires_grad:
        option, backward = "", "try:\n    y.backward()\nexcept RuntimeError as error:\n    print(error)"
    return f"import torch\n{imports}\nx = {tensor}{option})\ny = (x ** 2).sum()\n{backward}\nprint(type(x))"


def printed(square: Square, then: bool) -> str:
    x: torch.Tensor = torch.tensor([square.x], requires_grad=square.requires_grad)
    if then:
        x = Variable(torch.Tensor([square.x]), requires_grad=square.requires_grad)
    try:
        (x**2).sum().backward()
        result = str(x.grad)
    except RuntimeError as error:
        result = str(error)
    return f"{result}\n{type(x)}\n"
