"""Shapes as a reader writes them."""

import pytest

from ganlab.lessons import tensors


@pytest.mark.parametrize("text", ["2,3", " (2, 3) ", "2 x 3", "2×3", "[2 3]", "2,3,"])
def test_a_shape_can_be_written_in_many_ways(text: str) -> None:
    assert tensors.parse(text) == (2, 3)


@pytest.mark.parametrize("text", ["", "cats", "2.5", "-1, 2", "1,,2", "1e9", "9" * 13, "²"])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        tensors.parse(text)
