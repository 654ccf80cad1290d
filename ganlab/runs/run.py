"""What pages know of a run, whether it trains in this process or another one, or lies on disk."""

from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ganlab.config import TrainConfig
from ganlab.data import own_names
from ganlab.formatting import ranges_in_words
from ganlab.gan.holding import constraint_in_words
from ganlab.measure.gradients import Gradients
from ganlab.measure.reading import Reading
from ganlab.runs.disk import contents
from ganlab.runs.snapshot import Snapshot


class Run(Protocol):
    """One run, to look at."""

    run_id: str  # the name of its folder
    path: Path

    @property
    def config(self) -> TrainConfig:
        """As started. Raises ValueError, in one sentence, if it can't be read."""

    @property
    def wanted(self) -> TrainConfig:
        """The settings in force, with every accepted change in them."""

    @property
    def instruments(self) -> frozenset[str]:
        """The instruments that look from the next step on."""

    @property
    def latest(self) -> Snapshot:
        """All that is known of it."""

    def uses_range(self, within: float) -> bool:
        """Whether the newest clamp in `latest` used the range in `wanted`, `within` seconds at most."""

    @property
    def name(self) -> str:
        """What its user named it; else its data and what holds its critic, at first and now.

        Raises ValueError as `config`.
        """
        return contents.name(self.path) or self.usual_name

    @property
    def usual_name(self) -> str:
        first, now, data = self.config, self.wanted, own_names.title(self.config)
        if all((config.constraint, config.clip_scale) == ("clip", "same") for config in (first, now)):
            return f"{data}, {ranges_in_words(first.clip_range, now.clip_range)}"
        words = dict.fromkeys(map(constraint_in_words, (first, now)))  # one if nothing has changed
        return f"{data}, {', then '.join(words)}"

    # The rest can be derived from `latest`; a run on disk reads fewer files for it.

    @property
    def summary(self) -> Snapshot:
        """Status, settings, step and seconds; without networks, samples and history where these cost anything."""
        return self.latest

    @property
    def record(self) -> Snapshot:
        """`tables`, with the weights and samples of the newest saved moment, and real samples."""
        return self.latest

    @property
    def tables(self) -> Snapshot:
        """`summary` with what its tables hold, but for the layers' counts."""
        return self.latest

    @property
    def reading(self) -> Reading | None:
        """What the instruments found in the networks of `latest`; None if they can't look or never did."""
        return self.latest.reading

    @property
    def gradients(self) -> Gradients | None:
        """The critic's gradients in the networks of `latest`; None if they can't be measured."""
        reading = self.latest.reading
        return reading.gradients if reading else None

    @property
    def newest_samples(self) -> np.ndarray | None:
        """Recent samples of the fixed latents, as in Snapshot."""
        return self.latest.samples

    @property
    def has_generator(self) -> bool:
        return self.latest.generator is not None


class SteeredRun(Run, Protocol):
    """One run that trains, here or elsewhere. A command acts at the end of a step."""

    def pause(self) -> None:
        """Wait after this step."""

    def resume(self) -> None:
        """Go on after a pause."""

    def step(self) -> None:
        """Make one step while paused, then wait again."""

    def stop(self) -> None:
        """End after this step, or at the next announcement while loading; what was learned is kept."""

    def change(self, /, **values: Any) -> None:
        """Change live fields from the next critic update on. Raises ValueError, with nothing changed, if it can't."""

    def switch(self, instruments: frozenset[str]) -> None:
        """Let these instruments look between steps, and no others. Raises ValueError for an unknown name."""
