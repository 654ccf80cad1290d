"""What the three things to try on Train do: `PYTHONPATH=. python bench/tries.py`. Ten minutes on two cores.

For five seeds of the digits and of 8 Gaussians, after 200 steps: the steepest slope, the estimate and the share of
weights at a bound, just before the change and as far after it as the page compares. One line per run, with ratios.
"""

import dataclasses

import numpy as np

from ganlab.gan.training import Trainer
from ganlab.measure.reading import look
from ganlab.presets import PRESETS
from ganlab.ui.train.tries import tries_of

BEFORE, AFTER, SEEDS = 200, 25, range(5)
SLOPE = frozenset({"lipschitz"})


def measured(trainer: Trainer, rows: list[dict[str, float]]) -> tuple[float, float, float]:
    """The slope now, and the medians of the estimate and of the share at a bound over these steps."""
    reading = look(
        trainer.critic, trainer.generator, trainer.dataset, trainer.config, which=SLOPE, step=trainer.step_count
    )
    medians = (float(np.median([row[name] for row in rows])) for name in ("critic_estimate", "at_bound_share"))
    return reading.lipschitz.largest, *medians


def main() -> None:
    for preset in ("digits", "8-gaussians"):
        for one in tries_of(PRESETS[preset]):
            for seed in SEEDS:
                trainer = Trainer(dataclasses.replace(PRESETS[preset], seed=seed, threads=1))
                rows = [trainer.step()[0] for _ in range(BEFORE)]
                was = measured(trainer, rows[-AFTER:])
                trainer.config = dataclasses.replace(trainer.config, **one.values)
                now = measured(trainer, [trainer.step()[0] for _ in range(AFTER)])
                slope, estimate = (after / before for before, after in zip(was[:2], now[:2], strict=True))
                print(
                    f"{preset:12} seed {seed} {one.label:32} slope x {slope:<10.3g} estimate x {estimate:<10.3g} "
                    f"at a bound {was[2]:.2f} -> {now[2]:.2f}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
