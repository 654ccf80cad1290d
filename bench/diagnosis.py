"""Every rule of the diagnosis once for real: `python tests/bench_diagnosis.py` trains until each is told.

A line for each: the settings that differ from a preset, the seed, the step at which the rule spoke, and its sentence.
The presets themselves must be without a finding after a while. Three minutes on one core.
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
from ganlab.measure.instruments import INSTRUMENTS, look
from ganlab.runs.diagnosis import Finding, diagnose
from ganlab.runs.history import HistoryWriter

EVERY = 20  # steps
WHICH = INSTRUMENTS - {"spectra", "plane"}
ARJOVSKY = {"clip_range": (-0.01, 0.01), "critic_lr": 5e-5, "generator_lr": 5e-5}
FEW_DIGITS = {"clip_range": (-0.05, 0.05), "critic_lr": 1e-3, "generator_lr": 1e-3, "batch_size": 32}
Case = tuple[str, dict[str, Any], int | None, int]
"""A preset, what differs from it, how many training images (None: all), and steps at most."""
CASES: dict[str, Case] = {
    "exactly on a bound": ("8-gaussians", ARJOVSKY, None, 100),
    "the optimiser's eps": ("8-gaussians", {"depth": 12, "clip_range": (-0.001, 0.001)}, None, 20),
    "shrinks": ("8-gaussians", ARJOVSKY, None, 100),
    "-fold in all": ("8-gaussians", {"clip_range": (-1.0, 1.0)}, None, 200),
    "swings": ("8-gaussians", {"clip_range": (-1.0, 1.0)}, None, 300),
    "far from optimal": ("8-gaussians", {"generator_lr": 2e-2}, None, 300),
    "momentum": ("8-gaussians", {"optimizer": "adam"}, None, 20),
    "of 8 modes": ("8-gaussians", {"n_critic": 1, "critic_lr": 2e-4}, None, 200),
    "knows its training samples": ("digits", FEW_DIGITS, 20, 200),
    "copies": ("digits", FEW_DIGITS, 5, 600),
}
"""By words of the rule."""
HEALTHY = {"digits": 160, "8-gaussians": 300, "25-gaussians": 300, "swiss-roll": 300}
"""Presets, and after how many steps."""


def with_few(n: int) -> Dataset:
    """The digits, all but n of their training images left out."""
    data = image_sets.digits()
    kept = data.train[:n]

    def sample(count: int, rng: torch.Generator) -> torch.Tensor:
        return data.images[kept[torch.randint(n, (count,), generator=rng)]]

    return dataclasses.replace(data, sample=sample, train=kept)


def findings(
    preset: str, different: dict[str, Any], few: int | None, steps: int
) -> Iterator[tuple[int, list[Finding]]]:
    """Train, and every 20 steps tell the step and what the diagnosis says."""
    config = dataclasses.replace(PRESETS[preset], threads=1, **different)
    trainer = Trainer(config, with_few(few) if few else None)
    history, reading = HistoryWriter(), None
    for step in range(1, steps + 1):
        row, report = trainer.step()
        history.append(row | {"seconds": 0.0}, report.layers, report.layer_counts)
        if step % EVERY == 0:
            seen = trainer.critic, trainer.generator, trainer.dataset, config
            reading = look(*seen, which=WHICH, step=step, before=reading)
            yield step, diagnose(reading, history.view(), config)


def told_at(words: str, case: Case) -> tuple[int, str]:
    """The step at which a finding with these words comes first, and its sentence."""
    for step, found in findings(*case):
        for finding in found:
            if words in finding.sentence:
                return step, finding.sentence
    return case[-1], ""


def main() -> int:
    """How many rules stayed silent, or spoke where they should not."""
    failed = 0
    for words, case in CASES.items():
        preset, different, few, _ = case
        step, sentence = told_at(words, case)
        told = " ".join([f"{name}={value}" for name, value in different.items()] + ([f"{few} images"] if few else []))
        print(f"{preset}, {told}, seed 0, step {step}: {sentence or f'NOTHING about “{words}”'}", flush=True)
        failed += not sentence
    for preset, steps in HEALTHY.items():
        *_, (step, found) = findings(preset, {}, None, steps)
        said = " ".join(finding.sentence for finding in found)
        print(f"{preset}, seed 0, step {step}: {said or 'nothing is wrong, rightly'}", flush=True)
        failed += bool(found)
    return failed


if __name__ == "__main__":
    set_up_torch(1)
    sys.exit(main())
