"""The gradient norms of the compared runs, layer by layer; runs on disk are measured while the page is shown."""

from contextlib import suppress
from weakref import WeakKeyDictionary

from ganlab.measure.gradients import Gradients
from ganlab.plots import compare
from ganlab.plots.base import Figure
from ganlab.runs.snapshot import Snapshot
from ganlab.ui.compare.keys import legend
from ganlab.ui.compare.picks import Pick
from ganlab.ui.kit.components import Caption

TITLE = "Gradient norm per layer"
_measured: WeakKeyDictionary[Snapshot, Gradients | None] = WeakKeyDictionary()


def unmeasured(picks: list[Pick]) -> list[Pick]:
    """The runs on disk whose networks nobody has looked at yet."""
    on_disk = (pick for pick in picks if pick.record.generator is None and pick.record.status.ended)
    return [pick for pick in on_disk if pick.record not in _measured]


def measure(pick: Pick) -> None:
    """Look at a run's networks; without a result if they can't be read any more."""
    found = None
    with suppress(ValueError):
        found = pick.run.gradients
    _measured[pick.record] = found  # not before: other visitors wait for it


def known(picks: list[Pick]) -> dict[str, Gradients]:
    """The gradients by letter, of the runs that have any: those that this server trains have them in their looks."""
    found = ((pick.letter, _measured.get(pick.record) or _in_look(pick.record)) for pick in picks)
    return {letter: gradients for letter, gradients in found if gradients}


def _in_look(record: Snapshot) -> Gradients | None:
    return record.reading.gradients if record.reading else None


def figure(found: dict[str, Gradients]) -> Figure:
    return compare.gradients(found)


def caption(found: dict[str, Gradients]) -> Caption:
    return Caption(TITLE, legend(found))


def note(picks: list[Pick], found: dict[str, Gradients]) -> str:
    """Which runs are missing, and why."""
    waiting = [pick.letter for pick in unmeasured(picks)]
    if waiting:
        return f"Measuring {', '.join(waiting)}."
    missing = [pick.letter for pick in picks if pick.letter not in found]
    return f"Not measured: {', '.join(missing)}." if missing else "From the scores back to the input, on a log axis."
