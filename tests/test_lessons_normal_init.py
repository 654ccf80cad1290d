"""The lesson on `nn.init.normal_`: its draws, its figures, its limits."""

import math

import numpy as np
import pytest
import torch
from snippets import printed_by
from visits import code, page

from ganlab.lessons import normal_init
from ganlab.lessons.normal_init import NormalInit
from ganlab.plots import lessons

pytestmark = pytest.mark.usefixtures("the_hub")


@pytest.mark.parametrize(
    "call",
    [NormalInit(), NormalInit((7,), 1.5, 0.3, 4), NormalInit((64, 32, 4, 4)), NormalInit((3, 1, 2), -2.0, 10.0, 9)],
)
def test_the_code_prints_what_the_page_shows(call: NormalInit) -> None:
    assert printed_by(normal_init.code(call)) == normal_init.printed(call)


@pytest.mark.parametrize(("std", "width"), [(0.02, 128), (0.25, 16), (1e-4, 64)])
def test_the_code_of_the_layers_prints_what_the_page_shows(std: float, width: int) -> None:
    sds = normal_init.sds(std, width, 3)
    assert printed_by(normal_init.layers_code(std, width, 3)) == normal_init.layers_printed(sds)


@pytest.mark.parametrize(
    ("shape", "mean", "std", "seed"),
    [
        *(((), 0, 1, 0), ((0, 2), 0, 1, 0), ((1,) * 5, 0, 1, 0), ((1000, 1001), 0, 1, 0)),
        *(((2,), 0, 0, 0), ((2,), 0, -1, 0), ((2,), 0, 11, 0), ((2,), 101, 1, 0), ((2,), math.nan, 1, 0)),
        *(((2,), 0, 1, -1), ((2,), 0, 1, 2**53)),
    ],
)
def test_other_settings_are_refused(shape: tuple[int, ...], mean: float, std: float, seed: int) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        NormalInit(shape, mean, std, seed)


def test_equal_seeds_give_equal_numbers_without_the_global_generator() -> None:
    before = torch.get_rng_state()
    assert torch.equal(normal_init.draw(NormalInit()), normal_init.draw(NormalInit()))
    assert normal_init.sds(0.1, 32, 1) == normal_init.sds(0.1, 32, 1)
    assert torch.equal(torch.get_rng_state(), before)


def test_each_layer_multiplies_the_sd_by_std_times_root_width() -> None:
    sds = normal_init.sds(0.02, 512, 0)
    assert np.allclose(np.divide(sds[1:], sds[:-1]), 0.02 * 512**0.5, rtol=0.08)
    kept = normal_init.sds(512**-0.5, 512, 0)
    assert np.allclose(kept, 1, atol=0.2)
    assert np.allclose(normal_init.sds(0.02, 512, 0, batch_norm=True), 1, atol=0.05)


def test_the_histogram_has_area_one_and_counts_all_values() -> None:
    values = torch.tensor([-100.0, 0.0, 0.1, 100.0])
    heights, width = lessons._heights(values, 0.0, 1.0)
    assert heights.sum() * width == pytest.approx(1)
    assert (heights[0] * 4 * width, heights[-1] * 4 * width) == (1, 1)


def test_few_values_have_a_mark_each() -> None:
    assert [len(lessons.against_density(torch.zeros(n), 0.0, 1.0)["data"]) for n in (1, 100, 101)] == [3, 3, 2]


def test_the_page_draws_and_refuses() -> None:
    at = page("6_Building_Blocks.py")
    assert normal_init.printed(NormalInit()) in code(at)
    at.number_input(key="init_std").set_value(0.5).run()
    valid = normal_init.printed(NormalInit(std=0.5))
    assert valid in code(at)
    assert not at.error
    at.text_input(key="init_shape").set_value("2000, 2000").run()
    assert "4,000,000" in at.error[0].value
    assert valid in code(at)  # nothing changed
    at.text_input(key="init_shape").set_value("*cats*").run()
    assert "is not a shape" in at.error[0].value
    at.text_input(key="init_shape").set_value("(1)").run()
    assert not at.error
    assert not at.exception
