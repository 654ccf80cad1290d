"""What `ganlab.watch` adds to a loop that nobody looks at: CPU time, as a share of the same loop with a plain clamp.

Steps with and without it alternate in one process, on the same networks; the clock of the watch stands still in those
without. The clamps, and the call after a step, are timed by themselves, for any two steps differ by more than these; so
is the thread that listens.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import ganlab
from ganlab.gan.building import initial
from ganlab.gan.training import set_up_torch
from ganlab.presets import PRESETS
from ganlab.runs.watch import Watch

WARM_UP = 60  # steps: those whose every moment is saved, and some more
PARTS = 5  # of the measurement, to see how far they differ


class Loop:
    """A loop as in the README, with networks, batches and updates per step of a preset."""

    def __init__(self, preset: str) -> None:
        self.config = PRESETS[preset]
        self.generator, self.critic = initial(self.config, torch.Generator().manual_seed(0))
        self._generator_optimizer, self._critic_optimizer = (
            torch.optim.RMSprop(network.parameters(), lr=5e-4) for network in (self.generator, self.critic)
        )
        self._real = torch.randn(self.config.batch_size, *self.config.shape)
        self._spent = 0.0  # CPU seconds

    def step(self, watch: Watch | None) -> tuple[float, float]:
        """CPU seconds of a step, and how many of them were spent on clamps and records."""
        began, self._spent = time.thread_time(), 0.0
        for _ in range(self.config.n_critic):
            estimate = self.critic(self._real).mean() - self.critic(self._fake().detach()).mean()
            self._critic_optimizer.zero_grad()
            (-estimate).backward()
            self._critic_optimizer.step()
            self._timed(lambda: watch.clip_(self.critic) if watch else self._clamp())
        loss = -self.critic(self._fake()).mean()
        self._generator_optimizer.zero_grad()
        loss.backward()
        self._generator_optimizer.step()
        estimate, loss = estimate.item(), loss.item()
        self._timed(lambda: watch and watch.step(critic_estimate=estimate, generator_loss=loss))
        return time.thread_time() - began, self._spent

    def _fake(self) -> Tensor:
        return self.generator(torch.randn(self.config.batch_size, self.config.latent_dim))

    @torch.no_grad()
    def _clamp(self) -> None:
        low, high = self.config.clip_range
        for parameter in self.critic.parameters():
            parameter.clamp_(low, high)

    def _timed(self, act: Callable[[], object]) -> None:
        began = time.thread_time()
        act()
        self._spent += time.thread_time() - began


def main(preset: str, seconds: float, path: Path) -> None:
    set_up_torch(threads=1)
    loop, z = Loop(preset), torch.randn(512, PRESETS[preset].latent_dim)
    networks = {"critic": loop.critic, "generator": loop.generator, "fixed_latents": z}
    with ganlab.watch(path, clip_range=loop.config.clip_range, **networks) as watch:
        for _ in range(WARM_UP):
            loop.step(watch)
        listening = time.pthread_getcpuclockid(watch._wire._thread.ident or 0)
        listened, wall = time.clock_gettime(listening), time.perf_counter()
        times = []
        while time.perf_counter() - wall < seconds:
            watch._clock.go(True)
            with_it = loop.step(watch)
            watch._clock.go(False)
            times.append((with_it, loop.step(None)))
        listens = (time.clock_gettime(listening) - listened) / (time.perf_counter() - wall)
    parts = [part.mean(axis=0) for part in np.array_split(np.array(times), PARTS)]  # [with or without, step or clamps]
    shares = [(with_it[1] - without[1]) / without[0] + listens for with_it, without in parts]
    (_, spent), (whole, clamps) = np.mean(times, axis=0)
    print(
        f"{preset}: {np.median(shares):.2%} more CPU time ({min(shares):.2%} to {max(shares):.2%} in fifths), "
        f"{len(times)} steps of {1e3 * whole:.1f} ms: {1e6 * spent:.0f} us instead of {1e6 * clamps:.0f}, "
        f"and listening {listens:.3%}"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--presets", nargs="+", default=["digits", "8-gaussians"])
    parser.add_argument("--seconds", type=float, default=30)
    options = parser.parse_args()
    for preset in options.presets:
        with tempfile.TemporaryDirectory() as folder:
            main(preset, options.seconds, Path(folder, "run"))
