"""What is known of a training loop that isn't ganlab's. As its settings, in its config.json."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from ganlab import settings
from ganlab.config import MOST_STEPS, TrainConfig
from ganlab.settings import setting

Layers = tuple[tuple[str, tuple[int, ...]], ...]  # (name, shape) of each of the critic's parameters
KIND = "watched"  # in config.json
_KNOWN = ("dataset", "image_size", "colour", "clip_range", "layers")


def _checked_layers(layers: Any) -> Layers:
    """Names and shapes of parameters. Raises ValueError for anything else."""
    named = tuple((str(name), tuple(shape)) for name, shape in layers)
    sides = [side for _, shape in named for side in shape]
    if not named or len(dict(named)) < len(named) or not all(type(side) is int and 0 < side < 2**31 for side in sides):
        raise ValueError("layers must be the names and shapes of a critic's parameters, none of them empty.")
    if odd := [name for name, _ in named if not re.fullmatch(r"[\w.]{1,100}", name)]:
        raise ValueError(f"layers must have names of at most 100 letters, digits, dots and _, not {odd[0]!r}.")
    return named


@dataclass(frozen=True, kw_only=True)
class WatchedConfig(TrainConfig):
    """What is known of a training loop that isn't ganlab's: the clip range, and the shapes of samples and critic."""

    layers: tuple[tuple[str, tuple[int, ...]], ...] = setting((("weight", (1,)),), "Layers", check=_checked_layers)
    unknown: ClassVar[frozenset[str]] = frozenset(settings.fields(TrainConfig)) - {"clip_range"}

    def as_dict(self) -> dict[str, Any]:
        return {"kind": KIND} | {name: getattr(self, name) for name in _KNOWN}

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> "WatchedConfig":
        """The settings that `as_dict` gave. Raises ValueError."""
        try:
            known = {name: values[name] for name in _KNOWN}
            return cls(**known, network="mlp", steps=MOST_STEPS)
        except (KeyError, TypeError):
            raise ValueError("The settings of a watched run are incomplete.") from None


def config_of(values: Any) -> TrainConfig:
    """The settings in a config.json, of a run of either kind. Raises ValueError."""
    if isinstance(values, dict) and values.get("kind") == KIND:
        return WatchedConfig.of(values)
    return TrainConfig.from_dict(values)
