"""What pages know of a run, whether it trains in this process or another one, or lies on disk."""

from pathlib import Path
from typing import Protocol

import numpy as np

from ganlab.config import TrainConfig
from ganlab.measure.reading import Reading
from ganlab.runs.snapshot import Snapshot


class Run(Protocol):
    """One run, to look at. To control one, use the methods of `TrainingRun`."""

    @property
    def run_id(self) -> str:
        """The name of its folder."""

    @property
    def path(self) -> Path:
        """Its folder."""

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
    def summary(self) -> Snapshot:
        """Status, settings, step and seconds; without networks, samples and history where these cost anything."""

    @property
    def latest(self) -> Snapshot:
        """All that is known of it."""

    @property
    def reading(self) -> Reading | None:
        """What the instruments found in the networks of `latest`; None if they can't look or never did."""

    @property
    def newest_samples(self) -> np.ndarray | None:
        """Recent samples of the fixed latents, as in Snapshot."""

    @property
    def has_generator(self) -> bool:
        """Whether there is a generator to sample from."""
