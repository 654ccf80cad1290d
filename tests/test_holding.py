"""What holds the critic, and what may change while a run trains."""

import dataclasses

import pytest

from ganlab.config import TrainConfig
from ganlab.gan.holding import changed_live
from ganlab.presets import PRESETS

RING = PRESETS["8-gaussians"]


@pytest.mark.parametrize(
    ("config", "values", "words"),
    [
        (RING, {"constraint": "spectral-norm"}, "spectral norm is built into the critic"),
        (PRESETS["8-gaussians-spectral-norm"], {"constraint": "clip"}, "spectral norm is built into the critic"),
        (PRESETS["digits"], {"constraint": "gradient-penalty"}, "with batch norm a score depends"),
        (RING, {"critic_norm": "layer", "steps": 3}, "critic_norm, steps can't change"),
    ],
)
def test_what_a_run_can_not_change_is_one_sentence(config: TrainConfig, values: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        changed_live(config, values)
    assert str(caught.value).count(". ") == 0


def test_what_holds_the_critic_can_change() -> None:
    config = RING
    for values in (
        {"constraint": "gradient-penalty"},
        {"penalty": 2.0},
        {"constraint": "none"},
        {"constraint": "clip"},
    ):
        config = changed_live(config, values)
    assert config == dataclasses.replace(RING, penalty=2.0)
    layered = dataclasses.replace(PRESETS["digits"], critic_norm="layer")
    assert changed_live(layered, {"constraint": "gradient-penalty"}).constraint == "gradient-penalty"
