"""The one training loop of the project. Knows no thread: it runs in whichever calls it."""

import copy
import dataclasses
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from ganlab.config import TrainConfig
from ganlab.data import images
from ganlab.gan import sampling
from ganlab.gan.clipping import ClipReport, UpdateReport, flat
from ganlab.gan.holding import changed_live, holding
from ganlab.gan.training import Trainer, copied
from ganlab.measure import reading as readings
from ganlab.measure.reading import INSTRUMENTS, Broken, GivenUp, Reading
from ganlab.runs.disk.moments import Moment
from ganlab.runs.history import Change
from ganlab.runs.look_budget import FIRST, LookBudget
from ganlab.runs.mailbox import Command, Mailbox
from ganlab.runs.range_change import HELD, RangeChanges
from ganlab.runs.recorder import Recorder
from ganlab.runs.snapshot import Snapshot, Status
from ganlab.runs.stopwatch import Stopwatch

PUBLISH_EVERY = 0.45  # seconds; the page looks every 0.5
RECENT_LOOK = 10  # steps: an older look is too old to compare a change with
LAST_LOOK = "the instruments take their last look"


class Networks(NamedTuple):
    """What the instruments look at: both networks at one step, and what held the critic."""

    critic: nn.Sequential
    generator: nn.Sequential
    config: TrainConfig
    step: int


class Loop:
    """What only the run's thread touches: the trainer, and what is known of it so far."""

    def __init__(self, mailbox: Mailbox, recorder: Recorder, trainer: Trainer) -> None:
        self._mailbox, self._recorder, self._trainer = mailbox, recorder, trainer
        self._status = Status.RUNNING
        self._report: ClipReport | None = None
        self._reading: Reading | None = None
        self._range_since = -1  # the step after which changed last what holds the critic
        self._range_changes = RangeChanges()
        self._kept: Networks | None = None  # copies from before a change, to be looked at once it is shown
        self._start: Tensor | None = None  # the critic's weights before its last update, while paused
        self._updates = 0  # of the critic in the last step
        self._budget = LookBudget()
        self._clock = Stopwatch(mailbox.latest.seconds)
        self._real = images.shown(trainer.dataset.held_out[: len(trainer.fixed_latents)].numpy())

    def run(self) -> Snapshot:
        """Obey commands and step until the last step or a stop; returns the last snapshot, not yet published."""
        self._recorder.save_real(self._real)
        self._enter(Status.RUNNING)
        while self._trainer.step_count < self._trainer.config.steps:
            command = self._mailbox.next(wait=self._status is Status.PAUSED)
            if command in (Command.STOP, Command.QUIT):
                return self._end(Status.STOPPED, quickly=command is Command.QUIT)
            if command is Command.PAUSE:
                self._enter(Status.PAUSED)
            elif command is Command.RESUME:
                self._enter(Status.RUNNING)
            elif command is Command.CHANGE:
                self._apply_changes()
                if self._status is Status.PAUSED:
                    self._publish()
            elif command is None or self._status is Status.PAUSED:
                self._step()
        return self._end(Status.FINISHED)

    def record(self) -> dict[str, Any]:
        """What is known at any moment, also between snapshots, as fields of Snapshot."""
        return {
            "config": self._trainer.config,
            "changes": tuple(self._recorder.changes),
            "history": self._recorder.history.view(),
            "reading": self._reading,
            "readings": self._recorder.readings,
            "instruments": self._mailbox.instruments,
            "instruments_share": self._budget.share,
        }

    def _enter(self, status: Status) -> None:
        self._status, self._start = status, None
        self._clock.go(status is Status.RUNNING)
        self._mailbox.idle.clear()
        self._publish()
        if status is Status.PAUSED:
            if self._look_if_quick():
                self._publish()
            self._recorder.save_checkpoint(self._mailbox.latest, self._trainer)
            self._mailbox.idle.set()

    def _end(self, status: Status, quickly: bool = False) -> Snapshot:
        self._start = None
        self._clock.go(False)
        # Before the look, during which the process may be killed.
        self._recorder.save_checkpoint(self._snapshot(), self._trainer)
        if quickly:
            self._look_if_quick()
        elif (on := self._instruments()) and self._trainer.step_count not in (0, *self._recorder.readings[-1:, 0]):
            self._mailbox.publish(dataclasses.replace(self._snapshot(), message=LAST_LOOK))
            self._look(on)
        self._status = status
        return self._snapshot()

    def _step(self) -> None:
        self._clock.go(True)
        self._report = None  # it is as large as the critic
        made = self._trainer.critic_step
        row, self._report = self._trainer.step(before_update=self._before_update)
        self._updates = self._trainer.critic_step - made
        if self._report.clip_range and self._trainer.config.clip_order == "before":
            self._start = None  # what is played is a gradient step, then a clamp, if any
        self._range_changes.keep_fold(self._report, self._trainer.critic_step)
        row["seconds"] = self._clock.seconds
        self._recorder.add_step(row, self._report)
        self._clock.go(self._status is Status.RUNNING)
        self._look_at_kept()
        on, step = self._instruments(), self._trainer.step_count
        if on and self._budget.is_due():
            self._look(on)
        elif self._status is Status.PAUSED:
            self._look_if_quick()
        elif (
            on
            and not self._range_is_seen()
            and step >= self._range_since + FIRST
            and self._budget.affords_one(for_user=True)
        ):
            self._look(on)
        now = self._clock.seconds
        due, latest = self._recorder.checkpoint_is_due(now), self._mailbox.latest
        # What a change of what holds the critic did is shown at once.
        change = self._range_changes.newest
        news = latest.change is not change or (change and latest.reading is not self._reading)
        if due or news or self._status is Status.PAUSED or now - latest.seconds >= PUBLISH_EVERY:
            self._publish()
        if due:
            self._recorder.save_checkpoint(self._mailbox.latest, self._trainer)
        if self._recorder.moment_is_due(step, now):
            began = self._clock.seconds
            self._save_moment(self._report)
            self._recorder.count_moment(self._clock.seconds - began)

    def _look_if_quick(self) -> bool:
        """Look at the step where the page will stay, unless looks are slow; returns whether the instruments looked."""
        on, measured = self._instruments(), self._reading and self._reading.step == self._trainer.step_count
        if measured or not on or not self._budget.affords_one(for_user=True):
            return False
        self._look(on, quick=True)
        return True

    def _instruments(self) -> frozenset[str]:
        """The instruments that are on and apply to this data."""
        return self._mailbox.instruments & readings.available(self._trainer.config.kind)

    def _look(self, which: frozenset[str], quick: bool = False, at: Networks | None = None) -> None:
        """Measure with these instruments; one that fails is switched off. Unless it is `quick`, QUIT ends it."""
        trainer, was_seen = self._trainer, self._range_is_seen()
        at = at or Networks(trainer.critic, trainer.generator, trainer.config, trainer.step_count)
        try:
            with self._budget.looking():
                self._reading = readings.look(
                    at.critic,
                    at.generator,
                    trainer.dataset,
                    at.config,
                    which=which,
                    step=at.step,
                    given_up=lambda: self._mailbox.quits and not quick,
                )
        except (FloatingPointError, GivenUp):
            return  # without finite numbers, training itself will fail shortly
        except Broken as broken:
            self._switch_off(broken)
            return
        if self._range_is_seen() and not was_seen:
            self._range_changes.measured()
        self._budget.expect(self._reading.recurring_cost)
        self._recorder.add_reading(readings.row(self._reading))
        for name in ("drawing", *which):
            self._recorder.warn(name, "")

    def _switch_off(self, broken: Broken) -> None:
        one = broken.name in INSTRUMENTS
        self._mailbox.switch_off(frozenset({broken.name}) if one else INSTRUMENTS)
        which = f"The instrument {broken.name} is" if one else "The instruments are"
        sentence = f"{which} off since step {self._trainer.step_count:,}: {str(broken).rstrip('.')}."
        self._recorder.warn(broken.name, sentence)

    def _apply_changes(self) -> None:
        """Bring scheduled and pending changes into force; called before every critic update, and while paused."""
        scheduled = self._recorder.scheduled
        due = [(field, value) for at, field, value in scheduled if at <= self._trainer.critic_step]
        for field, value in due:
            self._apply(field, value)
            self._mailbox.applied(field, value)
        changes = self._mailbox.take_changes()
        for field, value in changes.items():
            self._apply(field, value)
        # Those that were due are done, and what the user has changed since is no longer to be repeated.
        left = tuple(change for change in scheduled[len(due) :] if change[1] not in changes)
        if left != scheduled:
            self._recorder.schedule(left)

    def _before_update(self) -> None:
        self._range_changes.keep_fold(self._trainer.newest_clip, self._trainer.critic_step)
        self._apply_changes()
        if self._status is Status.PAUSED:
            with torch.no_grad():
                self._start = flat(self._trainer.critic_weights())

    def _apply(self, field: str, value: Any) -> None:
        trainer = self._trainer
        if value != getattr(trainer.config, field):
            changed = changed_live(trainer.config, {field: value})
            if holding(changed) != holding(trainer.config):
                made = trainer.step_count, trainer.critic_step
                self._range_changes.begin(trainer.config, changed, *made, self._keep_before_change)
                self._range_since = trainer.step_count
            trainer.config = changed
            self._recorder.add_change(Change(trainer.critic_step, trainer.step_count, field, value))

    def _keep_before_change(self) -> tuple[Reading | None, np.ndarray]:
        """A recent look at the critic as it is held, and samples; without one, networks are kept for a look at them."""
        trainer, on = self._trainer, self._instruments()
        step = trainer.step_count
        recent = self._range_is_seen() and self._reading and step - self._reading.step <= RECENT_LOOK
        if on and not recent and self._status is Status.RUNNING and self._budget.affords_one(for_user=True):
            self._kept = Networks(*copy.deepcopy((trainer.critic, trainer.generator)), trainer.config, step)
        return self._reading if on and recent else None, images.shown(self._generated(copied(trainer.generator)))

    def _look_at_kept(self) -> None:
        """Look at what was before a change, after showing what that did: nobody is to wait for this look."""
        kept, self._kept = self._kept, None
        if kept and (on := self._instruments()):
            self._publish()
            self._look(on, at=kept)
            if self._reading and self._reading.step == kept.step:
                self._range_changes.compare_with(self._reading)

    def _range_is_seen(self) -> bool:
        """Whether a look has seen the critic held as it is, or that has never changed."""
        return self._range_since < 0 or (self._reading is not None and self._reading.step > self._range_since)

    def _generated(self, generator: nn.Sequential) -> np.ndarray:
        return sampling.generate(generator, self._trainer.fixed_latents).cpu().numpy()

    def _save_moment(self, report: ClipReport) -> None:
        """Save a moment of this step. Non-finite samples are skipped; training itself will fail shortly."""
        trainer, latest = self._trainer, self._mailbox.latest
        if latest.step == trainer.step_count and latest.samples is not None:
            self._recorder.save_moment(Moment(latest.step, latest.critic_step, latest.samples, latest.weights))
            return
        samples = self._generated(copied(trainer.generator))
        if np.isfinite(samples).all():
            shown = images.shown(samples)
            self._recorder.save_moment(Moment(trainer.step_count, trainer.critic_step, shown, report.histograms()))

    def _publish(self) -> None:
        self._mailbox.publish(self._snapshot())

    def _snapshot(self) -> Snapshot:
        trainer = self._trainer
        generator, critic = trainer.copies()
        samples = self._generated(generator)
        if not np.isfinite(samples).all():
            raise FloatingPointError(f"Stopped at step {trainer.step_count:,}: the samples are not finite.")
        self._recorder.flush()
        report, change, update = self._report, self._range_changes.newest, None
        if report and self._start is not None:
            update = UpdateReport(self._start, report, trainer.critic_step, self._updates)
        held = change.histograms(report) if report and change and change.age < HELD else ()
        return Snapshot(
            run_id=self._mailbox.latest.run_id,
            status=self._status,
            message="",
            device=trainer.device.type,
            step=trainer.step_count,
            critic_step=trainer.critic_step,
            weights=report.histograms() if report else self._mailbox.latest.weights,
            held=held,
            change=change,
            update=update,
            samples=images.shown(samples),
            real=self._real,
            generator=generator,
            critic=critic,
            steps_per_second=self._clock.steps_per_second(trainer.step_count),
            seconds=self._clock.seconds,
            warning=self._recorder.warning,
            **self.record(),
        )
