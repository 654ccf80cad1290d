import numpy as np
import pytest

from ganlab.snapshot import METRICS, HistoryWriter

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
