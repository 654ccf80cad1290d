"""What a run is told to do. Knows nothing of tensors, threads, files or screens."""

import dataclasses
import math
import numbers
import os
import re
import struct
from dataclasses import dataclass
from typing import Any

DATASETS = {
    "digits": "image",
    "mnist": "image",
    "fashion-mnist": "image",
    "cifar10": "image",
    "images": "image",
    "8-gaussians": "point",
    "25-gaussians": "point",
    "swiss-roll": "point",
    "drawn": "point",
}
"""What there is to imitate, and what one sample of it is. `images` and `drawn` are the user's own."""
CHOICES = {
    "dataset": tuple(DATASETS),
    "image_size": (16, 28, 32, 64),
    "fit": ("stretch", "crop"),
    "colour": ("rgb", "grey"),
    "network": ("dcgan", "mlp"),
    "optimizer": ("rmsprop", "adam"),
    "device": ("auto", "cpu", "accelerator"),
}
"""The fields that take one of a few values."""
LIVE_FIELDS = ("clip_range", "critic_lr", "generator_lr", "n_critic")
"""The fields that may change while a run trains."""
PREPARED_BY = ("dataset", "images", "image_size", "fit", "colour")
"""The fields that decide what the user's own images become."""
WARM_UP_UPDATES = 100
"""Critic updates in each step of the warm-up."""
_INTEGER_BOUNDS = {
    "width": (1, 1024),
    "depth": (1, 32),
    "latent_dim": (1, 1024),
    "batch_size": (2, 4096),
    "n_critic": (1, 1000),
    "warm_up": (0, 10_000),
    "steps": (1, 10_000_000),
    "seed": (0, 2**53 - 1),  # what a browser counts exactly
    "threads": (1, 1024),
}


def cores() -> int:
    """How many CPU cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def spare_cores() -> int:
    """All cores but the one kept for the browser and the page; at least 1."""
    return max(1, cores() - 1)


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """The settings of one run; equal settings give equal runs on a CPU.

    Raises ValueError, naming the field in one sentence, for a value that no run could use.
    """

    dataset: str = "digits"
    """What the generator learns to imitate."""
    images: str = ""
    """Which of the kept images the dataset `images` means: 16 hex digits of the archive's SHA-256."""
    pixels: str = ""
    """Which pixels `images` came to: the SHA-256 of the file that a run made of them; empty before the first run."""
    points: str = ""
    """Which of the kept points the dataset `drawn` means: the first 16 hex digits of their file's SHA-256."""
    image_size: int = 16
    """Height and width of an image in pixels; 2-D points have none."""
    fit: str = "stretch"
    """How the user's own images become square: `stretch` both sides, or `crop` the middle."""
    colour: str = "rgb"
    """What the user's own images become: `rgb` or `grey`."""
    network: str = "dcgan"
    """`dcgan` (convolutions, for images) or `mlp` (linear layers)."""
    width: int = 32
    """Channels of the critic's first convolution, or units of a linear layer."""
    depth: int = 3
    """Hidden layers of an `mlp`; a `dcgan` takes its depth from the image size."""
    latent_dim: int = 64
    """How many random numbers make one sample."""
    optimizer: str = "rmsprop"
    """`rmsprop`, as in the paper, or `adam`, whose momentum the paper warns of."""
    critic_lr: float = 5e-4
    """Learning rate of the critic."""
    generator_lr: float = 5e-4
    """Learning rate of the generator."""
    batch_size: int = 64
    """Real samples, and as many generated ones, in each update."""
    n_critic: int = 5
    """Critic updates in each step, before the one generator update."""
    warm_up: int = 0
    """How many of the first steps make 100 critic updates instead."""
    clip_range: tuple[float, float] = (-0.01, 0.01)
    """(low, high): every critic weight is clamped into it after each critic update."""
    steps: int = 1500
    """Generator updates until the run ends by itself."""
    seed: int = 0
    """Starts the run's own random generators."""
    threads: int = dataclasses.field(default_factory=spare_cores)
    """CPU threads that torch may use for this run."""
    device: str = "auto"
    """`cpu`, `accelerator` (torch's own choice), or `auto`: the accelerator, if any, for images."""

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            object.__setattr__(self, field.name, _checked(field.name, getattr(self, field.name)))
        if self.network == "dcgan" and self.kind == "point":
            raise ValueError(f"dataset {self.dataset} holds 2-D points, which need network mlp, not dcgan.")

    @property
    def kind(self) -> str:
        """What one sample is: `image` or `point`."""
        return DATASETS[self.dataset]

    def as_dict(self) -> dict[str, Any]:
        """The settings as JSON-ready values."""
        return dataclasses.asdict(self) | {"clip_range": list(self.clip_range)}

    @classmethod
    def from_dict(cls, values: Any) -> "TrainConfig":
        """The settings that `as_dict` gave. Raises ValueError naming every unknown or invalid field."""
        if not isinstance(values, dict):
            raise ValueError("Settings are an object with a value for each field.")
        return changed(cls(), values)


def changed(config: TrainConfig, values: dict[str, Any]) -> TrainConfig:
    """The settings with some fields replaced. Raises ValueError naming every unknown or invalid field.

    Where the pixels would come out differently, they are not known any more.
    """
    names = {field.name for field in dataclasses.fields(TrainConfig)}
    problems = [f"There is no setting called {', '.join(unknown)}."] if (unknown := sorted(set(values) - names)) else []
    for field, value in values.items():
        try:
            _checked(field, value)
        except ValueError as error:
            problems.append(str(error))
    if problems:
        raise ValueError(" ".join(problems))
    if any(values.get(field, getattr(config, field)) != getattr(config, field) for field in PREPARED_BY):
        values = {"pixels": ""} | values
    return dataclasses.replace(config, **values)


def as_text(value: Any) -> str:
    """A setting as the command line and links have it: a clip range is two numbers with a space."""
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def from_text(field: str, text: str) -> Any:
    """The value that `as_text` gave; for an unknown field or a text that is no such value, the text itself."""
    kind = {f.name: f.type for f in dataclasses.fields(TrainConfig)}.get(field, str)
    try:
        return tuple(map(float, text.split())) if field == "clip_range" else kind(text)
    except ValueError:
        return text


def checked_clip_range(clip_range: Any) -> tuple[float, float]:
    """(low, high) as floats. Raises ValueError unless low < high holds in the weights' own float32."""
    try:
        low, high = clip_range
        if not all(isinstance(bound, numbers.Real) and not isinstance(bound, bool) for bound in (low, high)):
            raise TypeError
        bounds = (float(low), float(high))
        as_weights = [struct.unpack("<f", struct.pack("<f", bound))[0] for bound in bounds]
    except (TypeError, ValueError):
        raise ValueError(f"clip_range must be two numbers, low and high, not {clip_range!r}.") from None
    except OverflowError:
        raise ValueError(f"clip_range must fit 32-bit numbers, not {clip_range!r}.") from None
    if not all(map(math.isfinite, bounds)):
        raise ValueError("Low and high must be finite numbers.")
    if bounds[0] >= bounds[1]:
        raise ValueError("Low must be below high.")
    if as_weights[0] >= as_weights[1]:
        raise ValueError("Low and high are the same 32-bit number; move them further apart.")
    return bounds


def _checked(field: str, value: Any) -> Any:
    """The value as the field holds it. Raises ValueError, in one sentence, if no run could use it."""
    if field == "clip_range":
        return checked_clip_range(value)
    if field in CHOICES:
        _check_choice(field, value, CHOICES[field])
    elif field in _INTEGER_BOUNDS:
        _check_integer(field, value, *_INTEGER_BOUNDS[field])
    elif field in ("critic_lr", "generator_lr"):
        return _checked_learning_rate(field, value)
    elif field in ("images", "points") and not (isinstance(value, str) and re.fullmatch("|[0-9a-f]{16}", value)):
        raise ValueError(f"{field} must be the 16 hex digits that name kept {field}, not {value!r}.")
    elif field == "pixels" and not (isinstance(value, str) and re.fullmatch("|[0-9a-f]{64}", value)):
        raise ValueError(f"pixels must be the 64 hex digits of a SHA-256, not {value!r}.")
    return value


def _check_choice(field: str, value: Any, choices: tuple[Any, ...]) -> None:
    if value not in choices or type(value) is not type(choices[0]):
        raise ValueError(f"{field} must be one of {', '.join(map(str, choices))}, not {value!r}.")


def _check_integer(field: str, value: Any, smallest: int, largest: int) -> None:
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        raise ValueError(f"{field} must be a whole number, not {value!r}.")
    if not smallest <= value <= largest:
        raise ValueError(f"{field} must be from {smallest} to {largest:,}, not {value:,}.")


def _checked_learning_rate(field: str, value: Any) -> float:
    try:
        rate = float(value) if isinstance(value, numbers.Real) and not isinstance(value, bool) else math.nan
    except OverflowError:
        rate = math.inf
    if not 0 < rate < math.inf:
        raise ValueError(f"{field} must be a number above 0, not {value!r}.")
    return rate


_RING = TrainConfig(
    dataset="8-gaussians",
    network="mlp",
    width=128,
    batch_size=256,
    n_critic=8,
    clip_range=(-0.1, 0.1),
    critic_lr=2e-3,
    generator_lr=2e-3,
    latent_dim=2,
    steps=2000,
)
PRESETS = {
    "digits": TrainConfig(),
    # 3 x 128, c = 0.1 and 2e-3 follow from the gain law c * sqrt(width / 2): 0.8 a layer, near 1.
    # With 5 critic updates instead of 8, one of five seeds left a mode nearly empty after 2,000 steps.
    "8-gaussians": _RING,
    # Twice the range, gain 1.6 a layer: the grid is finer than the ring. Seeds 0 to 3 found 24, 25, 24 and 22 modes.
    # With half the rates one found 21, with 5 critic updates 22; with twice the critic's rate it diverged.
    "25-gaussians": dataclasses.replace(_RING, dataset="25-gaussians", clip_range=(-0.2, 0.2), steps=5000),
    # Exact W1 after 2,000 steps for seeds 0 and 1: 1.64 and 1.85 times that of real to real.
    "swiss-roll": dataclasses.replace(_RING, dataset="swiss-roll"),
    "drawn": dataclasses.replace(_RING, dataset="drawn"),
    "mnist": TrainConfig(dataset="mnist", image_size=28),
    "fashion-mnist": TrainConfig(dataset="fashion-mnist", image_size=28),
    "cifar10": TrainConfig(dataset="cifar10", image_size=32, steps=5000),
    "images": TrainConfig(dataset="images", image_size=32),
    # Gulrajani et al. 2017, Fig. 1a: 3 x 512, batch 256, c = 0.01, RMSprop 5e-5. The gradients vanish: after
    # 150 steps the critic's slope at the data is about 0.01, where an ideal critic has 1.
    "8-gaussians-paper": dataclasses.replace(
        _RING, width=512, n_critic=5, clip_range=(-0.01, 0.01), critic_lr=5e-5, generator_lr=5e-5
    ),
}
"""Settings that show something, by name. A dataset's own preset has the dataset's name."""


def preset(name: str) -> TrainConfig:
    """The preset of that name. Raises ValueError, naming those there are."""
    if name not in PRESETS:
        raise ValueError(f"There is no preset {name!r}; there are {', '.join(PRESETS)}.")
    return PRESETS[name]


def preset_of(config: TrainConfig) -> str:
    """The preset of its dataset that shares most settings with it."""
    mine = config.as_dict()
    near = {name: sum(mine[f] == v for f, v in p.as_dict().items()) for name, p in PRESETS.items()}
    return max((name for name in PRESETS if PRESETS[name].dataset == config.dataset), key=near.get)


def link(config: TrainConfig) -> dict[str, str]:
    """The settings as a link's query: a preset, the fields that differ, and the threads, which else depend on where."""
    name = preset_of(config)
    usual = vars(PRESETS[name]) | {"threads": None}
    return {"preset": name} | {field: as_text(value) for field, value in vars(config).items() if value != usual[field]}


def from_link(query: dict[str, str]) -> TrainConfig:
    """The settings that `link` gave. Raises ValueError naming every unknown or invalid field."""
    texts = {field: text for field, text in query.items() if field != "preset"}
    return changed(preset(query.get("preset", "digits")), {f: from_text(f, text) for f, text in texts.items()})
