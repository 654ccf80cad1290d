"""What a run is told to do. Knows nothing of tensors, threads, files or screens."""

import dataclasses
import math
import numbers
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

from ganlab import settings
from ganlab.settings import SEEDS, setting


class DatasetFacts(NamedTuple):
    """What is known of a dataset before it is loaded."""

    title: str
    kind: str  # what one sample is: "image" or "point"
    counted: str = ""  # what samples can be counted by: "modes", "classes" or nothing
    coloured: bool = False  # images of three channels


DATASETS = {
    "digits": DatasetFacts("digits", "image", "classes"),
    "mnist": DatasetFacts("MNIST", "image", "classes"),
    "fashion-mnist": DatasetFacts("Fashion-MNIST", "image", "classes"),
    "cifar10": DatasetFacts("CIFAR-10", "image", "classes", coloured=True),
    "images": DatasetFacts("my images", "image"),  # the user's own; the setting `colour` gives them their channels
    "8-gaussians": DatasetFacts("8 Gaussians", "point", "modes"),
    "25-gaussians": DatasetFacts("25 Gaussians", "point", "modes"),
    "swiss-roll": DatasetFacts("Swiss roll", "point"),
    "drawn": DatasetFacts("my points", "point"),  # the user's own
}
PREPARED_BY = ("dataset", "images", "image_size", "fit", "colour", "levels")  # decide what the user's own images become
MOST_STEPS = 10_000_000
LARGEST_INCLUDED = 64  # pixels a side of images that are not the user's own: these have 8 to 32 themselves
LEARNING_RATES = (1e-30, 1e30)  # the smallest and the largest; float32 ends near 3e38
FIXED_LATENT_DIM = 3  # of the fixed generator: one number picks a real point, two move it
BETAS = (0.0, 1 - 1e-6)
WARM_UP_UPDATES = 100  # critic updates in each step of the warm-up


def _clips(config: "TrainConfig") -> bool:
    return config.constraint == "clip"


def _of_adam(config: "TrainConfig") -> bool:
    return config.optimizer == "adam"


def _of_images(config: "TrainConfig") -> bool:
    return config.kind == "image"


def _of_own_images(config: "TrainConfig") -> bool:
    return config.dataset == "images"


def _of_dcgan(config: "TrainConfig") -> bool:
    return config.network == "dcgan"


def _trains_generator(config: "TrainConfig") -> bool:
    return not config.generator


def spare_cores() -> int:
    """How many CPU cores this process may use, less one kept for the browser and the page; at least 1."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores - 1)


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


@dataclass(frozen=True, kw_only=True)
class TrainConfig:
    """The settings of one run; equal settings give equal runs on a CPU.

    Raises ValueError, in one sentence that names the field, for a value that no run can use.
    """

    dataset: str = setting("digits", "Data", "What the generator learns to imitate.", choices=tuple(DATASETS))
    images: str = setting(
        "",
        "Images",
        "Which kept images to train on: the first 16 hex digits of the archive's SHA-256.",
        pattern=("|[0-9a-f]{16}", "the 16 hex digits that name kept images"),
        applies=_of_own_images,
    )
    pixels: str = setting(
        "",
        "Pixels",
        "Which pixels the images were decoded to: the SHA-256 of their file; empty before the first run.",
        pattern=("|[0-9a-f]{64}", "the 64 hex digits of a SHA-256"),
        applies=_of_own_images,
    )
    points: str = setting(
        "",
        "Points",
        "Which kept points to train on: the first 16 hex digits of their file's SHA-256.",
        pattern=("|[0-9a-f]{16}", "the 16 hex digits that name kept points"),
        applies=lambda config: config.dataset == "drawn",
    )
    image_size: int = setting(
        16,
        "Image size",
        "Images are resized to this many pixels a side; 128 is for your own images only. The paper used 64.",
        choices=(16, 28, 32, 64, 128),
        applies=_of_images,
    )
    fit: str = setting(
        "stretch",
        "Make them square",
        "Stretch both sides, as Resize((s, s)) does, or crop the middle, as the authors' code does.",
        choices=("stretch", "crop"),
        applies=_of_own_images,
    )
    colour: str = setting(
        "rgb", "Colour", "Three channels or one. The paper used three.", choices=("rgb", "grey"), applies=_of_own_images
    )
    levels: str = setting(
        "stored",
        "Levels",
        "Keep the files' brightness, or stretch it: the set's darkest value becomes black, its brightest white.",
        choices=("stored", "stretched"),
        applies=_of_own_images,
    )
    train_images: int = setting(
        0,
        "Training images",
        "Train on this many images of the training part, 0 for all. Gulrajani et al. 2017 showed with 1,000 that a "
        "critic overfits.",
        bounds=(0, 10_000_000),
        applies=_of_images,
    )
    network: str = setting(
        "dcgan",
        "Network",
        "Convolutions (dcgan, for images) or linear layers (mlp). The paper used both, mostly DCGAN.",
        choices=("dcgan", "mlp"),
        applies=_of_images,
    )
    width: int = setting(
        32,
        "Width",
        "Channels of the critic's first layer, or units of an MLP layer. The paper used 64 and 512.",
        bounds=(1, 1024),
    )
    depth: int = setting(
        3,
        "Depth",
        "Hidden layers of an MLP; a DCGAN takes its depth from the image size. The paper's MLP had 4.",
        bounds=(1, 32),
        applies=lambda config: config.network == "mlp",
    )
    critic_norm: str = setting(
        "batch",
        "Critic's norm",
        "Between the convolutions of the critic: batch norm as in the paper, layer norm, or none. An MLP has none.",
        choices=("batch", "layer", "none"),
        applies=_of_dcgan,
    )
    latent_dim: int = setting(
        64,
        "Latent dimension",
        "How many random numbers make one sample. The authors' code uses 100.",
        bounds=(1, 1024),
        applies=_trains_generator,
    )
    generator: str = setting(
        "",
        "Generator",
        "Trained or, for points, fixed: real points plus normal noise, as in Gulrajani et al. 2017, Fig. 1a.",
        choices=("", "real-plus-noise"),
        applies=lambda config: config.kind == "point",
    )
    noise_sd: float = setting(
        1.0,
        "Noise",
        "Standard deviation of the noise along each axis, in the data's own units. Gulrajani et al. used 1.",
        bounds=(0.0, 100.0),
        applies=lambda config: not _trains_generator(config),
    )
    objective: str = setting(
        "wasserstein",
        "Objective",
        "What the critic maximises: E critic(real) - E critic(generated), as in the paper; the log-likelihood of a "
        "classifier, non-saturating for the generator (Goodfellow et al. 2014); or hinge.",
        choices=("wasserstein", "non-saturating", "hinge"),
    )
    constraint: str = setting(
        "clip",
        "Constraint",
        "What keeps the critic from being too steep: the paper's weight clipping, a gradient penalty (Gulrajani et al. "
        "2017), spectral norm (Miyato et al. 2018), or nothing.",
        choices=("clip", "gradient-penalty", "spectral-norm", "none"),
    )
    optimizer: str = setting(
        "rmsprop",
        "Optimiser",
        "The paper uses RMSprop and warns that momentum, as in Adam, can make training unstable.",
        choices=("rmsprop", "adam"),
    )
    beta1: float = setting(
        0.5,
        "β₁",
        "Adam's average of past gradients, its momentum. Gulrajani et al. 2017 used 0 or 0.5.",
        bounds=BETAS,
        applies=_of_adam,
    )
    beta2: float = setting(
        0.999,
        "β₂",
        "Adam's average of past squared gradients. Gulrajani et al. 2017 used 0.9.",
        bounds=BETAS,
        applies=_of_adam,
    )
    critic_lr: float = setting(
        5e-4, "Critic learning rate", "Step size of the critic. The paper used 5e-5.", bounds=LEARNING_RATES
    )
    generator_lr: float = setting(
        5e-4,
        "Generator learning rate",
        "Step size of the generator. The paper used 5e-5.",
        bounds=LEARNING_RATES,
        applies=_trains_generator,
    )
    batch_size: int = setting(
        64, "Batch size", "Real samples in an update, and as many generated ones. The paper used 64.", bounds=(2, 4096)
    )
    n_critic: int = setting(
        5,
        "Critic updates per step",
        "How many times the critic is updated before the generator is. The paper used 5.",
        bounds=(1, 1000),
    )
    warm_up: int = setting(
        0,
        "Critic warm-up",
        "How many of the first steps make 100 critic updates each. The authors' code does so for 25.",
        bounds=(0, 10_000),
    )
    clip_range: tuple[float, float] = setting(
        (-0.01, 0.01),
        "Clip range",
        "Low and high: every critic weight is clamped into this range after each critic update. "
        "The paper used -0.01 to 0.01.",
        check=checked_clip_range,
        applies=_clips,
    )
    clip_order: str = setting(
        "after",
        "Clamp",
        "After the optimiser's step, as in the paper, or before it, as in the authors' code: then the generator learns "
        "from weights that are not clamped.",
        choices=("after", "before"),
        applies=_clips,
    )
    clip_scope: str = setting(
        "all",
        "Clamped",
        "All parameters, as in the paper; the weights without biases; or all but those of batch and layer norm.",
        choices=("all", "weights", "no-norm"),
        applies=_clips,
    )
    clip_scale: str = setting(
        "same",
        "Range of each layer",
        "The clip range is the same for all layers, or multiplied in each by 1 / sqrt(fan-in) (Elsayed et al. 2024) or "
        "by sqrt(2 / fan-in), with which ReLU layers keep a gradient's size at ±1.",
        choices=("same", "fan-in", "gain"),
        applies=_clips,
    )
    penalty: float = setting(
        10.0,
        "Penalty",
        "How strongly the critic's slope is pulled to 1 between real and generated samples. Gulrajani et al. 2017 used "
        "10, and in their code 0.1 for points.",
        bounds=(0.0, 1e6),
        applies=lambda config: config.constraint == "gradient-penalty",
    )
    steps: int = setting(
        1500,
        "Total steps",
        "Generator updates until the run ends by itself. The authors' code runs 25 epochs.",
        bounds=(1, MOST_STEPS),
    )
    seed: int = setting(
        0,
        "Seed",
        "Equal seeds give equal runs on the same CPU and threads. The authors' code draws one at random.",
        bounds=SEEDS,
    )
    looking_seed: str = setting(
        "derived",
        "Seed of fixed latents",
        "The random stream of the fixed latents: derived from the seed, or the same as training's, as in runs "
        "from before version 0.2.",
        choices=("derived", "same"),
    )
    threads: int = setting(
        spare_cores,
        "Threads",
        "CPU threads of this run; leave one core to the browser. The paper names no number.",
        bounds=(1, 1024),
    )
    device: str = setting(
        "auto",
        "Device",
        "auto takes an accelerator for images if there is one, else the CPU. The authors used a GPU.",
        choices=("auto", "cpu", "accelerator"),
    )

    unknown: ClassVar[frozenset[str]] = frozenset()  # fields that say nothing of the run

    def __post_init__(self) -> None:
        settings.check_all(self)
        if self.network == "dcgan" and self.kind == "point":
            raise ValueError(f"dataset {self.dataset} holds 2-D points, which need network mlp, not dcgan.")
        if self.image_size > LARGEST_INCLUDED and self.dataset != "images":
            raise ValueError(f"image_size can be at most {LARGEST_INCLUDED} for dataset {self.dataset}.")
        if self.network == "dcgan":
            self._check_critic_norm()
        if self.generator:
            if self.kind == "image":
                raise ValueError(f"generator {self.generator} is for 2-D points, not for images: leave it out.")
            object.__setattr__(self, "latent_dim", FIXED_LATENT_DIM)

    def _check_critic_norm(self) -> None:
        if self.constraint == "gradient-penalty" and self.critic_norm == "batch":
            raise ValueError(
                "constraint gradient-penalty needs critic_norm layer or none: with batch norm a score depends on the "
                "whole batch, so its slope at one sample is undefined."
            )
        if self.constraint == "spectral-norm" and self.critic_norm != "none":
            raise ValueError(
                "constraint spectral-norm needs critic_norm none: a norm after a layer undoes what scales its weights."
            )

    @property
    def kind(self) -> str:
        return DATASETS[self.dataset].kind

    @property
    def has_spectral_norm(self) -> bool:
        """Whether the critic's layers divide their weights by their norm: then the critic is another network."""
        return self.constraint == "spectral-norm"

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one sample: (c, h, w) or (2,)."""
        if self.kind == "point":
            return (2,)
        coloured = self.colour == "rgb" if self.dataset == "images" else DATASETS[self.dataset].coloured
        return (3 if coloured else 1, self.image_size, self.image_size)

    def as_dict(self) -> dict[str, Any]:
        """The settings as JSON-ready values."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: Any) -> "TrainConfig":
        """The settings that `as_dict` gave, even in an earlier version. Raises ValueError as `changed` does."""
        if not isinstance(values, dict):
            raise ValueError("Settings are an object with a value for each field.")
        return changed(cls(), {"looking_seed": "same"} | values)


def changed(config: TrainConfig, values: Mapping[str, Any]) -> TrainConfig:
    """The settings with some fields replaced. Raises ValueError naming every unknown or bad field.

    If the pixels would come out differently, `pixels` is emptied.
    """
    if problems := settings.problems(TrainConfig, values):
        raise ValueError(" ".join(problems))
    if any(values.get(field, getattr(config, field)) != getattr(config, field) for field in PREPARED_BY):
        values = {"pixels": ""} | dict(values)
    return dataclasses.replace(config, **values)
