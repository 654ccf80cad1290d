"""The settings of a run: their checks, and their links."""

import dataclasses
import json
from urllib.parse import parse_qs, urlencode

import pytest

from ganlab import settings
from ganlab.config import TrainConfig, spare_cores
from ganlab.links import from_link, link
from ganlab.presets import PRESETS


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("steps", 0, "steps must be from 1"),
        ("steps", 1.5, "steps must be a whole number"),
        ("steps", True, "steps must be a whole number"),
        ("seed", -1, "seed must be from 0"),
        ("dataset", "cats", "dataset must be one of digits"),
        ("image_size", 20, "image_size must be one of 16, 28, 32, 64"),
        ("image_size", 16.0, "image_size must be one of 16"),
        ("optimizer", ["adam"], "optimizer must be one of rmsprop, adam"),
        ("warm_up", -1, "warm_up must be from 0"),
        ("images", "3f2a", "images must be the 16 hex digits"),
        ("images", None, "images must be the 16 hex digits"),
        ("images", 1234567890123456, "images must be the 16 hex digits"),
        ("points", "3F2A" * 4, "points must be the 16 hex digits"),
        ("critic_lr", 10**400, "critic_lr must be from 1e−30"),
        ("critic_lr", 0, "critic_lr must be from 1e−30"),
        ("generator_lr", float("nan"), "generator_lr must be from 1e−30"),
        ("clip_range", (0.1, 0.1), "Low must be below high"),
        ("clip_range", (0.2, 0.1), "Low must be below high"),
        ("clip_range", (0.1, 0.1 + 1e-12), "same 32-bit number"),
        ("clip_range", (float("nan"), 0.1), "must be finite"),
        ("clip_range", (-0.1, float("inf")), "must be finite"),
        ("clip_range", (-1e300, 0.1), "must fit 32-bit"),
        ("clip_range", ("a", 0.1), "two numbers"),
        ("clip_range", (0.1,), "two numbers"),
        ("clip_range", None, "two numbers"),
        ("constraint", "hope", "constraint must be one of clip, gradient-penalty"),
        ("penalty", -1, "penalty must be from 0.0"),
        ("beta1", 1, "beta1 must be from 0.0"),
        ("beta2", True, "beta2 must be a number"),
        ("constraint", "gradient-penalty", "needs critic_norm layer or none: with batch norm a score depends"),
        ("constraint", "spectral-norm", "needs critic_norm none: a norm after a layer"),
        ("generator", "real-plus-noise", "is for 2-D points"),
    ],
)
def test_bad_values_are_one_sentence(field: str, value: object, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        TrainConfig(**{field: value})
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")


RING = PRESETS["8-gaussians"]


@pytest.mark.parametrize("constraint", ["gradient-penalty", "spectral-norm"])
def test_an_mlp_has_no_norm_that_could_forbid_a_constraint(constraint: str) -> None:
    assert dataclasses.replace(RING, constraint=constraint, critic_norm="batch").constraint == constraint


def test_adams_averages_are_floats() -> None:
    """torch refuses whole numbers."""
    config = TrainConfig(optimizer="adam", beta1=0)
    assert type(config.beta1) is float


def test_the_fixed_generator_has_three_latents() -> None:
    assert dataclasses.replace(RING, generator="real-plus-noise", latent_dim=64).latent_dim == 3


@pytest.mark.parametrize(
    ("values", "with_effect", "without"),
    [
        ({}, {"clip_range", "clip_order", "clip_scope", "clip_scale"}, {"penalty", "beta1", "beta2", "noise_sd"}),
        ({"constraint": "gradient-penalty"}, {"penalty"}, {"clip_range", "clip_order", "clip_scope", "clip_scale"}),
        ({"constraint": "spectral-norm"}, set(), {"clip_range", "clip_order", "penalty"}),
        ({"optimizer": "adam"}, {"beta1", "beta2"}, set()),
        ({"generator": "real-plus-noise"}, {"noise_sd"}, {"generator_lr", "latent_dim"}),
        ({"dataset": "digits"}, {"image_size", "network", "train_images"}, {"generator", "points", "fit"}),
        ({"dataset": "digits", "network": "dcgan"}, {"critic_norm"}, {"depth"}),
    ],
)
def test_settings_without_effect_are_known(values: dict, with_effect: set[str], without: set[str]) -> None:
    config = dataclasses.replace(RING, **values)
    applying = set(settings.applying(config))
    assert with_effect <= applying
    assert not applying & without
    odd = {"clip_order": "before", "clip_scope": "weights", "clip_scale": "gain", "penalty": 3.0, "noise_sd": 2.0}
    odd |= {"beta1": 0.1, "beta2": 0.2, "depth": 7, "generator_lr": 0.5}
    assert not set(link(dataclasses.replace(config, **odd))) & without


def test_points_need_linear_layers() -> None:
    with pytest.raises(ValueError, match="need network mlp"):
        TrainConfig(dataset="8-gaussians", network="dcgan")


def test_128_pixels_are_for_the_users_own_images() -> None:
    assert TrainConfig(dataset="images", image_size=128).shape == (3, 128, 128)
    for dataset in ("digits", "cifar10"):
        with pytest.raises(ValueError, match=f"image_size can be at most 64 for dataset {dataset}"):
            TrainConfig(dataset=dataset, image_size=128)


def test_survives_json() -> None:
    for config in PRESETS.values():
        assert TrainConfig.from_dict(json.loads(json.dumps(config.as_dict()))) == config


def test_unknown_settings_are_named() -> None:
    with pytest.raises(ValueError, match="no setting called age, sound"):
        TrainConfig.from_dict({"sound": 1, "age": 2})


def test_every_bad_setting_is_named_at_once() -> None:
    with pytest.raises(ValueError, match=r"no setting called age.*seed must be.*width must be"):
        TrainConfig.from_dict({"age": 2, "seed": -1, "width": "wide", "steps": 7})
    ring = PRESETS["8-gaussians"].as_dict()
    with pytest.raises(ValueError, match=r"^steps must be from 1 to [\d,]+, not 0\.$"):
        TrainConfig.from_dict(ring | {"steps": 0})
    for not_settings in ([], "steps", None):
        with pytest.raises(ValueError, match="an object with a value for each field"):
            TrainConfig.from_dict(not_settings)


ODD = dataclasses.replace(
    PRESETS["8-gaussians"], clip_range=(-0.1 - 0.2, 1 / 3), critic_lr=1.5e-5, optimizer="adam", seed=2**53 - 1
)  # fmt: skip
OWN = [
    dataclasses.replace(PRESETS[name], **{field: "0" * 16}) for name, field in [("images",) * 2, ("drawn", "points")]
]


@pytest.mark.parametrize("config", [*PRESETS.values(), ODD, *OWN])
def test_a_link_brings_the_same_settings_back(config: TrainConfig) -> None:
    query = parse_qs(urlencode(link(config)))
    assert from_link({field: texts[-1] for field, texts in query.items()}) == config


def test_a_link_names_its_preset_and_what_differs() -> None:
    threads = {"threads": str(spare_cores())}  # the other computer may have more to spare
    assert link(PRESETS["8-gaussians-paper"]) == {"preset": "8-gaussians-paper"} | threads
    assert link(dataclasses.replace(PRESETS["digits"], seed=3)) == {"preset": "digits", "seed": "3"} | threads


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"preset": "cats"}, "no preset 'cats'; there are digits"),
        ({"preset": "digits", "steps": "many", "age": "2"}, "no setting called age.*steps must be a whole number"),
        ({"clip_range": "0.1"}, "two numbers"),
        ({"clip_range": "a b"}, "two numbers"),
        ({"preset": "8-gaussians", "network": "dcgan"}, "need network mlp"),
        ({"images": "../../etc/passwd"}, "16 hex digits"),
        ({"preset": "drawn", "points": "../points"}, "16 hex digits"),
    ],
)
def test_a_bad_link_is_named(query: dict[str, str], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        from_link(query)


def test_is_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        TrainConfig().steps = 3
