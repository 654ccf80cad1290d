"""The reader's own numbers: how they are read and clamped."""

import pytest
import torch
from snippets import printed_by

from ganlab.lessons import own_numbers


def test_the_first_example() -> None:
    values = own_numbers.parse(own_numbers.EXAMPLE)
    assert values == [-2, -1, 0, 1, 2]
    assert own_numbers.printed(values, (-1.0, 1.0)) == "tensor([-1., -1.,  0.,  1.,  1.])\n"


@pytest.mark.parametrize("clip_range", [(-0.1, 0.1), (-0.05, 0.3), (0.0, 0.0001), (-2.0, 2.0)])
@pytest.mark.parametrize("values", [[-2.0, -1.0, 0.0], [0.1, 1e-8, -3e8], [1.0] * 200])
def test_the_code_prints_what_the_page_shows(values: list[float], clip_range: tuple[float, float]) -> None:
    assert printed_by(own_numbers.code(values, clip_range)) == own_numbers.printed(values, clip_range)


def test_numbers_are_read_as_people_write_them() -> None:
    assert own_numbers.parse(" −2  1e-1 ,3.5 4") == [-2.0, torch.tensor(0.1).item(), 3.5, 4.0]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Type some numbers"),
        (" , ;", "Type some numbers"),
        ("1, zwei, 3", "“zwei”"),
        ("nan", "“nan”"),
        ("1e999", "“1e999”"),
        ("1e39", "“1e39”"),
        ("1,5; 2,5", "decimals with a point"),
        ("1 " * 201, "201"),
    ],
)
def test_other_texts_are_refused_and_the_word_is_named(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        own_numbers.parse(text)
