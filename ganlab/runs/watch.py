"""Watching and steering a training loop that isn't ganlab's: `ganlab.watch`."""

import copy
import dataclasses
import math
import traceback
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ganlab.config import MOST_STEPS, checked_clip_range
from ganlab.data import images
from ganlab.gan import clipping
from ganlab.gan.clipping import ClipReport
from ganlab.gan.streams import fixed_count
from ganlab.gan.watched import WatchedConfig
from ganlab.runs.disk.folder import RunFolder
from ganlab.runs.disk.library import RUN_ID
from ganlab.runs.disk.moments import Moment
from ganlab.runs.disk.root import runs_root
from ganlab.runs.history import Change
from ganlab.runs.loop import PUBLISH_EVERY
from ganlab.runs.mailbox import Command
from ganlab.runs.range_change import HELD, RangeChanges
from ganlab.runs.recorder import Recorder
from ganlab.runs.run_here import RunHere
from ganlab.runs.snapshot import Snapshot, Status
from ganlab.runs.stopwatch import Stopwatch
from ganlab.runs.wire import Wire


def watch(
    folder: str | Path,
    *,
    critic: nn.Module,
    generator: nn.Module,
    fixed_latents: Tensor,
    clip_range: tuple[float, float],
) -> "Watch":
    """A context around a training loop, which is then watched and steered on Train as a run named `folder`.

    `folder` is the run's name in the runs folder, or a path. `generator` turns `fixed_latents` [n, ...] into samples to
    show: square images [n, 1 or 3, h, h] in [-1, 1] of 16, 28, 32, 64 or 128 pixels, or points [n, 2]. Raises
    ValueError, in one sentence, for other samples or a bad range, and FileExistsError if there is a run already.
    """
    path = runs_root() / folder if RUN_ID.fullmatch(str(folder)) else Path(folder)
    samples = _generated(generator, fixed_latents)
    return Watch(path, _config(samples, critic, clip_range), generator, fixed_latents)


def _config(samples: np.ndarray, critic: nn.Module, clip_range: tuple[float, float]) -> WatchedConfig:
    about: dict[str, Any] = {"dataset": "drawn"}
    if samples.ndim == 4:
        colour = "grey" if samples.shape[1] == 1 else "rgb"
        about = {"dataset": "images", "image_size": samples.shape[2], "colour": colour}
    named = list(critic.named_parameters())
    clipping.check(named)
    layers, checked = clipping.layers_of(named), checked_clip_range(clip_range)
    config = WatchedConfig(**about, clip_range=checked, layers=layers, network="mlp", steps=MOST_STEPS)
    if samples.shape[1:] != config.shape:
        raise ValueError(
            f"The generator made samples of shape {list(samples.shape[1:])}: let it make square images [1 or 3, h, h], "
            "or points [2]."
        )
    return config


class Watch:
    """What `watch` returns: use it in a `with`, and call `clip_` and `step` in the loop."""

    def __init__(self, path: Path, config: WatchedConfig, generator: nn.Module, fixed_latents: Tensor) -> None:
        self._generator, self._latents = generator, fixed_latents[: fixed_count(config)]
        self._config, self._folder = config, RunFolder(path, config)
        first = Snapshot(run_id=path.name, status=Status.RUNNING, message="", **self._folder.begin())
        self._run, self._recorder = RunHere(self._folder, first), Recorder(self._folder, config.steps, math.inf)
        self._mailbox, self._wire = self._run._mailbox, Wire(path, self._run)
        self._status, self._clock, self._range_changes = Status.RUNNING, Stopwatch(0.0), RangeChanges()
        self._critic: nn.Module | None = None  # that was clamped
        self._report: ClipReport | None = None  # of the newest clamp that was counted,
        self._reported = 0  # and of which critic update that is
        self._steps = self._critic_updates = 0
        self._clamps = 0  # since the last step
        self._fewest = 0  # of a step so far
        self._published = 0.0  # after so many seconds of training
        self._was_watched = False  # when it was last published

    def __enter__(self) -> "Watch":
        self._wire.__enter__()
        self._clock.go(True)
        return self

    def clip_(self, critic: nn.Module) -> None:
        """Clamp a critic's weights with the range in force, in place, as `ganlab.gan.clipping.clip_` does."""
        if critic is not self._critic:
            named = list(critic.named_parameters())
            if clipping.layers_of(named) != self._config.layers:
                raise ValueError("This critic isn't the one that ganlab.watch was given: pass the same one.")
            clipping.check(named)
            self._critic = critic
        changed = self._bring_into_force()
        self._critic_updates += 1
        self._clamps += 1
        # A copy of the weights costs as much as the clamp: there is one only before what may be the last clamp of its
        # step, which the record is of, and before the first under a new range.
        if changed or self._clamps >= self._fewest:
            config, before = self._config, clipping.flat(critic.named_parameters())
            self._report = ClipReport(config.clip_range, config.layers, before, (1.0,) * len(config.layers))
            _ = self._report.layer_counts  # later, the copy would be out of the processor's cache
            self._reported = self._critic_updates
            self._range_changes.keep_fold(self._report, self._critic_updates)
        clipping.clamp_(tuple(critic.parameters()), self._config.clip_range)

    def _bring_into_force(self) -> bool:
        """Apply a change of the clip range, which is all that can change; whether there was one."""
        for field, value in self._mailbox.take_changes().items():
            if value != self._config.clip_range:
                former, self._config = self._config, dataclasses.replace(self._config, clip_range=value)
                made = self._steps, self._critic_updates
                self._range_changes.begin(former, self._config, *made, lambda: (None, self._samples()))
                self._recorder.add_change(Change(self._critic_updates, self._steps, field, value))
                return True
        return False

    def step(self, *, critic_estimate: float, generator_loss: float) -> None:
        """Record and show one step, after its last `clip_`. Waits here while paused; a Stop leaves the `with`."""
        if self._report is None or not self._clamps:
            raise ValueError("Nothing was clipped in this step: call clip_ after each update of the critic.")
        self._steps += 1
        self._fewest, self._clamps = min(self._clamps, self._fewest or self._clamps), 0
        report = self._report
        if not self._is_counted:  # the step had fewer clamps than any before it
            report = dataclasses.replace(report, scales=(None,) * len(report.layers))
        low, high = self._config.clip_range
        losses = {"critic_estimate": float(critic_estimate), "generator_loss": float(generator_loss)}
        row = {name: value if math.isfinite(value) else math.nan for name, value in losses.items()} | {
            "step": self._steps,
            "critic_step": self._critic_updates,
            "critic_loss": math.nan,
            "clip_low": low,
            "clip_high": high,
            "clamped_share": report.clamped_share,
            "at_bound_share": report.at_bound_share,
            "seconds": self._clock.seconds,
        }
        self._recorder.add_step(row, report)
        if self._recorder.moment_is_due(self._steps, self._clock.seconds):
            began = self._clock.seconds
            self._save_moment()
            self._recorder.count_moment(self._clock.seconds - began)
        watched = self._wire.is_watched
        changed = self._range_changes.newest is not self._mailbox.latest.change
        news = watched and (changed or not self._was_watched)
        due = self._is_counted and (news or self._clock.seconds - self._published >= PUBLISH_EVERY)
        if due or self._status is Status.PAUSED:
            self._published, self._was_watched = self._clock.seconds, watched
            self._recorder.flush()
            self._mailbox.publish(self._snapshot())
        self._clock.go(self._status is Status.RUNNING)
        self._obey()

    def _obey(self) -> None:
        """Do what commands ask for; returns when the loop may go on."""
        while command := self._mailbox.next(wait=self._status is Status.PAUSED):
            if command in (Command.STOP, Command.QUIT):
                raise _Stopped
            if command is Command.STEP and self._status is Status.PAUSED:
                self._clock.go(True)
                return
            if command in (Command.PAUSE, Command.RESUME):
                self._status = Status.PAUSED if command is Command.PAUSE else Status.RUNNING
                self._clock.go(self._status is Status.RUNNING)
                self._mailbox.publish(self._snapshot())

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> bool:
        self._clock.go(False)
        try:
            self._save_moment()
            last = dataclasses.replace(self._snapshot(), status=Status.FINISHED)
            if isinstance(error, _Stopped | KeyboardInterrupt):
                last = dataclasses.replace(last, status=Status.STOPPED)
            elif error:
                trace, message = "".join(traceback.format_exception(error)), str(error) or type(error).__name__
                last = dataclasses.replace(last, status=Status.FAILED, error=message, traceback=trace)
            self._recorder.end(last)
        finally:
            self._wire.close()
            self._folder.close()
        self._mailbox.close(last)
        return isinstance(error, _Stopped)

    @property
    def _is_counted(self) -> bool:
        """Whether the newest clamp is."""
        return self._reported == self._critic_updates

    def _samples(self) -> np.ndarray:
        return images.shown(_generated(self._generator, self._latents))

    def _save_moment(self) -> None:
        samples = self._samples()
        if self._report and self._is_counted and not self._clamps and np.isfinite(samples).all():
            moment = Moment(self._steps, self._reported, samples, self._report.histograms())
            self._recorder.save_moment(moment)

    def _snapshot(self) -> Snapshot:
        """The newest; with weights and samples, which take time, only while somebody looks or it waits."""
        snapshot = Snapshot(
            run_id=self._run.run_id,
            status=self._status,
            message="",
            config=self._config,
            device=self._latents.device.type,
            step=self._steps,
            critic_step=self._critic_updates,
            changes=tuple(self._recorder.changes),
            history=self._recorder.history.view(),
            steps_per_second=self._clock.steps_per_second(self._steps),
            seconds=self._clock.seconds,
            warning=self._recorder.warning,
        )
        report, change = self._report, self._range_changes.newest
        if report is None or not (self._wire.is_watched or self._status is Status.PAUSED):
            return snapshot
        samples, weights = self._samples(), report.histograms()
        drawn = weights or self._mailbox.latest.weights
        instead = "those drawn are from before" if drawn else "none are drawn"
        broken = f"At step {self._steps:,} the critic has weights that are NaN: {instead}."
        self._recorder.warn("weights", "" if weights else broken)
        held = change.histograms(report) if change and change.age < HELD else ()
        return dataclasses.replace(
            snapshot,
            weights=drawn,
            held=held,
            change=change,
            samples=samples if np.isfinite(samples).all() else self._mailbox.latest.samples,
            warning=self._recorder.warning,
        )


class _Stopped(BaseException):
    """A Stop from the page: no error, so that no loop takes it for one."""


def _generated(generator: nn.Module, latents: Tensor) -> np.ndarray:
    """Samples of a copy in eval mode on the CPU; neither the generator nor the random numbers of the loop change."""
    kept = [value for module in generator.modules() for value in vars(module).values() if isinstance(value, Tensor)]
    # What torch.nn.utils.weight_norm and spectral_norm compute from parameters can't be copied, and is computed again.
    known = {id(value): value.detach() for value in kept if not value.is_leaf}
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        samples = copy.deepcopy(generator, known).cpu().eval()(latents.cpu())
    if not isinstance(samples, Tensor):
        raise ValueError(f"The generator must return a tensor of samples, not a {type(samples).__name__}.")
    return samples.float().numpy()
