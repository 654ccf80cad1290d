"""The settings in which runs differ."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from ganlab import settings
from ganlab.config import TrainConfig
from ganlab.formatting import NOTHING, number, range_in_words
from ganlab.ui.compare.keys import across, chip
from ganlab.ui.compare.picks import Pick
from ganlab.ui.kit.html import TITLES

IRRELEVANT = ("threads", "device")  # for what a run learns, up to rounding
NAMED = ("constraint", "clip_range", "clip_scale", "penalty")  # told by a run's name


def differing(configs: Iterable[TrainConfig]) -> list[str]:
    """The fields that do not have the same value in all these settings, those with the most values first."""
    known: dict[str, set[Any]] = {}
    for config in configs:
        for name, value in vars(config).items():
            known.setdefault(name, set()).add(value)
    names = [name for name, values in known.items() if len(values) > 1 and name not in IRRELEVANT]
    return sorted(names, key=lambda name: -len(known[name]))


def unnamed(configs: Iterable[TrainConfig]) -> list[str]:
    """The fields that differ between settings with the same constraint, but for those that a run's name tells."""
    alike: dict[str, list[TrainConfig]] = {}
    for config in configs:
        alike.setdefault(config.constraint, []).append(config)
    names = dict.fromkeys(name for group in alike.values() for name in differing(group))
    return [name for name in names if name not in NAMED]


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


def table(picks: list[Pick]) -> str:
    """The settings in which the compared runs differ, at first and after live changes, as HTML; "" if they don't."""
    names = differing([config for pick in picks for config in (pick.config, pick.record.config)])
    if not names:
        return ""
    heads = "".join(f"<th scope='col'>{chip(pick.letter)}" for pick in picks)
    body = ""
    for name in names:
        cells = "".join(f"<td>{_changed(pick, name)}" for pick in picks)
        body += f"<tr><th scope='row'>{settings.rules(TrainConfig, name).label}{cells}"
    return f"{across('Settings')}<table><thead><tr><td>{heads}<tbody>{body}</table></div>"


def _changed(pick: Pick, name: str) -> str:
    """A setting of a run, and what it was changed to while it trained."""
    first, now = value(pick.config, name), value(pick.record.config, name)
    return escape(first if first == now else f"{first}, then {now}")
