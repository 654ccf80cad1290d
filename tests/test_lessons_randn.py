"""The lesson on `torch.randn`: its draws, its signature, its images."""

from typing import Any

import numpy as np
import pytest
import torch
from snippets import printed_by
from visits import code, page

from ganlab.lessons import randn
from ganlab.lessons.randn import Randn

pytestmark = pytest.mark.usefixtures("the_hub")


@pytest.mark.parametrize("dtype", randn.DTYPES)
@pytest.mark.parametrize("shape", [(5,), (2, 3), (2, 3, 4), (100, 1, 28, 28)])
@pytest.mark.parametrize("requires_grad", [False, True])
def test_the_code_prints_what_the_page_shows(shape: tuple[int, ...], dtype: str, requires_grad: bool) -> None:
    call = Randn(shape, dtype, requires_grad=requires_grad, seed=7)
    assert printed_by(randn.code(call)) == randn.printed(call)


def test_the_code_on_the_signature_prints_what_the_page_shows() -> None:
    before = torch.get_rng_state()
    star, out, layout = randn.star_printed(), randn.out_printed(), randn.layout_printed()
    assert torch.equal(torch.get_rng_state(), before)
    assert star.startswith("TypeError: randn()")
    assert "torch.Size([2, 3, 1])" in star  # True became a size
    assert out.startswith("True True")
    assert layout.startswith("torch.strided (3, 1)\ntorch.sparse_coo 1000 1000000\nCould not run")
    assert printed_by(randn.STAR_CODE) == star
    assert printed_by(randn.OUT_CODE) == out
    assert printed_by(randn.LAYOUT_CODE) == layout


def test_two_stars_are_a_syntax_error() -> None:
    with pytest.raises(SyntaxError):
        compile("def randn(*size, *, out=None): ...", "<two stars>", "exec")


@pytest.mark.parametrize("shape", [(), (0,), (-1, 2), (1,) * 5, (1001, 1000)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        Randn(shape)


@pytest.mark.parametrize("setting", [{"dtype": "float32)"}, {"device": "nowhere"}, {"requires_grad": 1}, {"seed": -1}])
def test_other_settings_are_refused(setting: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(setting))):
        Randn(**setting)


def test_images_are_small_and_grey_is_zero() -> None:
    assert randn.as_images(torch.zeros(100, 1, 28, 28)).shape == (32, 28, 28, 1)
    assert randn.as_images(torch.zeros(2, 3, 500, 500)).shape == (2, 64, 64, 3)
    assert randn.as_images(torch.zeros(2, 2, 5, 5, dtype=torch.bfloat16, requires_grad=True)).shape == (2, 5, 5, 1)
    ends = randn.as_images(torch.tensor([-9.0, -3.0, 0.0, 3.0, 9.0]).view(1, 1, 1, 5))
    assert np.array_equal(ends.flatten(), [0, 0, 128, 255, 255])


def test_the_page_draws_and_refuses() -> None:
    at = page("6_Building_Blocks.py")
    assert randn.printed(Randn()) in code(at)
    at.text_input(key="randn_shape").set_value("2, 3").run()
    at.selectbox(key="randn_dtype").set_value("float64").run()
    at.toggle(key="randn_requires_grad").set_value(True).run()
    valid = randn.printed(Randn((2, 3), "float64", requires_grad=True))
    assert valid in code(at)
    at.text_input(key="randn_shape").set_value("2, 0").run()
    assert "each at least 1" in at.error[0].value
    assert valid in code(at)  # nothing changed
    at.text_input(key="randn_shape").set_value("1, 1, 64, 1").run()
    at.button_group(key="randn_shape_example").set_value("5").run()
    assert at.text_input(key="randn_shape").value == "5"
    assert randn.printed(Randn((5,), "float64", requires_grad=True)) in code(at)
    assert not at.exception
