"""A run that trains: its thread and its folder. Commands go down to its loop, immutable snapshots come up."""

import dataclasses
import threading
import traceback
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from ganlab.config import DATASETS, TrainConfig
from ganlab.data import datasets
from ganlab.data.dataset import Announce
from ganlab.formatting import in_words
from ganlab.gan.training import Trainer
from ganlab.links import link
from ganlab.presets import PRESETS
from ganlab.runs.disk.folder import RunFolder
from ganlab.runs.disk.resume import ResumePoint
from ganlab.runs.loop import Loop
from ganlab.runs.mailbox import Command
from ganlab.runs.recorder import CHECKPOINT_EVERY, Recorder
from ganlab.runs.run_here import RunHere, known
from ganlab.runs.snapshot import Snapshot, Status
from ganlab.runs.wire import Wire


def make_trainer(config: TrainConfig, announce: Announce) -> Trainer:
    """The trainer of a real run; `announce` is called with what is being loaded."""
    dataset = datasets.load(config, announce)
    return Trainer(dataclasses.replace(config, pixels=dataset.pixels), dataset)


class TrainingRun(RunHere):
    """One run. `start()` trains in a thread; `run()` is the same loop in the caller's.

    `make_trainer(config, announce)` is called in the run's thread, so loading is part of the run: it is seen and
    stopped like the rest. A reopened folder resumes from its checkpoint. `instruments` look between steps; `switch`
    turns them on and off.
    """

    def __init__(
        self,
        folder: RunFolder,
        make_trainer: Callable[[TrainConfig, Announce], Trainer] = make_trainer,
        checkpoint_every: float = CHECKPOINT_EVERY,
        instruments: frozenset[str] = frozenset(),
    ) -> None:
        first = {"message": f"loading {folder.config.dataset}", "instruments": known(instruments)} | folder.begin()
        super().__init__(folder, Snapshot(run_id=folder.path.name, status=Status.STARTING, **first))
        self._recorder = Recorder(folder, self.config.steps, checkpoint_every)
        self._stopped = False
        self.trains = True  # or is about to: false from the call of pause(), true from that of resume()
        self.room: Callable[[], AbstractContextManager[object]] = nullcontext  # entered to resume; a ValueError refuses
        self._make_trainer = make_trainer
        self._thread = threading.Thread(target=self.run, name=f"ganlab-run-{self.run_id}", daemon=True)

    def start(self) -> "TrainingRun":
        """Train in the run's own thread; returns the run."""
        self._thread.start()
        return self

    def pause(self) -> None:
        self.trains = False
        super().pause()

    def is_idle(self, within: float) -> bool:
        """Whether the run is paused, with its checkpoint saved, or has ended, `within` seconds at most."""
        return self._mailbox.idle.wait(within)

    def resume(self) -> None:
        """Raises ValueError, in one sentence, if too many runs train."""
        if not self.trains:
            with self.room():
                self.trains = True
        super().resume()

    def stop(self, quickly: bool = False) -> None:
        """The instruments look once more, however long that takes; not if `quickly`."""
        self._stopped = True
        self._mailbox.quits |= quickly
        self._mailbox.commands.put(Command.QUIT if quickly else Command.STOP)

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the run's thread to end; False if it has not after `timeout` seconds."""
        if self._thread.is_alive():
            self._thread.join(timeout)
        return not self._thread.is_alive()

    def run(self) -> Snapshot:
        """Train to the end in the calling thread; returns the last snapshot. Errors become its `error`."""
        with Wire(self.path, self) as wire:
            loop = None
            try:
                trainer = self._make_trainer(self.latest.config, self._announce)
                self._take_up(trainer)
                loop = Loop(self._mailbox, self._recorder, trainer)
                # The checkpoint's tensors are no longer needed, and from here on a failure ends the run.
                self.folder.resume_point = ResumePoint(config=self.config, resumed=False)
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
                wire.close()
                self.folder.close()
        self._mailbox.close(last)
        return last

    def _take_up(self, trainer: Trainer) -> None:
        """Put the trainer where this run stopped, and record which pixels it trains on."""
        if checkpoint := self.folder.resume_point.checkpoint:
            trainer.load_state(checkpoint.tensors, checkpoint.step, checkpoint.critic_step)
        if (pixels := trainer.config.pixels) != self.config.pixels:
            self.folder.set_config(dataclasses.replace(self.config, pixels=pixels))
            self._mailbox.applied("pixels", pixels)

    def _announce(self, message: str) -> None:
        if self._stopped:
            raise _StoppedWhileLoading
        self._mailbox.latest = dataclasses.replace(self.latest, message=message)

    def _failed(self, error: Exception, loop: Loop | None) -> Snapshot:
        """The last good snapshot with the newest settings and metrics, and what went wrong."""
        newest = dataclasses.replace(self.latest, **loop.record()) if loop else self.latest
        message = f"The networks and samples here are from step {newest.step:,}." if newest.step else ""
        if isinstance(error, ConnectionError):
            others = (name for name in DATASETS if name != newest.config.dataset)
            here = (DATASETS[name].title for name in others if datasets.at_hand(PRESETS[name]))
            message = f"These data sets need no download: {', '.join(here)}."
        if isinstance(error, FloatingPointError):
            message = f"{likely_cause(newest.config)} {message}"
        return dataclasses.replace(
            newest,
            status=Status.FAILED,
            error=in_words(error) or type(error).__name__,
            message=message.strip(),
            traceback="".join(traceback.format_exception(error)),
        )


def likely_cause(config: TrainConfig) -> str:
    """The likely reason why a loss became NaN or infinite, judged by the settings alone; one sentence."""
    usual = PRESETS[link(config)["preset"]]
    # How many times the preset's value each setting has. The clamp holds the critic's weights whatever its
    # rate; nothing holds the generator's.
    causes = []
    if (config.constraint, config.clip_scale) == ("clip", "same"):
        widest, usual_widest = (max(map(abs, c.clip_range)) for c in (config, usual))
        too_wide = f"Weights up to {widest:g} let the critic's scores grow without bound; try a narrower clip range."
        causes.append((widest / usual_widest, too_wide))
    for network in ("critic",) if config.generator else ("generator", "critic"):
        rate, usual_rate = (getattr(c, f"{network}_lr") for c in (config, usual))
        too_fast = f"The {network}'s learning rate ({rate:g}) is probably too high; the preset has {usual_rate:g}."
        causes.append((rate / usual_rate, too_fast))
    excess, sentence = max(causes, key=lambda cause: cause[0])
    return sentence if excess > 1 else "No setting is above the preset's; another seed may do better."


class _StoppedWhileLoading(Exception):
    """The run was stopped before its first step."""
