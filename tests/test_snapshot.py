"""A snapshot's history, while the run goes on."""

import numpy as np
import pytest

from ganlab.runs.history import METRICS, HistoryWriter

LAYERS = (("a", (2, 5)), ("b", (6,)))


def test_a_view_of_the_history_does_not_grow_or_change() -> None:
    writer = HistoryWriter()
    row = dict.fromkeys(METRICS, 0.0)
    for step in range(3000):
        if step == 1500:
            early = writer.view()
        writer.append(row | {"step": step}, LAYERS, np.full((2, 2), step))
    assert early["step"].tolist() == early.layer_counts[:, 1, 1].tolist() == list(range(1500))
    assert writer.view()["step"].tolist() == writer.view().layer_counts[:, 0, 0].tolist() == list(range(3000))
    assert early.layer_names == ["a", "b"]
    assert early.layer_shares[600].tolist() == [[60, 60], [100, 100]]
    with pytest.raises(ValueError, match="read-only"):
        early.rows[0, 0] = 1


def test_a_history_that_lacks_rows_still_knows_its_steps() -> None:
    """As a resumed run's may: of steps 51 to 100 nothing is left, and after step 200 the range was another."""
    writer = HistoryWriter()
    for step in (*range(1, 51), *range(101, 251)):
        row = dict.fromkeys(METRICS, 0.0) | {"step": step, "clip_low": -1.0, "clip_high": 1 + (step > 200)}
        writer.append(row, (("w", (2,)),), np.zeros((1, 2)))
    known = writer.view()
    assert known.range_since == 200
    assert known.until(200)["step"][-1] == 200
    assert known.until(75)["step"][-1] == 50
    assert known.until(200).range_since == 0
    assert HistoryWriter().view().range_since == 0
