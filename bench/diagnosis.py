"""Trains until each rule of the diagnosis has fired once: `python bench/diagnosis.py`. Three minutes on one core.

Prints a line for each: the settings that differ from a preset, the seed, the step at which the rule fired, and its
sentence. The presets themselves must have no finding after a while.
"""

import dataclasses
import sys
from collections.abc import Iterator
from typing import Any

import torch

from ganlab.config import PRESETS
from ganlab.data import image_sets
from ganlab.data.dataset import Dataset
from ganlab.gan.training import Trainer, set_up_torch
from ganlab.measure.reading import INSTRUMENTS, look
from ganlab.runs.diagnosis import Finding, diagnose
from ganlab.runs.history import HistoryWriter

EVERY = 20  # steps
WHICH = INSTRUMENTS - {"spectra", "plane"}
ARJOVSKY = {"clip_range": (-0.01, 0.01), "critic_lr": 5e-5, "generator_lr": 5e-5}
SMALL_SET = {"clip_range": (-0.05, 0.05), "critic_lr": 1e-3, "generator_lr": 1e-3, "batch_size": 32}
Case = tuple[str, dict[str, Any], int | None, int]
"""A preset, settings that differ from it, the number of training images (None: all), and the most steps."""
CASES: dict[str, Case] = {
    "exactly at a bound": ("8-gaussians", ARJOVSKY, None, 100),
    "the optimiser's eps": ("8-gaussians", {"depth": 12, "clip_range": (-0.001, 0.001)}, None, 20),
    "shrinks": ("8-gaussians", ARJOVSKY, None, 100),
    "-fold in all": ("8-gaussians", {"clip_range": (-1.0, 1.0)}, None, 200),
    "oscillates": ("8-gaussians", {"clip_range": (-1.0, 1.0)}, None, 300),
    "far from optimal": ("8-gaussians", {"generator_lr": 2e-2}, None, 300),
    "momentum": ("8-gaussians", {"optimizer": "adam"}, None, 20),
    "of 8 modes": ("8-gaussians", {"n_critic": 1, "critic_lr": 2e-4}, None, 200),
    "has overfitted": ("digits", SMALL_SET, 20, 200),
    "copies": ("digits", SMALL_SET, 5, 600),
}
"""Keyed by words from the rule's sentence."""
HEALTHY = {"digits": 160, "8-gaussians": 300, "25-gaussians": 300, "swiss-roll": 300}
"""Presets that must have no finding, and after how many steps."""


def with_few(n: int) -> Dataset:
    """The digits with only n training images."""
    data = image_sets.digits()
    kept = data.train[:n]

    def sample(count: int, rng: torch.Generator) -> torch.Tensor:
        return data.images[kept[torch.randint(n, (count,), generator=rng)]]

    return dataclasses.replace(data, sample=sample, train=kept)


def findings(preset: str, settings: dict[str, Any], few: int | None, steps: int) -> Iterator[tuple[int, list[Finding]]]:
    """Train, and yield the step and the findings of the diagnosis every 20 steps."""
    config = dataclasses.replace(PRESETS[preset], threads=1, **settings)
    trainer = Trainer(config, with_few(few) if few else None)
    history, reading = HistoryWriter(), None
    for step in range(1, steps + 1):
        row, report = trainer.step()
        history.append(row | {"seconds": 0.0}, report.layers, report.layer_counts)
        if step % EVERY == 0:
            subject = trainer.critic, trainer.generator, trainer.dataset, config
            reading = look(*subject, which=WHICH, step=step, earlier=reading)
            yield step, diagnose(reading, history.view(), config)


def first_with(words: str, case: Case) -> tuple[int, str]:
    """The step of the first finding with these words, and its sentence; the last step and "" if there is none."""
    for step, current in findings(*case):
        for finding in current:
            if words in finding.sentence:
                return step, finding.sentence
    return case[-1], ""


def main() -> int:
    """The number of rules that did not fire plus that of presets with a finding."""
    failed = 0
    for words, case in CASES.items():
        preset, settings, few, _ = case
        step, sentence = first_with(words, case)
        differences = [f"{name}={value}" for name, value in settings.items()] + ([f"{few} images"] if few else [])
        result = sentence or f"NO FINDING with “{words}”"
        print(f"{preset}, {' '.join(differences)}, seed 0, step {step}: {result}", flush=True)
        failed += not sentence
    for preset, steps in HEALTHY.items():
        *_, (step, last) = findings(preset, {}, None, steps)
        sentences = " ".join(finding.sentence for finding in last)
        print(f"{preset}, seed 0, step {step}: {sentences or 'no finding, as it should be'}", flush=True)
        failed += bool(last)
    return failed


if __name__ == "__main__":
    set_up_torch(1)
    sys.exit(main())
