"""`ganlab export --tensorboard`: TensorBoard reads back what the run's files hold."""

import csv
import dataclasses
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from stubs import TINY
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from ganlab.cli.main import main
from ganlab.config import TrainConfig
from ganlab.measure.reading import INSTRUMENTS
from ganlab.runs.disk.folder import RunFolder
from ganlab.runs.training_run import TrainingRun

CONFIGS = {
    "clip": TINY,
    "fan-in": dataclasses.replace(TINY, clip_scale="fan-in", clip_scope="weights", steps=3),
    "spectral": dataclasses.replace(TINY, constraint="spectral-norm", steps=3),
}


@pytest.fixture(scope="module", params=CONFIGS)
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, EventAccumulator]:
    """The folder of a run, and what TensorBoard reads of it."""
    folder = tmp_path_factory.mktemp("export")
    run = trained(folder / request.param, CONFIGS[request.param])
    assert main(["export", "--tensorboard", str(run), "--out", str(folder / "events")]) == 0
    (events,) = (folder / "events").iterdir()
    assert events.name == request.param
    return run, EventAccumulator(str(events), size_guidance={"scalars": 0, "histograms": 0}).Reload()


def trained(path: Path, config: TrainConfig) -> Path:
    TrainingRun(RunFolder(path, config), instruments=INSTRUMENTS).run()
    return path


def test_scalars_are_the_tables_at_their_steps(exported: tuple[Path, EventAccumulator]) -> None:
    run, events = exported
    expected = {}
    for table in ("metrics", "instruments"):
        rows = list(csv.DictReader((run / f"{table}.csv").read_text().splitlines()))
        for column in set(rows[0]) - {"step"}:
            known = [(int(float(row["step"])), float(row[column] or "nan")) for row in rows]
            if known := [(step, value) for step, value in known if np.isfinite(value)]:
                expected[f"{table}/{column}"] = known
    assert set(events.Tags()["scalars"]) == set(expected)
    for tag, known in expected.items():
        read = events.Scalars(tag)
        assert [one.step for one in read] == [step for step, _ in known]
        assert [one.value for one in read] == [float(np.float32(value)) for _, value in known]


def test_histograms_are_the_moments_with_their_own_bins(exported: tuple[Path, EventAccumulator]) -> None:
    run, events = exported
    tags = set()
    for file in sorted((run / "moments").iterdir()):
        with safe_open(file, "np") as moment:
            about = json.loads(moment.metadata()["moment"])
            edges, *sides, counts = (moment.get_tensor(name) for name in ("edges", "before", "after", "counts"))
        for i, ((layer, _), scale) in enumerate(zip(about["layers"], about["scales"], strict=True)):
            layer_edges = edges if edges.ndim == 1 else edges[i]
            for j, side in enumerate(("before", "after") if scale else ("weights",)):
                tags.add(tag := f"{side}/{layer}")
                (read,) = (one.histogram_value for one in events.Histograms(tag) if one.step == int(file.stem))
                limits, in_buckets = np.array(read.bucket_limit), np.array(read.bucket)
                below, at_low, inside, at_high, above = counts[i, j].tolist()
                assert read.num == in_buckets.sum() == below + at_low + inside + at_high + above
                if not scale:
                    assert limits.tolist() == layer_edges[1:].tolist()
                    assert in_buckets.tolist() == sides[0][i].tolist()
                    continue
                # Exactly at a bound: from it to the next float32, and in no other bucket.
                rest = np.ones(len(limits), bool)
                for bound, n in zip(about["clip_range"], (at_low, at_high), strict=True):
                    bound = np.float32(bound * scale)
                    at = limits.tolist().index(np.nextafter(bound, np.float32(np.inf)))
                    assert limits[at - 1] == bound
                    assert in_buckets[at] == n
                    rest[at] = False
                assert in_buckets[rest].tolist() == sides[j][i].tolist()
                assert limits[rest] == pytest.approx(layer_edges[1:] * scale, rel=1e-6)
    pooled = {tag for tag in events.Tags()["histograms"] if tag.endswith("/All_layers")}
    assert set(events.Tags()["histograms"]) - pooled == tags
    for tag in pooled:
        layers = [events.Histograms(f"{tag.partition('/')[0]}/{layer}") for layer, _ in about["layers"]]
        for every, *parts in zip(events.Histograms(tag), *layers, strict=True):
            assert (
                every.histogram_value.bucket == np.sum([one.histogram_value.bucket for one in parts], axis=0).tolist()
            )


def test_nothing_is_written_over_another_export(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = trained(tmp_path / "run", dataclasses.replace(TINY, steps=1))
    (tmp_path / "events/run").mkdir(parents=True)
    assert main(["export", "--tensorboard", str(run), "--out", str(tmp_path / "events")]) == 2
    assert list((tmp_path / "events/run").iterdir()) == []
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_without_tensorboard_a_sentence_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = trained(tmp_path / "run", dataclasses.replace(TINY, steps=1))
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    assert main(["export", "--tensorboard", str(run), "--out", str(tmp_path / "events")]) == 2
    assert "pip install tensorboard" in capsys.readouterr().err
    assert not (tmp_path / "events").exists()
