"""The hub: all runs of one server, and how many of them may train at once."""

import threading
import time

from ganlab import store
from ganlab.config import TrainConfig, spare_cores
from ganlab.runs import TrainingRun


class Refused(Exception):
    """The hub can't do it now; the message says why, in one sentence."""


class RunHub:
    """All runs of this server, newest last. At most `limit` of them train at once; paused ones don't count."""

    def __init__(self, limit: int | None = None) -> None:
        self._limit = limit or spare_cores()
        self._runs: dict[str, TrainingRun] = {}
        self._lock = threading.Lock()

    @property
    def runs(self) -> list[TrainingRun]:
        """All runs, newest first."""
        return list(reversed(self._runs.values()))

    @property
    def in_progress(self) -> list[TrainingRun]:
        """The runs that have not ended, newest first."""
        return [run for run in self.runs if not run.latest.status.ended]

    def start(self, config: TrainConfig) -> TrainingRun:
        """Start a run in a new folder. Raises Refused, naming those in progress, if there is no room."""
        with self._lock:
            self._make_sure_of_room()
            folder = store.RunFolder(store.runs_root() / store.new_run_id(), config)
            run = TrainingRun(config, folder)
            self._runs[run.run_id] = run
            return run.start()

    def resume(self, run: TrainingRun) -> None:
        """Let a paused run go on. Raises Refused, naming those in progress, if there is no room."""
        with self._lock:
            if not run.trains:
                self._make_sure_of_room()
                run.resume()

    def find(self, run_id: str) -> TrainingRun:
        """The run of that name. Raises LookupError, in one sentence, if there is none."""
        if not store.RUN_ID.fullmatch(run_id):
            raise LookupError("That link does not name a run.")
        if run_id not in self._runs:
            raise LookupError(f"There is no run {run_id} here. It may have ended with an earlier server.")
        return self._runs[run_id]

    def close(self, timeout: float = 5.0) -> None:
        """Stop all runs and wait for their threads, `timeout` seconds at most."""
        deadline = time.monotonic() + timeout
        for run in self._runs.values():
            run.stop()
        for run in self._runs.values():
            run.join(max(0.0, deadline - time.monotonic()))

    def _make_sure_of_room(self) -> None:
        training = [run for run in self.in_progress if run.trains]
        if len(training) >= self._limit:
            names = ", ".join(f"{r.latest.config.dataset} ({r.run_id})" for r in training)
            runs = "1 run" if self._limit == 1 else f"{self._limit} runs"
            raise Refused(f"This computer trains {runs} at a time: pause or stop {names} first.")
