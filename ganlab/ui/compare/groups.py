"""Compared runs that differ in nothing but their seed."""

from collections.abc import Callable

import numpy as np

from ganlab import settings
from ganlab.ui.compare.picks import Pick
from ganlab.ui.compare.settings import IRRELEVANT

Group = list[Pick]


def grouped(picks: list[Pick]) -> list[Group]:
    """The runs in groups with the same settings and the same changes, in the order of their letters."""
    groups: dict[object, Group] = {}
    for pick in picks:
        held = settings.applying(pick.config)
        same = tuple(sorted((name, str(value)) for name, value in held.items() if name not in ("seed", *IRRELEVANT)))
        changes = tuple(map(tuple, pick.record.changes))
        alone = pick.run.run_id if "seed" in pick.config.unknown else ""
        groups.setdefault((same, changes, alone), []).append(pick)
    return list(groups.values())


def values(group: Group, measure: Callable[[Pick], float]) -> np.ndarray:
    """What was measured of each run of a group; without those of which nothing was."""
    found = np.array([measure(pick) for pick in group])
    return found[np.isfinite(found)]
