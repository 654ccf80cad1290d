"""Numbers, ranges, durations and sizes as text."""

import math

import numpy as np
import pytest

from ganlab.formatting import (
    count_of,
    duration,
    file_size,
    fixed,
    fixed_percent,
    number,
    percent,
    range_in_words,
    ranges_in_words,
    rough_duration,
    rough_range,
    round_up,
    short,
    significant,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.01, "0.01"),
        (-0.01, "−0.01"),
        (0.0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (0.00015, "0.00015"),
        (-1e-9, "−1e−09"),
        (1e30, "1e+30"),
    ],
)
def test_numbers(value: float, text: str) -> None:
    assert number(value) == text


def test_ranges_in_words() -> None:
    assert range_in_words((-0.015, 0.015)) == "±0.015"
    assert range_in_words((-0.01, 0.03)) == "−0.01 to 0.03"
    assert ranges_in_words((-0.1, 0.1), (-0.1, 0.1)) == "±0.1"
    assert ranges_in_words((-0.1, 0.1), (-0.01, 0.01)) == "±0.1 to ±0.01"
    assert ranges_in_words((-0.1, 0.1), (-0.01, 0.03)) == "±0.1, then −0.01 to 0.03"


@pytest.mark.parametrize(
    ("value", "up"), [(0.012, 0.012), (0.0121, 0.015), (0.12, 0.12), (1.2 * 0.07, 0.1), (1, 1), (6.1, 8)]
)
def test_round_up(value: float, up: float) -> None:
    assert round_up(value) == up


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.1234, "0.123"),
        (-2.0, "−2"),
        (8.83e-5, "8.8e−5"),
        (-3e7, "−3.0e7"),
        (np.nan, "–"),
        (np.inf, "∞"),
        (-9543.2, "−9,540"),
        (2.14e-10, "2.1e−10"),
    ],
)
def test_measurements_have_three_digits(value: float, text: str) -> None:
    assert short(value) == text


@pytest.mark.parametrize(("share", "text"), [(0.0, "0 %"), (0.0034, "0.34 %"), (0.08, "8 %"), (1.0, "100 %")])
def test_shares(share: float, text: str) -> None:
    assert percent(share) == text
    assert percent(math.nan) == "–"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (51, "51 s"), (59.6, "1 min 0 s"), (88, "1 min 28 s"), (7500, "2 h 5 min")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.1, "1 s"),
        (7.65, "7.7 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (75, "1.2 min"),
        (3569, "59 min"),
        (3600, "1 h"),
        (12_910, "3.6 h"),
        (80_940, "22 h"),
        (4e5, "5 days"),
    ],
)
def test_rough_durations(seconds: float, text: str) -> None:
    assert rough_duration(seconds) == f"about {text}"


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0.2, 0.8, "1 s"),
        (23.4, 41.2, "23 to 42 s"),
        (70, 130, "1 to 3 min"),
        (240, 350, "4 to 6 min"),
        (3000, 7200, "1 to 2 h"),
        (3600, 90 * 3600, "1 to 90 h"),
        (1, 200 * 86_400, "1 to 200 days"),
    ],
)
def test_rough_ranges(low: float, high: float, text: str) -> None:
    assert rough_range(low, high) == f"about {text}"


@pytest.mark.parametrize(("n", "text"), [(3200, "3.2 kB"), (400_000, "0.4 MB"), (12_000_000, "12 MB")])
def test_file_sizes(n: int, text: str) -> None:
    assert file_size(n) == text


def test_places_and_digits_asked_for() -> None:
    assert significant(-0.012345, 3) == "−0.0123"
    assert fixed(-0.00001, 4) == "0.0000"
    assert fixed(math.nan, 2) == "–"
    assert fixed_percent(0.61712, 1) == "61.7 %"


def test_counts() -> None:
    assert count_of(1, "row") == "1 row"
    assert count_of(2, "row") == "2 rows"
