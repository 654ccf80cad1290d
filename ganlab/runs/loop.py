"""The one training loop of the project. Knows no thread: it runs in whichever calls it."""

import dataclasses
from typing import Any

import numpy as np

from ganlab.data import images
from ganlab.gan import sampling
from ganlab.gan.clipping import ClipReport
from ganlab.gan.training import Trainer, copied
from ganlab.measure import instruments, reading
from ganlab.measure.instruments import Broken
from ganlab.measure.reading import Reading
from ganlab.runs.history import Change
from ganlab.runs.look_budget import FIRST, LookBudget
from ganlab.runs.mailbox import Command, Mailbox
from ganlab.runs.recorder import Recorder
from ganlab.runs.snapshot import Snapshot, Status
from ganlab.runs.stopwatch import Stopwatch

PUBLISH_EVERY = 0.45  # seconds; the page looks every 0.5


class Loop:
    """What only the run's thread touches: the trainer, and what is known of it so far."""

    def __init__(self, mailbox: Mailbox, recorder: Recorder, trainer: Trainer) -> None:
        self._mailbox, self._recorder, self._trainer = mailbox, recorder, trainer
        self._status = Status.RUNNING
        self._report: ClipReport | None = None
        self._reading: Reading | None = None
        self._range_since: int | None = None  # after which step the clip range changed, if no look has seen it yet
        self._lookout = LookBudget()
        self._clock = Stopwatch(mailbox.latest.seconds)
        self._real = _shown(trainer.dataset.held_out[: len(trainer.fixed_latents)].numpy())

    def run(self) -> Snapshot:
        """Obey and step until the last step or a stop; returns the last snapshot, not yet published."""
        self._recorder.keep_real(self._real)
        self._enter(Status.RUNNING)
        while self._trainer.step_count < self._trainer.config.steps:
            command = self._mailbox.next(wait=self._status is Status.PAUSED)
            if command is Command.STOP:
                return self._end(Status.STOPPED)
            if command is Command.PAUSE:
                self._enter(Status.PAUSED)
            elif command is Command.RESUME:
                self._enter(Status.RUNNING)
            elif command is Command.WISH:
                self._take_wishes()
                if self._status is Status.PAUSED:
                    self._publish()
            elif command is None or self._status is Status.PAUSED:
                self._step()
        return self._end(Status.FINISHED)

    def record(self) -> dict[str, Any]:
        """What is known at any moment, between snapshots too."""
        return {
            "config": self._trainer.config,
            "changes": tuple(self._recorder.changes),
            "history": self._recorder.history.view(),
            "reading": self._reading,
            "readings": self._recorder.readings,
            "instruments": self._mailbox.instruments,
            "instruments_share": self._lookout.share,
        }

    def _enter(self, status: Status) -> None:
        self._status = status
        self._clock.go(status is Status.RUNNING)
        self._publish()
        if status is Status.PAUSED:
            if self._looked_again():
                self._publish()
            self._recorder.keep_checkpoint(self._mailbox.latest, self._trainer)

    def _end(self, status: Status) -> Snapshot:
        self._status = status
        self._clock.go(False)
        self._looked_again()
        last = self._snapshot()
        self._recorder.keep_checkpoint(last, self._trainer)
        return last

    def _step(self) -> None:
        self._clock.go(True)
        row, self._report = self._trainer.step(before_update=self._take_wishes)
        row["seconds"] = self._clock.seconds
        self._recorder.add_step(row, self._report)
        self._clock.go(self._status is Status.RUNNING)
        if (which := self._instruments()) and self._lookout.is_due():
            self._measure(which)
        elif self._status is Status.PAUSED:
            self._looked_again()
        elif which and self._range_is_new() and self._lookout.affords_one():
            self._measure(which)
        now, step = self._clock.seconds, self._trainer.step_count
        due = self._recorder.is_due(now)
        if due or self._status is Status.PAUSED or now - self._mailbox.latest.seconds >= PUBLISH_EVERY:
            self._publish()
        if due:
            self._recorder.keep_checkpoint(self._mailbox.latest, self._trainer)
        if self._recorder.looks_at(step, now):
            began = self._clock.seconds
            self._keep_look()
            self._recorder.looked(self._clock.seconds - began)

    def _looked_again(self) -> bool:
        """Where a reader will linger, the instruments look too, unless that takes long; whether they did."""
        which, measured = self._instruments(), self._reading and self._reading.step == self._trainer.step_count
        if measured or not which or not self._lookout.affords_one(asked=True):
            return False
        self._measure(which)
        return True

    def _range_is_new(self) -> bool:
        """Whether a clip range that no look has seen yet has been in force for a few steps."""
        return self._range_since is not None and self._trainer.step_count >= self._range_since + FIRST

    def _instruments(self) -> frozenset[str]:
        """Those that are on and have a meaning for this data."""
        return self._mailbox.instruments & instruments.available(self._trainer.config.kind)

    def _measure(self, which: frozenset[str]) -> None:
        """Look with these instruments; one that can't measure is switched off."""
        trainer = self._trainer
        networks = trainer.critic, trainer.generator
        how = {"which": which, "step": trainer.step_count, "before": self._reading}
        try:
            with self._lookout.looking():
                self._reading = instruments.look(*networks, trainer.dataset, trainer.config, **how)
        except FloatingPointError:
            return  # nothing to see; training itself will stumble soon
        except Broken as broken:
            self._switch_off(broken)
            return
        self._lookout.expect(self._reading.recurring_cost)
        self._range_since = None
        self._recorder.add_reading(reading.row(self._reading))
        for name in ("drawing", *which):
            self._recorder.tell(name, "")

    def _switch_off(self, broken: Broken) -> None:
        one = broken.name in instruments.INSTRUMENTS
        self._mailbox.switch_off(frozenset({broken.name}) if one else instruments.INSTRUMENTS)
        what = f"The instrument {broken.name} is" if one else "The instruments are"
        sentence = f"{what} off since step {self._trainer.step_count:,}: {str(broken).rstrip('.')}."
        self._recorder.tell(broken.name, sentence)

    def _take_wishes(self) -> None:
        """Bring pending changes into force; called before every critic update, and while paused."""
        recorder = self._recorder
        if recorder.later and (due := recorder.due_changes(self._trainer.critic_step)):
            for field, value in due:
                self._bring_into_force(field, value)
                self._mailbox.came_into_force(field, value)
            recorder.keep_later()
        if not (wishes := self._mailbox.take_wishes()):
            return
        for field, value in wishes.items():
            self._bring_into_force(field, value)
        if recorder.later:
            recorder.overrule(wishes)
            recorder.keep_later()

    def _bring_into_force(self, field: str, value: Any) -> None:
        trainer = self._trainer
        if value != getattr(trainer.config, field):
            trainer.config = dataclasses.replace(trainer.config, **{field: value})
            self._recorder.add_change(Change(trainer.critic_step, trainer.step_count, field, value))
            if field == "clip_range":
                self._range_since = trainer.step_count

    def _keep_look(self) -> None:
        """Save a look at this step. Samples that are no numbers are no sight; training itself will stumble soon."""
        trainer, latest = self._trainer, self._mailbox.latest
        if latest.step == trainer.step_count:
            self._recorder.keep_moment(latest.step, latest.critic_step, latest.samples, latest.weights)
            return
        samples = sampling.generate(copied(trainer.generator), trainer.fixed_latents).cpu().numpy()
        if np.isfinite(samples).all():
            weights = self._report.histograms()
            self._recorder.keep_moment(trainer.step_count, trainer.critic_step, _shown(samples), weights)

    def _publish(self) -> None:
        self._mailbox.latest = self._snapshot()

    def _snapshot(self) -> Snapshot:
        trainer = self._trainer
        generator, critic = trainer.copies()
        samples = sampling.generate(generator, trainer.fixed_latents).cpu().numpy()
        if not np.isfinite(samples).all():
            raise FloatingPointError(f"Stopped at step {trainer.step_count:,}: the samples are not numbers.")
        self._recorder.flush()
        return Snapshot(
            run_id=self._mailbox.latest.run_id,
            status=self._status,
            message="",
            device=trainer.device.type,
            step=trainer.step_count,
            critic_step=trainer.critic_step,
            weights=self._report.histograms() if self._report else self._mailbox.latest.weights,
            samples=_shown(samples),
            real=self._real,
            generator=generator,
            critic=critic,
            steps_per_second=self._clock.steps_per_second(trainer.step_count),
            seconds=self._clock.seconds,
            warning=self._recorder.warning,
            **self.record(),
        )


def _shown(samples: np.ndarray) -> np.ndarray:
    """Images as uint8 [n, h, w, c], points as they are."""
    return images.to_uint8(samples) if samples.ndim == 4 else samples
