"""What holds a critic best: clipping, the gradient penalty or spectral norm, each for the same CPU seconds.

`python bench/constraints.py [SEEDS]`, by default 5. Prints one line per run: steps made, exact W1 over that of real
samples, modes or classes found, fidelity (with that of real samples in brackets); then the medians.
"""

import dataclasses
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np

from ganlab.config import TrainConfig, spare_cores
from ganlab.gan.training import Trainer, set_up_torch
from ganlab.measure.fidelity import Scores
from ganlab.measure.reading import READINGS, look, row
from ganlab.presets import PRESETS

SECONDS = {"8-gaussians": 45.0, "digits": 75.0}
BY_PENALTY = PRESETS["digits-gradient-penalty"]
RUNS = {
    "8-gaussians": PRESETS["8-gaussians"],
    "8-gaussians-gradient-penalty": PRESETS["8-gaussians-gradient-penalty"],
    "8-gaussians-spectral-norm": PRESETS["8-gaussians-spectral-norm"],
    "digits": PRESETS["digits"],
    "digits-gradient-penalty": BY_PENALTY,
    "digits, spectral norm": dataclasses.replace(BY_PENALTY, constraint="spectral-norm", critic_norm="none"),
}
WHICH = frozenset({"distances", "coverage", "fidelity"})


def trained(config: TrainConfig, seed: int) -> dict[str, float]:
    """The columns of a look after as many CPU seconds as the data's runs get."""
    set_up_torch(1)
    trainer = Trainer(dataclasses.replace(config, seed=seed, threads=1))
    began = time.thread_time()
    while time.thread_time() - began < SECONDS[config.dataset]:
        trainer.step()
    subject = trainer.critic, trainer.generator, trainer.dataset, trainer.config
    return row(look(*subject, which=WHICH, step=trainer.step_count))


def written(columns: dict[str, float]) -> str:
    distance = columns["w1"] / columns["real_to_real"]
    text = f"step {columns['step']:,.0f}, W1 {columns['w1']:.3f}, {distance:.2f} times real to real"
    text += f", {columns['modes'] - columns['modes_missing']:.0f} of {columns['modes']:.0f} found"
    scores = (f"{name} {columns[name]:.2f} ({columns[f'{name}_real']:.2f})" for name in Scores._fields)
    return ", ".join([text, *scores])


if __name__ == "__main__":
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with ProcessPoolExecutor(spare_cores()) as pool:
        for name, config in RUNS.items():
            looks = []
            for seed, columns in enumerate(pool.map(partial(trained, config), range(seeds))):
                looks.append(columns)
                print(f"{name}, seed {seed}: {written(columns)}", flush=True)
            median = {column: float(np.median([columns[column] for columns in looks])) for column in READINGS}
            print(f"{name}, median of {seeds}: {written(median)}", flush=True)
