"""The Weight Clipping page, by Streamlit's own test runner."""

import pytest
from streamlit.testing.v1 import AppTest
from stubs import TINY, wait_until
from visits import page, panels

from ganlab import shown_code
from ganlab.hub import RunHub

pytestmark = pytest.mark.usefixtures("the_hub")
NAME = "2_Weight_Clipping.py"


def shown(at: AppTest) -> list[str]:
    """The code blocks: lines and what they print, in turn."""
    return [f"{block.value}\n" for block in at.code]


def test_the_article_is_reproduced() -> None:
    at = page(NAME)
    assert "43 of 60</span><span>values clamped" in panels(at)
    assert shown_code.printed_of_article(None, (-0.1, 0.1)) in shown(at)
    assert "tensor([-1., -1.,  0.,  1.,  1.])\n" in shown(at)


def test_own_numbers_and_a_bad_one() -> None:
    at = page(NAME)
    at.text_input(key="numbers_text").set_value("0.5, 3, -9").run()
    assert "tensor([ 0.5000,  1.0000, -1.0000])\n" in shown(at)
    at.text_input(key="numbers_text").set_value("0.5, three").run()
    assert "“three” is not a number" in panels(at)
    assert "tensor([ 0.5000,  1.0000, -1.0000])\n" in shown(at)  # nothing changes


def test_the_range_is_moved_tied_and_refused() -> None:
    at = page(NAME)
    at.select_slider(key="article_range_clip").set_range(-0.3, 0.1).run()
    assert shown_code.printed_of_article(None, (-0.3, 0.3)) in shown(at)
    at.toggle(key="article_range_symmetric").set_value(False).run()
    at.number_input(key="article_range_high").set_value(0.05).run()
    assert shown_code.printed_of_article(None, (-0.3, 0.05)) in shown(at)
    at.number_input(key="article_range_low").set_value(0.5).run()
    assert "Low must be below high. The range stays at −0.3 to 0.05." in panels(at)
    assert at.number_input(key="article_range_low").value == -0.3
    at.toggle(key="article_range_symmetric").set_value(True).run()
    assert shown_code.printed_of_article(None, (-0.3, 0.3)) in shown(at)


def test_weights_are_reset_and_parts_left_out() -> None:
    at = page(NAME)
    reset = next(button for button in at.button if button.label == "Reset weights")
    reset.click().run()
    assert shown_code.printed_of_article(0, (-0.1, 0.1)) in shown(at)
    reset.click().run()
    assert shown_code.printed_of_article(1, (-0.1, 0.1)) in shown(at)
    at.number_input(key="article_seed").set_value(7).run()
    at.toggle(key="article_norm").set_value(True).run()
    assert shown_code.printed_of_article(7, (-0.1, 0.1), ["batch norm"]) in shown(at)
    assert shown_code.printed_of_slope(7, (-0.1, 0.1), ["batch norm"]) in shown(at)
    assert "of 40</span>" in panels(at)


def test_the_share_of_any_critic(the_hub: RunHub) -> None:
    at = page(NAME)
    assert "61.7 %" in panels(at)  # what theory expects of N(0, 0.02) at c = 0.01
    run = the_hub.start(TINY)
    wait_until(lambda: run.latest.status.ended)
    at = page(NAME, run=run.run_id)
    assert at.selectbox(key="model_critic").value == run.run_id
    assert "in theory" not in panels(at)
    at.select_slider(key="model_c").set_value(0.1).run()
    assert "0.0 %</span><span>of all weights lie outside ±0.1" in panels(at)  # they were clamped there
    at.segmented_control(key="model_when").set_value("At its start").run()
    assert "in theory" in panels(at)
    assert not at.exception
