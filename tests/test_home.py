"""What Home shows: the flow of data, the recorded example behind it, and cards of runs."""

import dataclasses

import pytest
from stubs import TINY, wait_until
from visits import run_in

from ganlab.presets import PRESETS
from ganlab.runs.history import HistoryWriter
from ganlab.runs.hub import RunHub
from ganlab.runs.snapshot import Snapshot, Status
from ganlab.ui.home.introduction import example, example_flow, in_picture
from ganlab.ui.home.runs import earlier_card


def ended(run_id: str) -> Snapshot:
    return Snapshot(
        run_id=run_id, status=Status.FINISHED, message="", config=TINY, history=HistoryWriter().view(), step=4
    )


def test_the_flow_has_alternative_text_for_wide_screens_and_phones() -> None:
    assert example_flow().count('role="img" aria-label="') == 2


def test_the_example_was_recorded_from_the_default_run() -> None:
    """As far as can be told without training it again."""
    e = example()
    assert tuple(e.clip_range) == PRESETS["digits"].clip_range
    assert e.weights.tolist() == [99_009, 34_465]
    assert e.after.sum() + e.at_bounds.sum() == e.weights[1]


@pytest.mark.parametrize(
    ("clamping", "drawn"), [({}, True), ({"clip_scale": "fan-in"}, False), ({"clip_order": "before"}, False)]
)
def test_a_run_is_in_the_picture_only_if_it_clamps_as_that_says(
    clamping: dict[str, str], drawn: bool, the_hub: RunHub
) -> None:
    run = run_in("running", the_hub, dataclasses.replace(TINY, **clamping))
    wait_until(lambda: run.latest.weights)
    assert (in_picture() is not None) == drawn


def test_the_card_of_an_earlier_run_says_when_it_started_if_its_name_does() -> None:
    assert "2026-01-31 20:45" in earlier_card(ended("20260131-204501-abcd"), "digits", 3200)
    assert "2026" not in earlier_card(ended("20269999-999999-abcd"), "digits", 3200)
