"""docs/instruments.md names every instrument, column, card and threshold, with the values of the code."""

import re
from pathlib import Path
from types import ModuleType

import pytest

from ganlab.measure.gradients import MOST_LAYERS
from ganlab.measure.reading import INSTRUMENTS, READINGS
from ganlab.runs import advice, diagnosis, look_budget
from ganlab.ui.train.instruments.panel import CARDS

TEXT = (Path(__file__).parent.parent / "docs" / "instruments.md").read_text()


@pytest.mark.parametrize("column", READINGS)
def test_every_column_is_defined(column: str) -> None:
    numbered = f"`gradient_1` … `gradient_{MOST_LAYERS}`"
    assert f"\n| `{column}` | " in TEXT or (column.startswith("gradient_") and f"\n| {numbered} | " in TEXT)


@pytest.mark.parametrize("instrument", sorted(INSTRUMENTS))
def test_every_instrument_has_a_section(instrument: str) -> None:
    assert f"\n### {instrument}\n" in TEXT


@pytest.mark.parametrize("card", CARDS)
def test_every_card_is_explained(card: str) -> None:
    assert f"**{card}**" in TEXT


@pytest.mark.parametrize("module", [diagnosis, advice, look_budget])
def test_every_threshold_has_the_value_of_the_code(module: ModuleType) -> None:
    numbers = {name: value for name, value in vars(module).items() if name.isupper() and isinstance(value, int | float)}
    assert numbers
    wrong = [n for n, value in numbers.items() if not re.search(rf"`{n}` = {re.escape(f'{value:g}')}(?!\.?\d)", TEXT)]
    assert wrong == []
