"""Small settings, a trainer that counts instead of learning, and waiting for a condition."""

import base64
import json
import threading
import time
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import torch
from torch import nn

from ganlab.config import TrainConfig
from ganlab.gan.clipping import ClipReport, clip_

TINY = TrainConfig(
    dataset="8-gaussians",
    network="mlp",
    width=8,
    depth=1,
    latent_dim=2,
    batch_size=8,
    n_critic=2,
    steps=6,
    clip_range=(-0.1, 0.1),
    critic_lr=1e-2,
    generator_lr=1e-2,
    threads=1,
)
TINY_IMAGES = TrainConfig(width=4, latent_dim=4, batch_size=8, n_critic=2, steps=4, threads=1)


class CountingTrainer:
    """Has the methods of Trainer; a step only counts and clips. A test that clears `gate` holds it before a step."""

    def __init__(self, config: TrainConfig, announce: Callable[[str], None] = lambda _: None) -> None:
        announce("counting")
        self.config, self.device = config, torch.device("cpu")
        self.generator = nn.Linear(2, 2)
        self.critic = nn.Linear(2, 1)
        self.fixed_latents = torch.zeros(4, 2)
        self.dataset = SimpleNamespace(held_out=torch.zeros(4, 2))
        self.step_count = self.critic_step = 0
        self.newest_clip: ClipReport | None = None
        self.gate = threading.Event()
        self.gate.set()

    def step(self, before_update: Callable[[], None]) -> tuple[dict[str, float], object]:
        assert self.gate.wait(10)
        before_update()
        self.step_count += 1
        self.critic_step += 1
        report = self.newest_clip = clip_(self.critic.named_parameters(), self.config.clip_range)
        shares = {"clamped_share": report.clamped_share, "at_bound_share": report.at_bound_share}
        losses = dict.fromkeys(("critic_estimate", "critic_loss", "generator_loss"), 0.0)
        return losses | shares | self._counted(), report

    def _counted(self) -> dict[str, float]:
        low, high = self.config.clip_range
        return {"step": self.step_count, "critic_step": self.critic_step, "clip_low": low, "clip_high": high}

    def critic_weights(self) -> list[tuple[str, nn.Parameter]]:
        return list(self.critic.named_parameters())

    def state(self) -> dict[str, torch.Tensor]:
        return {"weights": self.critic.weight.detach()}

    def copies(self) -> tuple[nn.Module, nn.Module]:
        return self.generator, self.critic


def wait_until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until the condition holds; raise AssertionError if it does not in time."""
    deadline = time.monotonic() + seconds
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, "the condition did not hold in time"
        pause.wait(0.01)


def is_plain(figure: object) -> bool:
    """Whether a figure survives JSON unchanged and holds no null: one in a layout breaks Plotly.react."""
    return json.loads(text := json.dumps(figure, allow_nan=False)) == figure and "null" not in text


def unpacked(numbers: dict) -> np.ndarray:
    """The numbers that a figure holds packed, as base64 of 4-byte floats or of 2-byte counts of a unit."""
    if "counts" in numbers:
        counts = np.frombuffer(base64.b64decode(numbers["counts"]), "<i2")
        return counts.reshape(numbers["shape"]) * numbers["unit"]
    flat = np.frombuffer(base64.b64decode(numbers["bdata"]), "<f4")
    return flat.reshape([int(n) for n in numbers["shape"].split(",")]) if "shape" in numbers else flat
