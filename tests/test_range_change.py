"""What a run keeps of a change of its clip range, against trainers that are replayed to that moment."""

import dataclasses
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from records import assert_equal
from stubs import TINY, TINY_IMAGES

from ganlab.config import TrainConfig
from ganlab.data import datasets, images
from ganlab.gan import sampling
from ganlab.gan.clipping import ClipReport
from ganlab.gan.training import Trainer, copied
from ganlab.measure.reading import READINGS, Reading, look
from ganlab.runs import loop, range_change, run_here
from ganlab.runs.disk.folder import RunFolder
from ganlab.runs.look_budget import LookBudget
from ganlab.runs.mailbox import Mailbox
from ganlab.runs.snapshot import Snapshot
from ganlab.runs.training_run import TrainingRun

WHICH = frozenset({"gradients", "lipschitz"})
CONFIGS = [dataclasses.replace(config, steps=16) for config in (TINY, TINY_IMAGES)]
BOTH = pytest.mark.parametrize("config", CONFIGS, ids=["points", "images"])
TIGHT = (-0.004, 0.003)
MID_STEP = 7  # critic updates: in the middle of the fourth step


class Rich(LookBudget):
    """Affords every look that a change asks for, and makes no other."""

    def is_due(self) -> bool:
        return False

    def affords_one(self, for_user: bool = False) -> bool:
        return for_user


@pytest.fixture(autouse=True)
def rich(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop, "LookBudget", Rich)


def steered(
    path: Path, config: TrainConfig, changes: dict[int, tuple[float, float]], which: frozenset[str]
) -> Snapshot:
    """The end of a run whose clip range is changed after so many critic updates."""
    return steered_by(path, config, {at: {"clip_range": wanted} for at, wanted in changes.items()}, which)


def steered_by(path: Path, config: TrainConfig, changes: dict[int, dict], which: frozenset[str]) -> Snapshot:
    class Steered(Trainer):
        def step(self, before_update: object) -> tuple:
            def steer() -> None:
                if self.critic_step in changes:
                    run.change(**changes[self.critic_step])
                before_update()

            return super().step(steer)

    run = TrainingRun(RunFolder(path, config), lambda c, _: Steered(c, datasets.load(c)), instruments=which)
    return run.run()


def replayed(config: TrainConfig, critic_steps: int) -> Trainer:
    """A trainer that has made so many critic updates, with no loop, look or change."""
    trainer = Trainer(config)
    while trainer.critic_step < critic_steps:
        trainer.critic_update()
        if trainer.critic_step % config.n_critic == 0:
            trainer.generator_update()
            trainer.step_count += 1
    return trainer


@BOTH
def test_the_fold_is_the_first_clamp_under_the_new_range(config: TrainConfig, tmp_path: Path) -> None:
    change = steered(tmp_path / "r", config, {MID_STEP: TIGHT}, frozenset()).change
    trainer = replayed(config, MID_STEP)
    samples = sampling.generate(copied(trainer.generator), trainer.fixed_latents).numpy()
    assert np.array_equal(change.samples, images.shown(samples))
    trainer.config = dataclasses.replace(config, clip_range=TIGHT)
    _, _, clip = trainer.critic_update()
    assert isinstance(clip, ClipReport)
    assert (change.former.clip_range, change.config.clip_range) == (config.clip_range, TIGHT)
    assert (change.before, change.step, change.critic_step) == (3, 3, MID_STEP)
    assert change.reading is None
    outside = [int(((part < TIGHT[0]) | (part > TIGHT[1])).sum()) for part in clip.per_layer(clip.before)]
    assert [layer.before_counts.outside for layer in change.fold] == outside
    assert sum(outside) > 0
    first = change.fold[0]
    low, high = torch.tensor(TIGHT)
    weights = clip.per_layer(clip.before)[0]
    free = weights[(weights != low) & (weights != high)].double().numpy()
    assert first.before.tolist() == np.histogram(free.clip(first.edges[0], first.edges[-1]), first.edges)[0].tolist()
    assert -first.edges[0] >= 1.2 * max(config.clip_range) * (1 - 1e-6)  # room for the former range too


@BOTH
def test_looks_around_a_change_see_the_networks_of_that_moment_and_change_nothing(
    config: TrainConfig, tmp_path: Path
) -> None:
    watched = steered(tmp_path / "on", config, {9: (-0.02, 0.02), 27: TIGHT}, WHICH)
    steered(tmp_path / "off", config, {9: (-0.02, 0.02), 27: TIGHT}, frozenset())
    assert_equal(tmp_path / "on", tmp_path / "off")
    # The first look of a run is never made for a change. Then: 5 steps after each, and before the second.
    steps = watched.readings[:, READINGS.index("step")].tolist()
    assert steps == sorted(steps)
    assert watched.change.reading is not None
    at = watched.change.reading.step
    assert 0 <= 13 - at <= 10
    trainer = replayed(config, 9)
    trainer.config = dataclasses.replace(config, clip_range=(-0.02, 0.02))
    while trainer.step_count < at:
        trainer.critic_update()
        if trainer.critic_step % config.n_critic == 0:
            trainer.generator_update()
            trainer.step_count += 1
    reading = look(trainer.critic, trainer.generator, trainer.dataset, trainer.config, which=WHICH, step=at)
    row = watched.readings[steps.index(at)]
    assert row[READINGS.index("largest_gradient")] == reading.lipschitz.largest


def test_changes_close_together_are_compared_as_one_and_there_and_back_as_none(tmp_path: Path) -> None:
    config = CONFIGS[0]
    grouped = steered(tmp_path / "a", config, {4: (-0.05, 0.05), 5: (-0.02, 0.02)}, frozenset()).change
    assert (grouped.former.clip_range, grouped.config.clip_range) == ((-0.1, 0.1), (-0.02, 0.02))
    assert (grouped.before, grouped.step, grouped.critic_step) == (2, 2, 5)
    assert grouped.fold[0].clip_range == (-0.02, 0.02)
    assert steered(tmp_path / "b", config, {4: (-0.05, 0.05), 5: (-0.1, 0.1)}, frozenset()).change is None


def test_a_look_at_a_range_that_was_left_again_is_no_baseline(tmp_path: Path) -> None:
    """0.05 is looked at in step 7 and left after step 8, as if it had never been; the next change is after step 10."""
    changes = {4: (-0.05, 0.05), 17: CONFIGS[0].clip_range, 21: TIGHT}
    change = steered(tmp_path / "r", CONFIGS[0], changes, WHICH).change
    assert (change.former.clip_range, change.reading.step) == (CONFIGS[0].clip_range, 10)


def test_a_change_of_constraint_is_looked_at_on_both_sides_like_one_of_the_range(tmp_path: Path) -> None:
    config = CONFIGS[0]
    let_go = {21: {"constraint": "gradient-penalty", "penalty": 0.1}}
    watched = steered_by(tmp_path / "on", config, let_go, WHICH)
    steered_by(tmp_path / "off", config, let_go, frozenset())
    assert_equal(tmp_path / "on", tmp_path / "off")
    change = watched.change
    assert [one.constraint for one in (change.former, change.config)] == ["clip", "gradient-penalty"]
    assert (change.before, change.step, change.critic_step, change.fold) == (10, 10, 21, ())
    steps = watched.readings[:, READINGS.index("step")].tolist()
    assert (change.reading.step, steps) == (10, [10, 15, 16])
    trainer = replayed(config, 21)
    then = look(trainer.critic, trainer.generator, trainer.dataset, config, which=WHICH, step=10)
    assert change.reading.lipschitz == then.lipschitz


def test_what_a_change_did_is_shown_before_the_look_at_what_was_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[object] = []

    class Noted(Mailbox):
        def publish(self, snapshot: Snapshot) -> None:
            events.append(snapshot.weights and snapshot.weights[0].clip_range)
            super().publish(snapshot)

    def noted(*args: object, step: int, **options: object) -> Reading:
        events.append(step)
        return look(*args, step=step, **options)

    monkeypatch.setattr(run_here, "Mailbox", Noted)
    monkeypatch.setattr(loop.readings, "look", noted)
    change = steered(tmp_path / "r", CONFIGS[0], {21: TIGHT}, WHICH).change
    assert events[events.index(10) - 1] == TIGHT
    assert change.reading.step == 10


def test_a_change_that_is_measured_late_is_compared_as_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0

    def slow(*args: object, **options: object) -> Reading:
        nonlocal now
        now += 15.0
        return look(*args, **options)

    monkeypatch.setattr(range_change, "time", SimpleNamespace(monotonic=lambda: now))
    monkeypatch.setattr(loop.readings, "look", slow)
    assert steered(tmp_path / "off", CONFIGS[0], {21: TIGHT}, frozenset()).change.left == 20
    change = steered(tmp_path / "on", CONFIGS[0], {21: TIGHT}, WHICH).change
    assert change.age == 45  # after looks at what was before, at what the change did, and at the end
    assert change.left == 5


def test_changes_of_several_settings_are_one_and_a_setting_without_effect_is_none(tmp_path: Path) -> None:
    config = CONFIGS[0]
    back = {4: {"constraint": "none"}, 8: {"constraint": "clip", "clip_range": (-0.02, 0.02)}}
    change = steered_by(tmp_path / "a", config, back, frozenset()).change
    assert (change.former.clip_range, change.config.clip_range) == ((-0.1, 0.1), (-0.02, 0.02))
    assert change.fold[0].clip_range == (-0.02, 0.02)
    assert steered_by(tmp_path / "b", config, {4: {"penalty": 3.0}}, frozenset()).change is None
    order = steered_by(tmp_path / "c", config, {4: {"clip_order": "before"}}, frozenset()).change
    assert (order.former.clip_order, order.config.clip_order) == ("after", "before")
