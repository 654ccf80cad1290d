"""The sentences above a run's figures."""

import dataclasses

from stubs import TINY

from ganlab.runs.history import HistoryWriter
from ganlab.runs.snapshot import Snapshot, Status
from ganlab.ui.kit import clip_range
from ganlab.ui.train import panels

SNAPSHOT = Snapshot(
    run_id="20260101-000000-abcd", status=Status.RUNNING, message="", config=TINY, history=HistoryWriter().view()
)


def test_what_others_wrote_is_escaped() -> None:
    assert "<b>x" not in clip_range.refused("<b>x</b>", (-1, 1))
    starting = dataclasses.replace(SNAPSHOT, status=Status.STARTING, message="<script>")
    assert "<script>" not in panels.state_line(starting, "<script>")


def test_the_record_names_the_newest_changes() -> None:
    from ganlab.runs.history import Change

    changes = tuple(Change(5 * i, i, "clip_range", (-i / 100, i / 100)) for i in range(1, 31))
    text = panels.record(dataclasses.replace(SNAPSHOT, changes=changes))
    assert "±0.3<" in text + "<"
    assert "18 earlier changes are in changes.csv" in text
    assert "No changes" in panels.record(SNAPSHOT)


def test_the_record_tells_no_setting_without_an_effect() -> None:
    fixed = dataclasses.replace(TINY, generator="real-plus-noise", noise_sd=0.5, clip_scope="weights")
    text = panels.record(dataclasses.replace(SNAPSHOT, config=fixed))
    assert "latents" not in text
    assert "noise: 0.5" in text
    assert "weights" in text
    text = panels.record(
        dataclasses.replace(SNAPSHOT, config=dataclasses.replace(TINY, constraint="none", clip_scope="weights"))
    )
    assert "latents 2" in text
    assert "weights" not in text
