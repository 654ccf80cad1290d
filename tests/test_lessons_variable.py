"""The lesson on `Variable`: the same derivative then and now."""

import math

import pytest
from snippets import printed_by
from visits import code, page

from ganlab.lessons import variable
from ganlab.lessons.variable import Square

pytestmark = pytest.mark.usefixtures("the_hub")


@pytest.mark.parametrize("square", [Square(), Square(-0.5), Square(1000.0, False), Square(0.0)])
def test_the_code_prints_what_the_page_shows_then_and_now(square: Square) -> None:
    for then in (True, False):
        assert printed_by(variable.code(square, then)) == variable.printed(square, then)
    assert variable.printed(square, True) == variable.printed(square, False)


def test_the_derivative_and_the_error() -> None:
    assert variable.printed(Square(3.0), False).startswith("tensor([6.])")
    assert "does not require grad" in variable.printed(Square(3.0, False), True)


def test_a_variable_is_a_plain_tensor_today() -> None:
    assert variable.today() == ("torch.Tensor", True, True)


@pytest.mark.parametrize("x", [1001.0, -1e9, math.nan])
def test_another_x_is_refused(x: float) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        Square(x)


def test_the_page_differentiates_and_refuses() -> None:
    at = page("6_Building_Blocks.py")
    at.number_input(key="variable_x").set_value(-4.0).run()
    assert code(at).count(variable.printed(Square(-4.0), False)) == 2
    at.number_input(key="variable_x").set_value(1e6).run()
    assert "x must be" in at.error[0].value
    assert code(at).count(variable.printed(Square(-4.0), False)) == 2  # nothing changed
    at.number_input(key="variable_x").set_value(2.0)
    at.toggle(key="variable_requires_grad").set_value(False).run()
    assert code(at).count("does not require grad") == 2
    assert not at.exception
