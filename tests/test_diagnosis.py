import dataclasses

from ganlab.config import PRESETS
from ganlab.diagnosis import likely_cause

DIGITS = PRESETS["digits"]


def test_the_setting_furthest_above_the_preset_is_named() -> None:
    assert "generator's learning rate (1)" in likely_cause(dataclasses.replace(DIGITS, generator_lr=1.0))
    assert "critic's learning rate (0.5)" in likely_cause(dataclasses.replace(DIGITS, critic_lr=0.5))
    assert "narrower clip range" in likely_cause(dataclasses.replace(DIGITS, clip_range=(-50.0, 1.0)))


def test_no_setting_is_blamed_without_reason() -> None:
    assert "another seed" in likely_cause(DIGITS)
