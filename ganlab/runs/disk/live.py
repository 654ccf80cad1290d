"""live.safetensors: the newest snapshot of a run that trains, for another process whose page shows it.

History, changes, readings and real samples are in files of their own, and the networks in checkpoints.
"""

import json
import math
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ganlab import tensorfile
from ganlab.config import TrainConfig, checked_clip_range
from ganlab.gan import state
from ganlab.gan.clipping import ClipReport, UpdateReport
from ganlab.gan.histograms import WeightHistogram
from ganlab.gan.holding import LIVE_FIELDS, changed_live
from ganlab.gan.watched import Layers
from ganlab.measure.reading import INSTRUMENTS, Reading
from ganlab.runs.disk import histograms, looks
from ganlab.runs.disk.contents import are_samples, check_progress
from ganlab.runs.disk.damage import check_file, refusing
from ganlab.runs.history import NO_HISTORY
from ganlab.runs.range_change import COMPARED, RangeChange
from ganlab.runs.snapshot import Snapshot, Status

FILE = "live.safetensors"
LIMIT_BYTES = 2**25
_MOST_PLAYED = 2**20  # weights of a critic whose last update can be played
LONGEST_SENTENCE = 2000  # letters
_HISTOGRAMS = ("weights", "held", "fold")


@dataclass(frozen=True)
class Live:
    """What live.safetensors holds."""

    snapshot: Snapshot  # without history, changes, readings, real samples and networks
    wanted: TrainConfig  # with every accepted change
    taken: tuple[str, ...]  # the names of the newest commands that were taken


def write(path: Path, live: Live) -> None:
    """Write it whole or not at all. Raises OSError."""
    snapshot, change, update = live.snapshot, live.snapshot.change, live.snapshot.update
    names = ("status", "message", "device", "step", "critic_step", "seconds", "steps_per_second")
    about: dict[str, Any] = {name: getattr(snapshot, name) for name in (*names, "instruments_share", "warning")}
    about |= {"instruments": sorted(snapshot.instruments), "taken": live.taken}
    about |= {"in_force": _live_fields(snapshot.config), "wanted": _live_fields(live.wanted)}
    arrays: dict[str, np.ndarray] = {}
    if snapshot.samples is not None:
        arrays["samples"] = snapshot.samples
    if snapshot.reading:
        about["reading"], parts = looks.packed(snapshot.reading)
        arrays |= parts
    if change:
        about["change"] = {name: getattr(change, name) for name in ("before", "step", "critic_step", "age", "left")}
        about["change"] |= {"former": _live_fields(change.former), "config": _live_fields(change.config)}
        arrays["change.samples"] = change.samples
        if change.reading:
            about["change"]["reading"], parts = looks.packed(change.reading)
            # A copy: the newest look may be the same one, and a file refuses tensors that share memory.
            arrays |= {f"change.{part}": array.copy() for part, array in parts.items()}
    sets = (snapshot.weights, snapshot.held, change.fold if change else ())
    for name, weights in zip(_HISTOGRAMS, sets, strict=True):
        if weights:
            about[name], parts = histograms.packed(weights)
            arrays |= {f"{name}.{part}": array for part, array in parts.items()}
    tensors = {name: torch.from_numpy(np.ascontiguousarray(array)) for name, array in arrays.items()}
    if update and update.start.numel() <= _MOST_PLAYED:
        clip = update.clip
        about["update"] = {"clip_range": clip.clip_range, "scales": clip.scales}
        about["update"] |= {"critic_step": update.critic_step, "number": update.number}
        tensors |= {"update.start": update.start.cpu(), "update.before": clip.before.cpu()}
    tensorfile.write(path / FILE, tensorfile.packed(tensors, {"live": json.dumps(about)}))


def read(path: Path, config: TrainConfig, layers: Layers) -> Live:
    """What a run with these settings, and a critic of these layers, shows of itself. Raises Damaged."""
    file = path / FILE
    with refusing(f"{FILE} can't be shown"):
        check_file(file, LIMIT_BYTES)
        metadata, tensors = tensorfile.read(file, lambda *_: None, LIMIT_BYTES)
        about = tensorfile.parsed(metadata.get("live", ""))
        try:
            return _live(path.name, config, layers, about, tensors)
        except (KeyError, TypeError, AttributeError):
            raise ValueError("its metadata is invalid") from None


def _live(run_id: str, config: TrainConfig, layers: Layers, about: Any, tensors: dict[str, Tensor]) -> Live:
    status = Status(about["status"])
    counts = {name: about[name] for name in ("step", "critic_step", "seconds")}
    check_progress(**counts, device=about["device"] or "none")  # empty while it loads
    pace = {name: about[name] for name in ("steps_per_second", "instruments_share")}
    sentences = {name: about[name] for name in ("message", "warning")}
    instruments, taken = frozenset(about["instruments"]), tuple(about["taken"])
    if status.ended or status is Status.ELSEWHERE or counts["step"] > config.steps or not instruments <= INSTRUMENTS:
        raise ValueError("it is not of a run that trains")
    if not all(type(number) is float and 0 <= number < math.inf for number in pace.values()):
        raise ValueError("its speed is invalid")
    if not all(type(text) is str and len(text) <= LONGEST_SENTENCE for text in (*sentences.values(), *taken)):
        raise ValueError("its sentences are invalid")
    in_force, wanted = (changed_live(config, about[name]) for name in ("in_force", "wanted"))
    weights, held, fold = (_histograms(name, layers, about, tensors) for name in _HISTOGRAMS)
    snapshot = Snapshot(
        run_id=run_id,
        status=status,
        config=in_force,
        device=about["device"],
        history=NO_HISTORY,
        weights=weights,
        held=held,
        change=_change(about.get("change"), config, fold, tensors),
        update=_update(about["update"], layers, tensors) if "update" in about else None,
        samples=_samples("samples", config, tensors) if "samples" in tensors else None,
        reading=_reading(about, tensors),
        instruments=instruments,
        **counts,
        **pace,
        **sentences,
    )
    return Live(snapshot, wanted, taken)


def _histograms(
    name: str, layers: Layers, about: dict[str, Any], tensors: dict[str, Tensor]
) -> tuple[WeightHistogram, ...]:
    if name not in about:
        return ()
    parts = state.below(tensors, name)
    histograms.check(layers, {part: (tensor.dtype, tuple(tensor.shape)) for part, tensor in parts.items()})
    return histograms.unpacked(layers, about[name], {part: tensor.numpy() for part, tensor in parts.items()})


def _samples(name: str, config: TrainConfig, tensors: dict[str, Tensor]) -> np.ndarray:
    tensor = tensors[name]
    if not are_samples(config, tensor.dtype, tuple(tensor.shape)) or not tensor.isfinite().all():
        raise ValueError("its samples are not of this run's kind and size")
    return tensor.numpy()


def _change(
    about: Any, config: TrainConfig, fold: tuple[WeightHistogram, ...], tensors: dict[str, Tensor]
) -> RangeChange | None:
    if about is None:
        return None
    samples = _samples("change.samples", config, tensors)
    counts = {name: about[name] for name in ("before", "step", "critic_step")}
    age, left = about["age"], about["left"]
    if not all(type(count) is int and 0 <= count < 2**53 for count in counts.values()):
        raise ValueError("its change of the clip range is invalid")
    if not type(age) is type(left) is float or not 0 <= age < 1e12 or not -1e12 < left <= COMPARED:
        raise ValueError("its change of the clip range is invalid")
    former, now = (changed_live(config, about[name]) for name in ("former", "config"))
    reading = _reading(about, state.below(tensors, "change"))
    acted, until = time.monotonic() - age, time.monotonic() + left
    return RangeChange(former, now, reading=reading, samples=samples, fold=fold, acted=acted, until=until, **counts)


def _live_fields(config: TrainConfig) -> dict[str, Any]:
    return {field: getattr(config, field) for field in LIVE_FIELDS if field not in config.unknown}


def _reading(about: dict[str, Any], tensors: dict[str, Tensor]) -> Reading | None:
    parts = {name: tensor.numpy() for name, tensor in tensors.items() if name.startswith("reading.")}
    return looks.unpacked(about["reading"], parts) if "reading" in about else None


def _update(about: dict[str, Any], layers: Layers, tensors: dict[str, Tensor]) -> UpdateReport:
    start, before = tensors["update.start"], tensors["update.before"]
    size, number = (sum(math.prod(shape) for _, shape in layers),), about["number"]
    tensors_fit = (t.shape == size and t.dtype == torch.float32 and t.isfinite().all() for t in (start, before))
    counted = all(type(count) is int and 0 < count < 2**53 for count in (about["critic_step"], number))
    scales = tuple(about["scales"])
    sound = all(scale is None or (type(scale) is float and 0 < scale < math.inf) for scale in scales)
    if not all(tensors_fit) or not counted or len(scales) != len(layers) or not sound:
        raise ValueError("its last update is invalid")
    clip = ClipReport(about["clip_range"] and checked_clip_range(about["clip_range"]), layers, before, scales)
    return UpdateReport(start, clip, about["critic_step"], number)
