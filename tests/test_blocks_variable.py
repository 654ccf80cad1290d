"""TODO."""

import math

import pytest
from snippets import printed_by
from visits import code, page

from ganlab.lessons import variable
from ganlab.lessons.variable import Square

pytestmark = pytest.mark.usefixtures("the_hub")


@pytest.mark.parametrize("asked", [Square(), Square(-0.5), Square(1000.0, False), Square(0.0)])
def test_the_lines_print_what_the_page_says_then_and_now(asked: Square) -> None:
    assert printed_by(variable.code_then(asked)) == variable.printed_then(asked)
    assert printed_by(variable.code_now(asked)) == variable.printed_now(asked)
    assert variable.printed_then(asked) == variable.printed_now(asked)


def test_the_derivative_and_the_error() -> None:
    assert variable.printed_now(Square(3.0)).startswith("tensor([6.])")
    assert "does not require grad" in variable.printed_then(Square(3.0, False))


def test_a_variable_is_a_plain_tensor_today() -> None:
    assert variable.today() == ("torch.Tensor", True, True, True)


@pytest.mark.parametrize("x", [1001.0, -1e9, math.nan])
def test_what_cannot_be_had_is_a_sentence(x: float) -> None:
    with pytest.raises(ValueError, match=r"from −1,000 to 1,000\.$"):
        Square(x)


def test_on_the_page() -> None:
    at = page("6_Building_Blocks.py")
    at.number_input(key="variable_x").set_value(-4.0).run()
    assert code(at).count(variable.printed_now(Square(-4.0))) == 2
    at.number_input(key="variable_x").set_value(1e6).run()
    assert "x must be" in at.error[0].value
    assert code(at).count(variable.printed_now(Square(-4.0))) == 2  # nothing changed
    at.number_input(key="variable_x").set_value(2.0)
    at.toggle(key="variable_requires_grad").set_value(False).run()
    assert code(at).count("does not require grad") == 2
    assert not at.exception
