"""What Home shows: the flow of data, the recorded example behind it, and cards of runs."""

from stubs import TINY

from ganlab.config import PRESETS
from ganlab.runs.history import HistoryWriter
from ganlab.runs.snapshot import Snapshot, Status
from ganlab.ui.home import run_cards
from ganlab.ui.home.example import example
from ganlab.ui.home.flow import flow


def ended(run_id: str) -> Snapshot:
    return Snapshot(
        run_id=run_id, status=Status.FINISHED, message="", config=TINY, history=HistoryWriter().view(), step=4
    )


def test_the_flow_has_alternative_text_for_wide_screens_and_phones() -> None:
    assert flow(example()).count('role="img" aria-label="') == 2


def test_the_example_was_recorded_from_the_default_run() -> None:
    """As far as one can tell without training it again."""
    e = example()
    assert tuple(e.clip_range) == PRESETS["digits"].clip_range
    assert e.weights.tolist() == [99_009, 34_465]
    assert e.after.sum() + e.at_bounds.sum() == e.weights[1]


def test_the_card_of_an_earlier_run_says_when_it_started_if_its_name_does() -> None:
    assert "2026-01-31 20:45" in run_cards.earlier(ended("20260131-204501-abcd"), 3200)
    assert "2026" not in run_cards.earlier(ended("20269999-999999-abcd"), 3200)
