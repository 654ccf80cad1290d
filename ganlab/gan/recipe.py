"""What to make of a generator: which latents, and how they are shown. Travels in a link; standard library only."""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

CHOICES = {
    "view": ("grid", "interpolate", "plane", "walk", "arithmetic"),
    "batch_norm": ("eval", "train"),
    "path": ("spherical", "linear"),
}
"""The fields that take one of a few values."""
WAYS = ("interpolate", "walk")
"""The views whose samples follow one another."""
BOUNDS = {
    "n": (1, 1024),
    "seed": (0, 2**53 - 1),  # what a browser counts exactly
    "truncation": (0.2, math.inf),
    "columns": (0, 32),
    "enlarge": (1, 8),
    "pick": (-1, 1023),
    "to": (0, 2**53 - 1),
    "frames": (2, 64),
    "side": (2, 16),
    "stride": (0.0, 1.0),
    "a": (0, 1023),
    "b": (0, 1023),
    "c": (0, 1023),
    "look": (0, 10**7),
}
"""The smallest and the largest value of every number."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Equal recipes make equal samples of a generator. Raises ValueError, naming the field, for a bad value."""

    view: str = "grid"
    """`grid`: n samples; `interpolate`, `plane`, `walk` and `arithmetic` go between some of them."""
    n: int = 64
    """How many samples are in the grid."""
    seed: int = 0
    """Starts the latents of the grid."""
    truncation: float = math.inf
    """Latents beyond ± this are drawn anew; inf: none are."""
    batch_norm: str = "eval"
    """Batch norm of the grid: `eval` with the running statistics, `train` with those of each batch of 64."""
    columns: int = 0
    """Samples in a row of the sheet; 0: as many as there are rows, or the 8 of a strip."""
    enlarge: int = 3
    """Screen and PNG pixels for each pixel of a sample."""
    pick: int = -1
    """The sample looked at closely, from 0; -1: none."""
    to: int = 1
    """A second seed: what an interpolation goes to, and what starts a walk and the neighbours of a sample."""
    path: str = "spherical"
    """How an interpolation goes: `spherical` or `linear`."""
    frames: int = 16
    """Latents along an interpolation or a walk, both ends included."""
    side: int = 8
    """The plane shows side * side latents."""
    stride: float = 0.3
    """How far neighbours and a walk's next step are: 0 nowhere, 1 as far as a fresh latent."""
    a: int = 0
    """A sample of the grid, from 0: a corner of the plane, or the a of a - b + c."""
    b: int = 1
    """Another."""
    c: int = 2
    """Another."""
    look: int = 0
    """The step whose saved samples of the fixed latents are shown; 0: the last one."""

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            object.__setattr__(self, field.name, _checked(field.name, field.type, getattr(self, field.name)))

    @property
    def start(self) -> int:
        """The sample that an interpolation or a walk begins with: the picked one, or the first."""
        return max(self.pick, 0)

    def link(self) -> dict[str, str]:
        """Every field that differs from its default, as a link's query."""
        changed = {field: value for field, value in vars(self).items() if value != getattr(Recipe, field)}
        return {field: str(value) for field, value in changed.items()}


FIELDS = tuple(field.name for field in dataclasses.fields(Recipe))


def from_link(query: dict[str, str]) -> tuple[Recipe, str]:
    """The recipe that `link` gave; fields that cannot be read are at their defaults, and sentences say which."""
    types = {field.name: field.type for field in dataclasses.fields(Recipe)}
    good, problems = {}, []
    for field in FIELDS:
        if field in query:
            try:
                good[field] = _checked(field, types[field], _read(types[field], query[field]))
            except ValueError as error:
                problems.append(str(error))
    return Recipe(**good), " ".join(problems)


def _read(kind: type, text: str) -> Any:
    """A link's text as a value of that kind; the text itself if it is none."""
    try:
        return kind(text)
    except ValueError:
        return text


def _checked(field: str, kind: type, value: Any) -> Any:
    if field in CHOICES:
        if value not in CHOICES[field]:
            raise ValueError(f"{field} must be one of {', '.join(CHOICES[field])}, not {value!r}.")
        return value
    low, high = BOUNDS[field]
    if isinstance(value, bool) or not isinstance(value, int | kind):
        raise ValueError(f"{field} must be a {'whole ' if kind is int else ''}number, not {value!r}.")
    if not low <= value <= high:
        limits = f"from {low} to {high:,}" if high < math.inf else f"at least {low}"
        raise ValueError(f"{field} must be {limits}, not {value:,}.")
    return kind(value)
