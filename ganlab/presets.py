"""Settings that show something, by name; each comment says what was measured of them."""

import dataclasses

from ganlab.config import TrainConfig

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
# Seeds 0 to 4 after 45 CPU seconds (bench/constraints.py), medians: W1 0.195 with the penalty, 0.208 with spectral norm
# and 0.227 with clipping; all 8 modes in every run.
_RING_ADAM = dataclasses.replace(
    _RING, optimizer="adam", beta1=0.0, beta2=0.9, critic_lr=1e-3, generator_lr=1e-3, n_critic=5, steps=1500
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
    # Gulrajani et al. 2017, Fig. 1a: real points plus N(0, 1) against 3 x 512, batch 256, c = 0.01, RMSprop 5e-5 for
    # 10,000 critic updates. After 4,500 of them the critic gave 0.0405 at the centres, 0.0407 between them on the ring
    # and 0.0386 at the origin: it sees none of the modes.
    "8-gaussians-paper": dataclasses.replace(
        _RING, width=512, n_critic=5, clip_range=(-0.01, 0.01), critic_lr=5e-5, generator="real-plus-noise"
    ),
    "8-gaussians-gradient-penalty": dataclasses.replace(_RING_ADAM, constraint="gradient-penalty", penalty=0.1),
    "8-gaussians-spectral-norm": dataclasses.replace(_RING_ADAM, constraint="spectral-norm"),
    # Seeds 0 to 2 after 75 CPU seconds: W1 1.23 to 1.26 times real to real, ten classes, coverage 0.54 to 0.58; with
    # clipping 1.35 to 1.39 and 0.29 to 0.35.
    "digits-gradient-penalty": TrainConfig(
        constraint="gradient-penalty",
        critic_norm="layer",
        optimizer="adam",
        beta1=0.0,
        beta2=0.9,
        n_critic=3,
        steps=900,
    ),
}
"""A dataset's own preset has the dataset's name."""
