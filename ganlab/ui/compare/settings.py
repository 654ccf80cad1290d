"""The settings in which runs differ, and those that they share."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from ganlab import settings
from ganlab.config import TrainConfig
from ganlab.formatting import NOTHING, count_of, listed, number, range_in_words
from ganlab.plots.curves import change_in_words
from ganlab.runs.history import Change
from ganlab.ui.compare.keys import across, chip
from ganlab.ui.compare.picks import Pick
from ganlab.ui.kit import constraints
from ganlab.ui.kit.html import CARDS, MORE, titled

IRRELEVANT = ("threads", "device")  # for what a run learns, up to rounding
STRENGTHS = ("clip_range", "penalty")  # of what holds the critic
NAMED = ("constraint", "clip_scale", *STRENGTHS)  # told by a run's name
CHANGED, FEW = "Changed while it trained", 3  # changes that are named one by one
PROPER = ("Adam", "Swiss roll", "Wasserstein")  # capital letters within a sentence too


def differing(configs: Iterable[TrainConfig]) -> list[str]:
    """The fields with more than one value among the settings that use them, those with the most values first.

    Of STRENGTHS, not to use it is a value too.
    """
    known: dict[str, set[Any]] = {name: set() for name in settings.fields(TrainConfig) if name not in IRRELEVANT}
    for config in configs:
        used = settings.applying(config)
        for name in known.keys() & {*used, *STRENGTHS}:
            known[name].add(used.get(name))
    names = [name for name, values in known.items() if len(values) > 1]
    return sorted(names, key=lambda name: -len(known[name]))


def by_constraint(configs: Iterable[TrainConfig]) -> dict[str, list[TrainConfig]]:
    """The settings with the same constraint, by that."""
    groups: dict[str, list[TrainConfig]] = {}
    for config in configs:
        groups.setdefault(config.constraint, []).append(config)
    return groups


def unnamed(configs: Iterable[TrainConfig]) -> list[str]:
    """The fields that differ between settings with the same constraint, but for those that a run's name tells.

    What is the same within each constraint follows from that; only a seed never does.
    """
    groups = by_constraint(configs).values()
    names = dict.fromkeys(name for group in groups for name in differing(group))
    if len({config.seed for group in groups for config in group if "seed" not in config.unknown}) > 1:
        names["seed"] = None
    return [name for name in names if name not in NAMED]


def with_constraint(configs: Sequence[TrainConfig]) -> str:
    """In what else settings with different constraints differ, for a preset is sized for its own; "" if in nothing."""
    told = (*NAMED, *unnamed(configs), "seed")
    others = [label(name) for name in differing(configs) if name not in told]
    if not others:
        return ""
    return f"With the constraint, {listed(others)} change{'s' * (len(others) == 1)} too."


def label(name: str) -> str:
    """A field's label, as within a sentence."""
    text = settings.rules(TrainConfig, name).label
    return text[0].lower() + text[1:]


def value(config: TrainConfig, name: str) -> str:
    """A field's value as the form writes it; a dash where it is not known, or has no effect beside the others."""
    if name in config.unknown or not settings.rules(TrainConfig, name).applies(config):
        return NOTHING
    held = getattr(config, name)
    if isinstance(held, tuple):
        return range_in_words(held)
    if isinstance(held, float):
        return number(held)
    if isinstance(held, int):
        return str(held) if name == "seed" else f"{held:,}"
    if name == "dataset":
        return (CARDS | MORE)[held][0]
    if name == "constraint":
        return constraints.CARDS[held][0]
    return titled(held) if settings.rules(TrainConfig, name).choices else held or NOTHING


def in_sentence(config: TrainConfig, name: str) -> str:
    """The same within a sentence: only names keep their capital letter."""
    text = value(config, name)
    return text.lower() if text == text.capitalize() and text not in PROPER else text


def in_words(config: TrainConfig, names: Sequence[str]) -> list[str]:
    """These fields with their values, as `seed 3`; without those that have no effect."""
    texts = ((name, in_sentence(config, name)) for name in names)
    return [f"{label(name)} {text}" for name, text in texts if text != NOTHING]


def table(picks: list[Pick]) -> str:
    """The settings in which the compared runs differ, at first and now, and live changes, as HTML; "" if none do."""
    rows = {
        settings.rules(TrainConfig, name).label: [_first_and_now(pick, name) for pick in picks]
        for name in _moved(picks)
    }
    if any(pick.record.changes for pick in picks):
        rows[CHANGED] = [changes_in_words(pick.record.changes) or NOTHING for pick in picks]
    if not rows:
        return ""
    heads = "".join(f"<th scope='col'>{chip(pick.letter)}" for pick in picks)
    body = ""
    for name, texts in rows.items():
        body += f"<tr><th scope='row'>{name}{''.join(f'<td>{escape(text)}' for text in texts)}"
    return f"{across('Settings')}<table><thead><tr><td>{heads}<tbody>{body}</table></div>"


def shared(picks: list[Pick]) -> str:
    """The other settings, with the value of all runs on which they have an effect, as HTML; which ones if not all."""
    rows, moved = "", _moved(picks)
    for name in settings.fields(TrainConfig):
        texts = {pick.letter: {value(config, name) for config in _held([pick])} - {NOTHING} for pick in picks}
        users, held = [letter for letter in texts if texts[letter]], set[str]().union(*texts.values())
        if len(held) == 1 and name not in moved:
            chips = "" if len(users) == len(picks) else f" {''.join(map(chip, users))}"
            rows += f"<div><dt>{settings.rules(TrainConfig, name).label}{chips}<dd>{escape(held.pop())}</div>"
    return f"<dl class='shared'>{rows}</dl>"


def _moved(picks: list[Pick]) -> list[str]:
    """The fields in which runs differ, at first or now, and those that were changed, even if they were changed back."""
    changed = (change.field for pick in picks for change in pick.record.changes)
    return list(dict.fromkeys((*differing(_held(picks)), *changed)))


def _held(picks: list[Pick]) -> list[TrainConfig]:
    """All runs' settings, at first and now."""
    return [config for pick in picks for config in (pick.config, pick.record.config)]


def _first_and_now(pick: Pick, name: str) -> str:
    """A setting of a run, and what it was changed to while it trained."""
    first, now = value(pick.config, name), value(pick.record.config, name)
    return first if first == now else f"{first}, then {now}"


def changes_in_words(changes: Sequence[Change]) -> str:
    """What was changed while a run trained, such as `clip range ±0.01 after step 316`; of many changes, how many."""
    if len(changes) > FEW:
        return count_of(len(changes), "change")
    words, last = list[str](), ""
    for change in changes:
        name = "clip range " if change.field == "clip_range" != last else ""  # the words for the others hold it
        words.append(f"{name}{change_in_words(change)} after step {change.step:,}")
        last = change.field
    return ", ".join(words)


def changed(changes: Sequence[Change]) -> str:
    """A mark on a run that was changed while it trained, as HTML; "" if it was not."""
    if not changes:
        return ""
    return f"<span class='muted small' title='{CHANGED}: {escape(changes_in_words(changes))}'>changed</span>"
