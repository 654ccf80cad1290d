"""What was measured of a run of a sweep, read once for all visitors."""

from contextlib import suppress
from math import nan
from typing import NamedTuple

import numpy as np

from ganlab.measure.reading import READINGS
from ganlab.runs.snapshot import Snapshot
from ganlab.runs.swept_run import SweptRun
from ganlab.ui.compare.measures import MEASURES
from ganlab.ui.compare.picks import Pick
from ganlab.ui.kit.live import once

LOOKS = 5  # the last of a run, in its second half: a single seed is as uncertain as they scatter
NOTHING = dict.fromkeys((measure.name for measure in MEASURES), nan)


class Results(NamedTuple):
    """What was measured of a run."""

    values: dict[str, float]  # by the name of the measure; NaN if it was not measured
    late_w1: np.ndarray  # of the last LOOKS, the newest last
    was_changed: bool  # while it trained, so that these are not of its planned settings alone


def results(run: SweptRun) -> Results:
    """The results of a run that no longer trains; none while it does, for its tables lag, or if it can't be read.

    Of both the table of runs says more.
    """
    with suppress(ValueError):
        if run.summary.status.ended:
            return once(run.summary, "results", lambda: _read(run, run.tables))
    return Results(NOTHING, np.empty(0), was_changed=False)


def _read(run: SweptRun, record: Snapshot) -> Results:
    pick = Pick("", run, "", run.config, record)
    values = {measure.name: measure.of(pick) for measure in MEASURES} if len(record.history) else NOTHING
    step, w1 = (record.readings[:, READINGS.index(name)] for name in ("step", "w1"))
    late = np.isfinite(w1) & (2 * step >= step.max(initial=0))
    return Results(values, w1[late][-LOOKS:], bool(record.changes))
