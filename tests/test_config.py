import dataclasses
import json

import pytest

from ganlab.config import PRESETS, TrainConfig, preset


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("steps", 0, "steps must be from 1"),
        ("steps", 1.5, "steps must be a whole number"),
        ("steps", True, "steps must be a whole number"),
        ("seed", -1, "seed must be from 0"),
        ("dataset", "cats", "dataset must be one of digits"),
        ("critic_lr", 0, "critic_lr must be a number above 0"),
        ("generator_lr", float("nan"), "generator_lr must be a number above 0"),
        ("clip_range", (0.1, 0.1), "Low must be below high"),
        ("clip_range", (0.2, 0.1), "Low must be below high"),
        ("clip_range", (0.1, 0.1 + 1e-12), "same 32-bit number"),
        ("clip_range", (float("nan"), 0.1), "must be finite"),
        ("clip_range", (-0.1, float("inf")), "must be finite"),
        ("clip_range", (-1e300, 0.1), "must fit 32-bit"),
        ("clip_range", ("a", 0.1), "two numbers"),
        ("clip_range", (0.1,), "two numbers"),
        ("clip_range", None, "two numbers"),
    ],
)
def test_bad_values_are_one_sentence(field: str, value: object, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        TrainConfig(**{field: value})
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")


def test_points_need_linear_layers() -> None:
    with pytest.raises(ValueError, match="need network mlp"):
        TrainConfig(dataset="8-gaussians", network="dcgan")


def test_survives_json() -> None:
    for config in PRESETS.values():
        assert TrainConfig.from_dict(json.loads(json.dumps(config.as_dict()))) == config


def test_unknown_settings_are_named() -> None:
    with pytest.raises(ValueError, match="no setting called age, sound"):
        TrainConfig.from_dict({"sound": 1, "age": 2})


def test_unknown_preset_is_named() -> None:
    with pytest.raises(ValueError, match="no preset 'cats'; there are digits"):
        preset("cats")


def test_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        TrainConfig().steps = 3
