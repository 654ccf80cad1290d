"""What to sample from a generator: which latents, and how they are shown. Travels in a link; knows no torch."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ganlab import settings
from ganlab.settings import SEEDS, setting

WAYS = ("interpolate", "walk")  # the views whose samples follow one another


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Equal recipes give equal samples of a generator. Raises ValueError, naming the field, for a bad value."""

    view: str = setting("grid", "View", choices=("grid", "interpolate", "plane", "walk", "arithmetic"))
    n: int = setting(64, "Samples", "At most 1,024. More samples leave the first ones unchanged.", bounds=(1, 1024))
    seed: int = setting(0, "Seed", "Seeds torch.randn: equal seeds give equal latents.", bounds=SEEDS)
    truncation: float = setting(
        math.inf,
        "Truncation",
        "Latent numbers beyond ± this are redrawn: a smaller range gives more typical and less varied samples.",
        bounds=(0.2, math.inf),
    )
    batch_norm: str = setting(
        "eval",
        "Batch norm",
        "Eval normalises with the averages from training; train normalises each batch of 64 with its own "
        "statistics, so a sample depends on its batch.",
        choices=("eval", "train"),
    )
    columns: int = setting(0, "Columns", "Samples per row; 0 for automatic.", bounds=(0, 32))
    enlarge: int = setting(3, "Enlarge", "Pixels of the PNG for each pixel of a sample.", bounds=(1, 8))
    pick: int = setting(-1, "From sample", "Its number in the grid, from 0.", bounds=(-1, 1023))  # -1: none is picked
    to: int = setting(1, "To seed", "Interpolation ends at this seed's first sample.", bounds=SEEDS)
    path: str = setting(
        "spherical",
        "Path",
        "Spherical interpolation turns and keeps the length of a latent; linear goes straight, nearer to zero.",
        choices=("spherical", "linear"),
    )
    frames: int = setting(16, "Frames", "Samples along the path, both ends included.", bounds=(2, 64))
    side: int = setting(8, "Side", "Samples along each side of the plane.", bounds=(2, 16))
    stride: float = setting(0.3, "Step", "0 stays at the latent, 1 is as far as a fresh one.", bounds=(0.0, 1.0))
    a: int = setting(0, "a", "Number of a sample in the grid, from 0.", bounds=(0, 1023))
    b: int = setting(1, "b", "Number of a sample in the grid, from 0.", bounds=(0, 1023))
    c: int = setting(2, "c", "Number of a sample in the grid, from 0.", bounds=(0, 1023))
    look: int = setting(0, "Step", "A saved step of the run.", bounds=(0, 10**7))  # 0: the last one

    def __post_init__(self) -> None:
        settings.check_all(self)

    @property
    def start(self) -> int:
        """The sample that an interpolation or a walk begins with: the picked one, or the first."""
        return max(self.pick, 0)

    def link(self) -> dict[str, str]:
        """Every field that differs from its default, as a link's query."""
        return {name: str(value) for name, value in vars(self).items() if value != getattr(Recipe, name)}


FIELDS = tuple(settings.fields(Recipe))


def from_link(query: Mapping[str, str]) -> tuple[Recipe, str]:
    """The recipe that `link` gave, and sentences on fields that can't be read: these have their defaults."""
    values = {name: settings.from_text(Recipe, name, query[name]) for name in FIELDS if name in query}
    good = {name: value for name, value in values.items() if not settings.problems(Recipe, {name: value})}
    return Recipe(**good), " ".join(settings.problems(Recipe, values))
