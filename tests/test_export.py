"""`ganlab export --tensorboard`: TensorBoard reads back what the run's files hold."""

import csv
import dataclasses
import json
import math
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from stubs import TINY
from tensorboard import data_compat
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator, HistogramValue
from tensorboard.compat.proto.summary_pb2 import HistogramProto, Summary
from tensorboard.util import tensor_util

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
        for i, ((layer, shape), scale) in enumerate(zip(about["layers"], about["scales"], strict=True)):
            layer_edges = (edges if edges.ndim == 1 else edges[i]) * (scale or 1)
            for j, side in enumerate(("before", "after") if scale else ("weights",)):
                tags.add(tag := f"{side}/{layer}")
                (read,) = (one.histogram_value for one in events.Histograms(tag) if one.step == int(file.stem))
                posts = dict(zip(about["clip_range"], counts[i, j, [1, 3]], strict=True)) if scale else {}
                check_buckets(read, layer_edges, sides[j][i], {bound * scale: n for bound, n in posts.items()})
                assert read.num == math.prod(shape) == counts[i, j].sum()
    pooled = {tag for tag in events.Tags()["histograms"] if tag.endswith("/All_layers")}
    assert set(events.Tags()["histograms"]) - pooled == tags
    for tag in pooled:
        layers = [events.Histograms(f"{tag.partition('/')[0]}/{layer}") for layer, _ in about["layers"]]
        for every, *parts in zip(events.Histograms(tag), *layers, strict=True):
            together: Counter[tuple[float, float]] = Counter()
            for part in parts:
                together.update(buckets_of(part.histogram_value))
            assert buckets_of(every.histogram_value) == together


def check_buckets(read: HistogramValue, edges: np.ndarray, bins: np.ndarray, posts: dict[float, int]) -> None:
    """The counts are those of the bins, and, between each bound and the next float32, those of the post on it."""
    found = buckets_of(read)
    for bound, n in posts.items():
        at = float(np.float32(bound))
        assert found.pop((at, float(np.nextafter(np.float32(bound), np.float32(np.inf)))), 0) == n
    for (left, right), n in found.items():
        i = int(np.abs(edges[:-1] - left).argmin())
        assert (left, right) == pytest.approx((edges[i], edges[i + 1]), rel=1e-6, abs=1e-9)
        assert n == bins[i]
    assert len(found) == (bins > 0).sum()
    # As TensorBoard shows them, in float32: no bucket is stretched.
    value = Summary.Value(tag="t", histo=HistogramProto(**vars(read)))
    shown = data_compat.migrate_value(value)
    tensor = [tuple(row) for row in tensor_util.make_ndarray(shown.tensor).tolist() if row[2]]
    assert tensor == [tuple(float(np.float32(number)) for number in (*at, n)) for at, n in buckets_of(read).items()]


def buckets_of(read: HistogramValue) -> dict[tuple[float, float], float]:
    """By its two edges, the count of each bucket that is not empty."""
    return {at: n for at, n in zip(pairwise([read.min, *read.bucket_limit]), read.bucket, strict=True) if n}


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
