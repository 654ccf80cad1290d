"""A run: the one training loop, its thread, its folder.

Commands go down to the loop, immutable snapshots come up. With the mailbox and the hub all that knows threads.
"""

import dataclasses
import threading
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ganlab.config import TrainConfig
from ganlab.data import datasets
from ganlab.data.datasets import Announce
from ganlab.gan.training import Trainer, device_of
from ganlab.measure.instruments import INSTRUMENTS
from ganlab.measure.reading import Reading
from ganlab.runs import failure
from ganlab.runs.disk.folder import RunFolder
from ganlab.runs.disk.resume import ResumePoint
from ganlab.runs.loop import Loop
from ganlab.runs.mailbox import Command, Mailbox
from ganlab.runs.recorder import CHECKPOINT_EVERY, Recorder
from ganlab.runs.snapshot import Snapshot, Status


def make_trainer(config: TrainConfig, announce: Announce) -> Trainer:
    """The trainer of a real run."""
    device_of(config)  # before anything is fetched
    dataset = datasets.load(config, announce)
    return Trainer(dataclasses.replace(config, pixels=dataset.pixels), dataset)


class TrainingRun:
    """One run. `start()` trains in a thread of its own; `run()` is the same loop in the caller's.

    `latest` is always the newest Snapshot. `wanted` is the config with every accepted change in it, also
    those that do not act yet. `make_trainer(config, announce)` is called by the run's thread, so loading is part
    of the run: seen, and stopped, like the rest of it. A folder that was reopened goes on from its checkpoint.
    `instruments` look between steps, from the start; `switch` turns them on and off.
    """

    def __init__(
        self,
        config: TrainConfig,
        folder: RunFolder,
        make_trainer: Callable[[TrainConfig, Announce], Trainer] = make_trainer,
        checkpoint_every: float = CHECKPOINT_EVERY,
        instruments: frozenset[str] = frozenset(),
    ) -> None:
        self.run_id = folder.path.name
        self.folder = folder
        self.config = config  # as started; `latest.config` is what is in force
        beginning = {"run_id": self.run_id, "status": Status.STARTING, "message": f"loading {config.dataset}"}
        beginning["instruments"] = _known(instruments)
        self._mailbox = Mailbox(Snapshot(**beginning | folder.begin(config)))
        self._recorder = Recorder(folder, config.steps, checkpoint_every)
        self._stopped = False
        self.trains = True  # or means to: false from the call of pause(), true from that of resume()
        self._make_trainer = make_trainer
        self._thread = threading.Thread(target=self.run, name=f"ganlab-run-{self.run_id}", daemon=True)

    @property
    def latest(self) -> Snapshot:
        """The newest."""
        return self._mailbox.latest

    @property
    def reading(self) -> Reading | None:
        """The newest of the instruments."""
        return self.latest.reading

    @property
    def wanted(self) -> TrainConfig:
        """The config with every accepted change in it."""
        return self._mailbox.wanted

    @property
    def instruments(self) -> frozenset[str]:
        """Those that are to look from the next step on."""
        return self._mailbox.instruments

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
        self._mailbox.put(Command.PAUSE)

    def resume(self) -> None:
        """Go on after a pause."""
        self.trains = True
        self._mailbox.put(Command.RESUME)

    def step(self) -> None:
        """Make one step while paused, then wait again."""
        self._mailbox.put(Command.STEP)

    def stop(self) -> None:
        """End after this step, or at the next word of what is being loaded; what was learned is kept."""
        self._stopped = True
        self._mailbox.put(Command.STOP)

    def join(self, timeout: float | None = None) -> bool:
        """Wait until the run's thread is gone; False if it is not after `timeout` seconds."""
        if self._thread.is_alive():
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def change(self, **values: Any) -> None:
        """Change live fields, such as clip_range=(low, high), from the next critic update on.

        Raises ValueError, with nothing changed, for a bad value, any other field, or an ended run.
        """
        self._mailbox.wish(**values)

    def switch(self, which: frozenset[str]) -> None:
        """Have these instruments look between steps, and no others. Raises ValueError for a name that is none."""
        self._mailbox.switch(_known(which))

    def run(self) -> Snapshot:
        """Train to the end in the calling thread; returns the last snapshot. Errors become its `error`."""
        loop = None
        try:
            trainer = self._make_trainer(self.latest.config, self._announce)
            self._made(trainer)
            loop = Loop(self._mailbox, self._recorder, trainer)
            # Its tensors are not needed any more, and from here on a failure is the run's end.
            self.folder.past = ResumePoint(resumed=False)
            last = loop.run()
        except _StoppedWhileLoading:
            last = dataclasses.replace(self.latest, status=Status.STOPPED, message="")
        except Exception as error:
            last = self._failed(error, loop)
        try:
            last = self._recorder.end(last)
        except Exception as error:
            last = self._failed(error, loop)
        finally:
            self.folder.close()
        self._mailbox.close(last)
        return last

    def _made(self, trainer: Trainer) -> None:
        """Put the trainer where this run was, and note which pixels it trains on."""
        if checkpoint := self.folder.past.checkpoint:
            trainer.load_state(checkpoint.tensors, checkpoint.step, checkpoint.critic_step)
        if (pixels := trainer.config.pixels) != self.config.pixels:
            self.config = self._mailbox.amend(self.config, pixels=pixels)
            self.folder.set_config(self.config)

    def _announce(self, message: str) -> None:
        if self._stopped:
            raise _StoppedWhileLoading
        self._mailbox.latest = dataclasses.replace(self.latest, message=message)

    def _failed(self, error: Exception, loop: Loop | None) -> Snapshot:
        """The last good snapshot, with the newest settings and metrics, and what went wrong."""
        newest = dataclasses.replace(self.latest, **loop.record()) if loop else self.latest
        message = f"The networks and samples here are of step {newest.step:,}." if newest.step else ""
        if isinstance(error, ConnectionError):
            message = "Digits, both sets of Gaussians and the Swiss roll need no network."
        if isinstance(error, FloatingPointError):
            message = f"{failure.likely_cause(newest.config)} {message}"
        return dataclasses.replace(
            newest,
            status=Status.FAILED,
            error=str(error) or type(error).__name__,
            message=message.strip(),
            traceback="".join(traceback.format_exception(error)),
        )


def _known(which: frozenset[str]) -> frozenset[str]:
    if unknown := which - INSTRUMENTS:
        raise ValueError(f"There is no instrument {', '.join(sorted(unknown))}.")
    return which


class _StoppedWhileLoading(Exception):
    """The run was stopped before its first step."""
