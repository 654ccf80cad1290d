"""The recipe of a sample sheet, and its link."""

import dataclasses
import math

import pytest

from ganlab import settings
from ganlab.gan.recipe import FIELDS, Recipe, from_link


def test_a_link_gives_the_recipe_back() -> None:
    recipe = Recipe(view="walk", n=1000, seed=2**53 - 1, truncation=0.7, batch_norm="train", pick=5, stride=0.25)
    assert from_link(recipe.link()) == (recipe, "")
    assert Recipe().link() == {}
    assert from_link({"run": "x", "step": "3"}) == (Recipe(), "")


def test_every_field_has_its_limits() -> None:
    rules = {name: settings.rules(Recipe, name) for name in FIELDS}
    assert [name for name in FIELDS if not (rules[name].choices or rules[name].bounds)] == []


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("n", "0"),
        ("n", "1025"),
        ("n", "many"),
        ("n", "1.5"),
        ("seed", "-1"),
        ("truncation", "0.1"),
        ("truncation", "nan"),
        ("view", "cats"),
        ("stride", "1.1"),
        ("stride", "inf"),
        ("pick", "1024"),
        ("frames", "65"),
        ("seed", "9" * 5000),
    ],
)
def test_a_bad_value_in_a_link_is_a_sentence_and_the_default(field: str, text: str) -> None:
    recipe, problem = from_link({field: text, "columns": "7"})
    assert recipe == Recipe(columns=7)
    assert problem.startswith(f"{field} must be ")
    assert problem.endswith(".")


def test_a_bad_value_is_refused() -> None:
    with pytest.raises(ValueError, match="n must be from 1 to 1,024, not 2,000"):
        dataclasses.replace(Recipe(), n=2000)
    with pytest.raises(ValueError, match="whole number"):
        Recipe(n=True)
    assert Recipe(truncation=2).truncation == 2.0
    assert math.isinf(Recipe().truncation)
