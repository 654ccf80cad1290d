"""The Weight Clipping page, in Streamlit's own test runner."""

import pytest
from snippets import printed_by
from stubs import TINY, wait_until
from visits import code, page, panels

from ganlab.lessons import article, clip_shares
from ganlab.presets import PRESETS
from ganlab.runs.hub import RunHub
from ganlab.ui.clipping import any_model
from ganlab.ui.clipping.article import Value, counts_csv, values_of
from ganlab.ui.kit import clip_range

pytestmark = pytest.mark.usefixtures("the_hub")
NAME = "2_Weight_Clipping.py"


def test_the_article_is_reproduced() -> None:
    at = page(NAME)
    assert "43 of 60 values were outside" in panels(at)
    assert article.clamp_printed(None, (-0.1, 0.1)) in code(at)
    assert "tensor([-1., -1.,  0.,  1.,  1.])\n" in code(at)


def test_own_numbers_are_clamped_and_other_text_is_refused() -> None:
    at = page(NAME)
    at.text_input(key="numbers_text").set_value("0.5, 3, -9").run()
    assert "tensor([ 0.5000,  1.0000, -1.0000])\n" in code(at)
    at.text_input(key="numbers_text").set_value("0.5, three").run()
    assert "“three” is not a number" in panels(at)
    assert "tensor([ 0.5000,  1.0000, -1.0000])\n" in code(at)  # nothing changed


def test_the_range_is_moved_mirrored_and_refused() -> None:
    at = page(NAME)
    at.number_input(key="article_range_low").set_value(-0.3).run()
    assert article.clamp_printed(None, (-0.3, 0.3)) in code(at)
    at.toggle(key="article_range_symmetric").set_value(False).run()
    at.number_input(key="article_range_high").set_value(0.05).run()
    assert article.clamp_printed(None, (-0.3, 0.05)) in code(at)
    at.number_input(key="article_range_low").set_value(0.5).run()
    assert "Low must be below high." in panels(at)
    assert at.number_input(key="article_range_low").value == -0.3
    at.toggle(key="article_range_symmetric").set_value(True).run()
    assert article.clamp_printed(None, (-0.3, 0.3)) in code(at)


def test_weights_are_reset_and_parts_left_out() -> None:
    at = page(NAME)
    reset = next(button for button in at.button if button.label == "Reset weights")
    reset.click().run()
    assert article.clamp_printed(0, (-0.1, 0.1)) in code(at)
    reset.click().run()
    assert article.clamp_printed(1, (-0.1, 0.1)) in code(at)
    at.number_input(key="article_seed").set_value(7).run()
    at.toggle(key="article_norm").set_value(True).run()
    assert article.clamp_printed(7, (-0.1, 0.1), ["batch norm"]) in code(at)
    assert article.slope_printed(7, (-0.1, 0.1), ["batch norm"]) in code(at)
    assert "of 40 values" in panels(at)


def test_the_share_of_any_critic(the_hub: RunHub) -> None:
    at = page(NAME)
    assert "61.7 %" in panels(at)  # the expected share of N(0, 0.02) outside c = 0.01
    run = the_hub.start(TINY)
    wait_until(lambda: run.latest.status.ended)
    at = page(NAME, run=run.run_id)
    assert at.selectbox(key="model_critic").value == run.run_id
    assert "in theory" not in panels(at)
    at.select_slider(key="model_c").set_value(0.1).run()
    assert "0.0 %</span><span>of all weights lie outside ±0.1" in panels(at)  # they were clamped there
    at.segmented_control(key="model_when").set_value(any_model.START).run()
    assert "in theory" in panels(at)
    assert not at.exception


def test_the_code_that_makes_a_critic_prints_what_the_page_shows(the_hub: RunHub) -> None:
    run = the_hub.start(TINY)
    wait_until(lambda: run.latest.status.ended)
    file = (run.folder.path / "critic.safetensors").as_posix()
    sources = [any_model.Source(config) for config in PRESETS.values()]
    for source in [*sources, any_model.Source(run.config, run.latest, file)]:
        c = clip_range.LADDER[7]
        index = int(any_model.BOUNDS.eq(c).nonzero())
        measured = {name: values[index] for name, values in any_model.shares_of(source).measured.items()}
        assert printed_by(clip_shares.code(source.config, source.file, c)) == clip_shares.printed(measured)


def test_a_range_that_clamps_nothing() -> None:
    at = page(NAME)
    at.number_input(key="article_range_high").set_value(3.0).run()
    assert "No value was clamped: all 60" in panels(at)
    assert "were already inside ±3" in panels(at)


def test_a_seed_that_no_run_can_have_is_refused() -> None:
    at = page(NAME)
    next(button for button in at.button if button.label == "Reset weights").click().run()
    at.number_input(key="article_seed").set_value(-5).run()
    assert "seed must be from 0" in at.error[0].value
    assert article.clamp_printed(0, (-0.1, 0.1)) in code(at)


def test_the_csv_files_hold_every_value_and_the_counts() -> None:
    before, after = article.model(None), article.model(None)
    report = article.clamp_(after, (-0.1, 0.1))
    rows = values_of(before, after)
    assert Value._fields == ("parameter", "row", "column", "before", "after", "clamped")
    assert [row[:3] for row in rows[:4]] == [("linear.weight", 0, i) for i in range(3)] + [("linear.weight", 1, 0)]
    assert sum(row[-1] for row in rows) == 43
    _, counts = counts_csv(report.histograms())
    assert counts[0] == ("linear.weight", "before", 15, 0, 5, 0, 10)
    assert counts[1] == ("linear.weight", "after", 0, 15, 5, 10, 0)
