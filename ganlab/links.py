"""The settings of a run as the query of a link, and back."""

from collections.abc import Mapping

from ganlab import settings
from ganlab.config import TrainConfig, changed
from ganlab.presets import PRESETS


def link(config: TrainConfig) -> dict[str, str]:
    """The settings as a link's query: the dataset's preset that is most like them, and the fields that differ from it.

    Fields without an effect are left out. The threads are always there: their default depends on the computer.
    """
    fields = settings.applying(config)
    differing = {
        name: [field for field in fields if getattr(config, field) != getattr(usual, field) or field == "threads"]
        for name, usual in PRESETS.items()
        if usual.dataset == config.dataset
    }
    name = min(differing, key=lambda name: len(differing[name]))
    return {"preset": name} | {field: settings.as_text(getattr(config, field)) for field in differing[name]}


def from_link(query: Mapping[str, str]) -> TrainConfig:
    """The settings that `link` gave. Raises ValueError for an unknown preset, or naming every unknown or bad field."""
    texts = dict(query)
    preset = texts.pop("preset", "digits")
    if preset not in PRESETS:
        raise ValueError(f"There is no preset {preset!r}; there are {', '.join(PRESETS)}.")
    return changed(PRESETS[preset], {name: settings.from_text(TrainConfig, name, text) for name, text in texts.items()})
