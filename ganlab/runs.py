"""A run: the one training loop of the project, and its thread.

Commands go down to the loop, immutable snapshots come up. With the hub the only module that knows threads.
"""

import dataclasses
import queue
import threading
import traceback
from collections.abc import Callable
from enum import Enum, auto
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ganlab import datasets, diagnosis, images, sampling, store
from ganlab.clipping import ClipReport
from ganlab.config import LIVE_FIELDS, TrainConfig
from ganlab.datasets import Announce
from ganlab.recorder import CHECKPOINT_EVERY, Recorder
from ganlab.snapshot import Change, Snapshot, Status
from ganlab.stopwatch import Stopwatch
from ganlab.training import Trainer, device_of

PUBLISH_EVERY = 0.45  # seconds; the page looks every 0.5


def make_trainer(config: TrainConfig, announce: Announce) -> Trainer:
    """The trainer of a real run."""
    device_of(config)  # before anything is fetched
    dataset = datasets.load(config, announce)
    return Trainer(dataclasses.replace(config, pixels=dataset.pixels), dataset)


class Command(Enum):
    """What a run can be told; each acts at the end of a step."""

    PAUSE = auto()
    RESUME = auto()
    STEP = auto()
    STOP = auto()
    CHANGE = auto()  # a wake-up call: the values themselves wait in `_pending`


class TrainingRun:
    """One run. `start()` trains in a thread of its own; `run()` is the same loop in the caller's.

    `latest` is always the newest Snapshot. `wanted` is the config with every accepted change in it, also
    those that do not act yet. `make_trainer(config, announce)` is called by the run's thread, so loading is part
    of the run: seen, and stopped, like the rest of it. A folder that was reopened goes on from its checkpoint.
    """

    def __init__(
        self,
        config: TrainConfig,
        folder: store.RunFolder,
        make_trainer: Callable[[TrainConfig, Announce], Trainer] = make_trainer,
        checkpoint_every: float = CHECKPOINT_EVERY,
    ) -> None:
        self.run_id = folder.path.name
        self.folder = folder
        self.config = config  # as started; `latest.config` is what is in force
        self.latest = Snapshot(
            run_id=self.run_id, status=Status.STARTING, message=f"loading {config.dataset}", **folder.begin(config)
        )
        self.wanted = self.latest.config
        self._recorder = Recorder(folder, config.steps, checkpoint_every)
        self._stopped = False
        self.trains = True  # or means to: false from the call of pause(), true from that of resume()
        self._make_trainer = make_trainer
        self._commands: queue.SimpleQueue[Command] = queue.SimpleQueue()
        self._pending: dict[str, Any] = {}  # changes that the loop has not taken yet; the newest wins
        self._lock = threading.Lock()  # for `wanted` and `_pending`
        self._thread = threading.Thread(target=self.run, name=f"ganlab-run-{self.run_id}", daemon=True)

    @property
    def glance(self) -> Snapshot:
        """The same as `latest`, which costs nothing here."""
        return self.latest

    @property
    def path(self) -> Path:
        """Its folder."""
        return self.folder.path

    @property
    def picture(self) -> np.ndarray | None:
        """The newest samples, or almost."""
        return self.latest.samples

    @property
    def has_generator(self) -> bool:
        """Whether there is a generator to sample from."""
        return self.latest.generator is not None

    def start(self) -> "TrainingRun":
        """Train in a thread of the run's own."""
        self._thread.start()
        return self

    def pause(self) -> None:
        """Wait after this step."""
        self.trains = False
        self._commands.put(Command.PAUSE)

    def resume(self) -> None:
        """Go on after a pause."""
        self.trains = True
        self._commands.put(Command.RESUME)

    def step(self) -> None:
        """Make one step while paused, then wait again."""
        self._commands.put(Command.STEP)

    def stop(self) -> None:
        """End after this step, or at the next word of what is being loaded; what was learned is kept."""
        self._stopped = True
        self._commands.put(Command.STOP)

    def join(self, timeout: float | None = None) -> bool:
        """Wait until the run's thread is gone; False if it is not after `timeout` seconds."""
        if self._thread.is_alive():
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def change(self, **values: Any) -> None:
        """Change live fields, such as clip_range=(low, high), from the next critic update on.

        Raises ValueError, with nothing changed, for a bad value, any other field, or an ended run.
        """
        if fixed := set(values) - set(LIVE_FIELDS):
            raise ValueError(f"{', '.join(sorted(fixed))} can't change while a run trains.")
        with self._lock:
            if self.latest.status.ended:
                raise ValueError("This run has ended; its settings no longer change.")
            self.wanted = dataclasses.replace(self.wanted, **values)
            self._pending |= {field: getattr(self.wanted, field) for field in values}
        self._commands.put(Command.CHANGE)

    def run(self) -> Snapshot:
        """Train to the end in the calling thread; returns the last snapshot. Errors become its `error`."""
        set_up_torch(self.config.threads)  # per thread: where the work is done
        loop = None
        try:
            trainer = self._make_trainer(self.latest.config, self._announce)
            self._made(trainer)
            loop = _Loop(self, trainer)
            last = loop.run()
        except _StoppedWhileLoading:
            last = dataclasses.replace(self.latest, status=Status.STOPPED, message="")
        except Exception as error:
            last = self._failed(error, loop)
        last = self._recorder.end(last)
        with self._lock:  # a change that came too late is not wanted any more
            self._pending, self.wanted, self.latest = {}, last.config, last
        return last

    def _made(self, trainer: Trainer) -> None:
        """Put the trainer where this run was, and note which pixels it trains on."""
        if checkpoint := self.folder.past.checkpoint:
            trainer.load_state(checkpoint.tensors, checkpoint.step, checkpoint.critic_step)
            self.folder.past = store.Past()  # its tensors are not needed any more
        if (pixels := trainer.config.pixels) != self.config.pixels:
            with self._lock:
                self.config, self.wanted = (dataclasses.replace(c, pixels=pixels) for c in (self.config, self.wanted))
            self.folder.set_config(self.config)

    def _announce(self, message: str) -> None:
        if self._stopped:
            raise _StoppedWhileLoading
        self.latest = dataclasses.replace(self.latest, message=message)

    def _failed(self, error: Exception, loop: "_Loop | None") -> Snapshot:
        """The last good snapshot, with the newest settings and metrics, and what went wrong."""
        newest = dataclasses.replace(self.latest, **loop.record()) if loop else self.latest
        message = f"The networks and samples here are of step {newest.step:,}." if newest.step else ""
        if isinstance(error, ConnectionError):
            message = "Digits, both sets of Gaussians and the Swiss roll need no network."
        if isinstance(error, FloatingPointError):
            message = f"{diagnosis.likely_cause(newest.config)} {message}"
        return dataclasses.replace(
            newest,
            status=Status.FAILED,
            error=str(error) or type(error).__name__,
            message=message.strip(),
            traceback="".join(traceback.format_exception(error)),
        )


class _StoppedWhileLoading(Exception):
    """The run was stopped before its first step."""


def set_up_torch(threads: int) -> None:
    """The settings of the calling thread that results and speed depend on."""
    torch.set_num_threads(threads)
    torch.get_num_threads()  # takes it: else the number that another thread sets before the first step would count
    torch.set_flush_denormal(True)  # vanishing gradients go denormal, and those are slow


class _Loop:
    """What only the run's thread touches: the trainer, and what is known of it so far."""

    def __init__(self, run: TrainingRun, trainer: Trainer) -> None:
        self._run = run
        self._trainer = trainer
        self._status = Status.RUNNING
        self._report: ClipReport | None = None
        self._recorder = run._recorder
        self._clock = Stopwatch(run.latest.seconds)
        self._real = _shown(trainer.dataset.held_out[: len(trainer.fixed_latents)].numpy())

    def run(self) -> Snapshot:
        """Obey and step until the last step or a stop; returns the last snapshot, not yet published."""
        self._recorder.keep_real(self._real)
        self._enter(Status.RUNNING)
        while self._trainer.step_count < self._trainer.config.steps:
            command = self._next_command()
            if command is Command.STOP:
                return self._end(Status.STOPPED)
            if command is Command.PAUSE:
                self._enter(Status.PAUSED)
            elif command is Command.RESUME:
                self._enter(Status.RUNNING)
            elif command is Command.CHANGE:
                self._take_changes()
            elif command is None or self._status is Status.PAUSED:
                self._step()
        return self._end(Status.FINISHED)

    def record(self) -> dict[str, Any]:
        """What is known at any moment, between snapshots too."""
        return {
            "config": self._trainer.config,
            "changes": tuple(self._recorder.changes),
            "history": self._recorder.history.view(),
        }

    def _next_command(self) -> Command | None:
        """The oldest waiting command; None while running with none waiting; while paused, wait for one."""
        try:
            return self._run._commands.get(block=self._status is Status.PAUSED)
        except queue.Empty:
            return None

    def _enter(self, status: Status) -> None:
        self._status = status
        self._clock.go(status is Status.RUNNING)
        self._publish()
        if status is Status.PAUSED:
            self._recorder.keep_checkpoint(self._run.latest, self._trainer)

    def _end(self, status: Status) -> Snapshot:
        self._status = status
        self._clock.go(False)
        last = self._snapshot()
        self._recorder.keep_checkpoint(last, self._trainer)
        return last

    def _step(self) -> None:
        self._clock.go(True)
        row, self._report = self._trainer.step(before_update=self._take_changes)
        row["seconds"] = self._clock.seconds
        self._recorder.add_step(row, self._report)
        self._clock.go(self._status is Status.RUNNING)
        now, step = self._clock.seconds, self._trainer.step_count
        due = self._recorder.is_due(now)
        if due or self._status is Status.PAUSED or now - self._run.latest.seconds >= PUBLISH_EVERY:
            self._publish()
        if due:
            self._recorder.keep_checkpoint(self._run.latest, self._trainer)
        if self._recorder.looks_at(step):
            self._look()

    def _take_changes(self) -> None:
        """Bring pending changes into force; called before every critic update, and while paused."""
        run, recorder = self._run, self._recorder
        if recorder.later and (due := recorder.due_changes(self._trainer.critic_step)):
            for field, value in due:
                self._bring_into_force(field, value)
                with run._lock:
                    run.wanted = dataclasses.replace(run.wanted, **{field: value} if field not in run._pending else {})
            recorder.keep_later()
        if not run._pending:
            return
        with run._lock:
            pending, run._pending = run._pending, {}
        for field, value in pending.items():
            self._bring_into_force(field, value)
        if recorder.later:
            recorder.overrule(pending)
            recorder.keep_later()
        if self._status is Status.PAUSED:
            self._publish()

    def _bring_into_force(self, field: str, value: Any) -> None:
        trainer = self._trainer
        if value != getattr(trainer.config, field):
            trainer.config = dataclasses.replace(trainer.config, **{field: value})
            self._recorder.add_change(Change(trainer.critic_step, trainer.step_count, field, value))

    def _look(self) -> None:
        """Save a look at this step. Samples that are no numbers are no sight; training itself will stumble soon."""
        trainer, clip = self._trainer, self._report
        samples = sampling.generate(trainer.copies()[0], trainer.fixed_latents).cpu().numpy()
        if np.isfinite(samples).all():
            self._recorder.keep_moment(trainer.step_count, trainer.critic_step, _shown(samples), clip.histograms())

    def _publish(self) -> None:
        self._run.latest = self._snapshot()

    def _snapshot(self) -> Snapshot:
        trainer = self._trainer
        generator, critic = trainer.copies()
        samples = sampling.generate(generator, trainer.fixed_latents).cpu().numpy()
        if not np.isfinite(samples).all():
            raise FloatingPointError(f"Stopped at step {trainer.step_count:,}: the samples are not numbers.")
        self._recorder.flush()
        return Snapshot(
            run_id=self._run.run_id,
            status=self._status,
            message="",
            device=trainer.device.type,
            step=trainer.step_count,
            critic_step=trainer.critic_step,
            weights=self._report.histograms() if self._report else self._run.latest.weights,
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
