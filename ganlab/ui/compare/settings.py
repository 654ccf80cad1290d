"""The settings in which runs differ."""

from collections.abc import Iterable, Sequence
from typing import Any

from ganlab import settings
from ganlab.config import TrainConfig
from ganlab.formatting import NOTHING, number, range_in_words
from ganlab.ui.kit.html import TITLES

IRRELEVANT = ("threads", "device")  # for what a run learns, up to rounding


def differing(configs: Iterable[TrainConfig]) -> list[str]:
    """The fields that do not have the same value in all these settings, in the order of TrainConfig."""
    known: dict[str, Any] = {}
    differ = set()
    for config in configs:
        for name, value in vars(config).items():
            if known.setdefault(name, value) != value:
                differ.add(name)
    return [name for name in known if name in differ and name not in IRRELEVANT]


def label(name: str) -> str:
    """A field's label, as within a sentence."""
    text = settings.rules(TrainConfig, name).label
    return text[0].lower() + text[1:]


def value(config: TrainConfig, name: str) -> str:
    """A field's value in words; a dash where it has no effect beside the other settings."""
    if not settings.rules(TrainConfig, name).applies(config):
        return NOTHING
    held = getattr(config, name)
    if isinstance(held, tuple):
        return range_in_words(held)
    if isinstance(held, float):
        return number(held)
    return f"{held:,}" if isinstance(held, int) and name != "seed" else TITLES.get(held, str(held)) or NOTHING


def in_words(config: TrainConfig, names: Sequence[str]) -> list[str]:
    """These fields with their values, as `seed 3`; without those that have no effect."""
    texts = ((name, value(config, name)) for name in names)
    return [f"{label(name)} {text}" for name, text in texts if text != NOTHING]
