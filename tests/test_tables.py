"""The tables of a run: read by column name, cut back, continued."""

import csv
import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from records import assert_equal
from stubs import TINY, TINY_IMAGES

from ganlab.measure.reading import READINGS
from ganlab.runs.disk import csv_file, tables
from ganlab.runs.disk.folder import RunFolder
from ganlab.runs.history import METRICS
from ganlab.runs.snapshot import Status
from ganlab.runs.training_run import TrainingRun

Rows = list[dict[str, str]]
SOME = frozenset({"gradients", "lipschitz"})


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "r"
    TrainingRun(RunFolder(path, TINY_IMAGES)).run()
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run's folder with its settings alone."""
    (tmp_path / "config.json").write_text(json.dumps(TINY_IMAGES.as_dict()))
    return tmp_path


def rows_of(path: Path) -> Rows:
    return list(csv.DictReader(path.read_text().splitlines()))


def write_rows(path: Path, rows: Rows) -> None:
    lines = [",".join(rows[0]), *(",".join(row.values()) for row in rows)]
    path.write_text("\n".join(lines) + "\n")


def without(*columns: str) -> Callable[[Rows], Rows]:
    return lambda rows: [{name: cell for name, cell in row.items() if name not in columns} for row in rows]


def with_mood(rows: Rows) -> Rows:
    """With a column that this version does not know, of words."""
    return [{"mood": f"calm{i}", **row} for i, row in enumerate(rows)]


def reordered(rows: Rows) -> Rows:
    return [dict(reversed(row.items())) for row in rows]


def test_a_line_that_was_being_written_is_left_out(trained: Path, folder: Path) -> None:
    for name in ("metrics.csv", "layers.csv"):
        (folder / name).write_text((trained / name).read_text() + "5,1")
    history = tables.history(folder)
    assert (history.rows == tables.history(trained).rows).all()
    assert (history.layer_counts == tables.history(trained).layer_counts).all()
    assert len(tables.history(folder, last_step=2)) == 2


@pytest.mark.parametrize("text", ["", "step,critic_st"])
def test_a_table_killed_before_its_header_was_written_has_no_rows(text: str, folder: Path) -> None:
    for name in ("metrics.csv", "layers.csv", "instruments.csv", "changes.csv"):
        (folder / name).write_text(text)
    history = tables.history(folder)
    assert (history.rows.shape, history.layers) == ((0, len(METRICS)), ())
    assert len(tables.readings(folder)) == 0
    assert tables.changes(folder / "changes.csv") == []


@pytest.mark.parametrize(
    ("low", "high"), [("nan", "0.1"), ("-0.1", ""), ("", "0.1"), ("0.5", "0.1"), ("-inf", "0.1"), ("inf", "inf")]
)
def test_an_invalid_clip_range_is_one_sentence(low: str, high: str, trained: Path, folder: Path) -> None:
    rows = rows_of(trained / "metrics.csv")
    write_rows(folder / "metrics.csv", [*rows[:-1], rows[-1] | {"clip_low": low, "clip_high": high}])
    with pytest.raises(ValueError, match=r"^metrics.csv has an invalid clip range\.$"):
        tables.history(folder)


@pytest.fixture(scope="module")
def penalised(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "r"
    config = dataclasses.replace(TINY, constraint="gradient-penalty")
    TrainingRun(RunFolder(path, config)).run()
    return path


def test_where_nothing_is_clamped_the_cells_of_a_clamp_are_empty(penalised: Path) -> None:
    for row in rows_of(penalised / "metrics.csv"):
        empty = [name for name, cell in row.items() if not cell]
        assert empty == ["clip_low", "clip_high", "clamped_share", "at_bound_share"]
        assert float(row["critic_loss"]) > -float(row["critic_estimate"])
    assert {cell for row in rows_of(penalised / "layers.csv") for name, cell in row.items() if name != "step"} == {""}
    history = tables.history(penalised)
    assert np.isnan(history.layer_shares).all()


@pytest.mark.parametrize(("objective", "refused"), [("wasserstein", True), ("hinge", False)])
def test_a_loss_that_no_penalty_explains_is_refused(
    objective: str, refused: bool, penalised: Path, tmp_path: Path
) -> None:
    path = shutil.copytree(penalised, tmp_path / "r")
    config = json.loads((path / "config.json").read_text()) | {"objective": objective}
    (path / "config.json").write_text(json.dumps(config))
    rows = rows_of(path / "metrics.csv")
    write_rows(path / "metrics.csv", [*rows[:-1], rows[-1] | {"critic_loss": "-100.0"}])
    if refused:
        with pytest.raises(ValueError, match="invalid critic loss"):
            tables.history(path)
    else:
        assert tables.history(path)["critic_loss"][-1] == -100


@pytest.mark.parametrize("cell", ["", "nan"])
def test_an_empty_clip_range_is_nan(cell: str, trained: Path, folder: Path) -> None:
    rows = rows_of(trained / "metrics.csv")
    write_rows(folder / "metrics.csv", [*rows[:-1], rows[-1] | {"clip_low": cell, "clip_high": cell}])
    rows, expected = tables.metrics(folder), tables.metrics(trained).copy()
    expected[-1, [METRICS.index("clip_low"), METRICS.index("clip_high")]] = np.nan
    assert np.array_equal(rows, expected, equal_nan=True)


@pytest.mark.parametrize(
    "text",
    [
        "step\ncats\n",
        "step,critic_step\n1\n",
        "step,critic_step\n1,2,3\n",
        "step,step\n1,1\n",
        "step\n\n1\n",
        "step,critic_step\n,1\n",
        "critic_step\n1\n",
        "1,2\n3,4\n",
        "\n1\n",
        "words\n",
    ],
)
def test_a_damaged_table_is_one_sentence(text: str, folder: Path) -> None:
    for name, read in (("metrics.csv", tables.history), ("instruments.csv", tables.readings)):
        (folder / name).write_text(text)
        if text == "words\n":  # no rows: nothing is missing
            assert len(read(folder)) == 0
            continue
        with pytest.raises(ValueError, match=rf"^{name} is damaged\.$"):
            read(folder)


def test_a_missing_table_is_one_sentence(folder: Path) -> None:
    with pytest.raises(ValueError, match=r"^metrics.csv is missing\.$"):
        tables.history(folder)
    assert tables.readings(folder).shape == (0, len(READINGS))


@pytest.mark.parametrize("cell", ["", "-1", "1e30", "cats"])
def test_counts_that_are_none_are_refused(cell: str, trained: Path, folder: Path) -> None:
    shutil.copy(trained / "metrics.csv", folder)
    rows = rows_of(trained / "layers.csv")
    last = [*rows[-1]][-1]
    write_rows(folder / "layers.csv", [*rows[:-1], rows[-1] | {last: cell}])
    with pytest.raises(ValueError, match=r"^layers.csv is damaged[.,]"):
        tables.history(folder)


@pytest.mark.parametrize("change", [with_mood, reordered], ids=["unknown", "reordered"])
def test_layers_are_found_by_name(change: Callable[[Rows], Rows], trained: Path, folder: Path) -> None:
    shutil.copy(trained / "metrics.csv", folder)
    write_rows(folder / "layers.csv", change(rows_of(trained / "layers.csv")))
    before = tables.history(trained)
    history = tables.history(folder)
    assert history.layers == before.layers
    assert np.array_equal(history.layer_counts, before.layer_counts)


def with_nan(rows: Rows) -> Rows:
    """With `nan` in the empty cells, as earlier versions wrote instruments.csv."""
    return [{name: cell or "nan" for name, cell in row.items()} for row in rows]


CHANGED = {
    "with nan": (lambda *_: with_nan, {}),
    "fewer": (without, {"metrics.csv": ["generator_loss"], "instruments.csv": ["gradient_input", "w1"]}),
    "more": (lambda *_: with_mood, {}),
    "reordered": (lambda *_: reordered, {}),
    "fewer and more": (
        lambda *columns: lambda rows: with_mood(reordered(without(*columns)(rows))),
        {"metrics.csv": ["clip_low", "clip_high", "clamped_share"], "instruments.csv": ["cpu_seconds"]},
    ),
}


@pytest.mark.parametrize("which", CHANGED)
def test_a_run_with_tables_of_another_version_opens_and_resumes(which: str, tmp_path: Path) -> None:
    """The rows before it keep what they hold; the rows after it are what an uninterrupted run writes."""
    change, lost = CHANGED[which]
    short, path = dataclasses.replace(TINY, steps=6), tmp_path / "r"
    last = TrainingRun(RunFolder(path, short), instruments=SOME).run()
    before = {name: rows_of(path / name) for name in ("metrics.csv", "layers.csv", "instruments.csv")}
    old = {name: change(*lost.get(name, []))(rows) for name, rows in before.items()}
    for name, rows in old.items():
        write_rows(path / name, rows)
    (path / "changes.csv").write_text("who,value,critic_step,field\n")

    history, readings = tables.history(path), tables.readings(path)
    assert dict(history.layers) == dict(last.history.layers)
    for name, columns, numbers in (("metrics.csv", METRICS, history.rows), ("instruments.csv", READINGS, readings)):
        for i, column in enumerate(columns):
            empty = column in lost.get(name, [])
            expected = [np.nan if empty else float(row[column] or "nan") for row in before[name]]
            assert np.array_equal(numbers[:, i], expected, equal_nan=True), column

    folder = RunFolder.reopen(path, 12)
    assert folder.resume_point.warning == ""
    last = TrainingRun(folder, instruments=SOME).run()
    assert (last.status, last.step, last.warning) == (Status.FINISHED, 12, "")
    for name, rows in old.items():
        now = rows_of(path / name)
        assert [{column: row[column] for column in rows[0]} for row in now[: len(rows)]] == rows, name
        assert [*now[0]] == [*rows[0], *(column for column in before[name][0] if column not in rows[0])]
        added = [column for column in now[0] if column not in rows[0]]
        assert {row[column] for row in now[: len(rows)] for column in added} <= {""}
        assert not any(cell == "nan" for row in now[len(rows) :] for cell in row.values())
    whole = dataclasses.replace(TINY, steps=12)
    expected = TrainingRun(RunFolder(tmp_path / "whole", whole), instruments=SOME).run()
    resumed = slice(6, None)
    assert len(last.history) == 12
    assert np.array_equal(last.history.rows[resumed, :-1], expected.history.rows[resumed, :-1])
    assert np.array_equal(tables.history(path).rows[resumed], last.history.rows[resumed])
    assert last.history.layers == expected.history.layers
    assert np.array_equal(last.history.layer_counts, expected.history.layer_counts)
    again = tables.history(path)
    assert np.array_equal(again.layer_counts, expected.history.layer_counts)
    assert np.array_equal(tables.readings(path), last.readings, equal_nan=True)
    at_end = tables.readings(path)[-1, :-1]  # without cpu_seconds
    assert np.array_equal(at_end, tables.readings(tmp_path / "whole")[-1, :-1], equal_nan=True)


def test_a_table_of_this_version_is_continued_byte_for_byte(tmp_path: Path) -> None:
    short, whole = (dataclasses.replace(TINY, steps=steps) for steps in (6, 12))
    TrainingRun(RunFolder(tmp_path / "r", short)).run()
    folder = RunFolder.reopen(tmp_path / "r", 12)
    TrainingRun(folder).run()
    TrainingRun(RunFolder(tmp_path / "whole", whole)).run()
    assert_equal(tmp_path / "r", tmp_path / "whole")


def test_a_table_without_a_column_is_not_added_to(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("step\n1\n")
    with pytest.raises(ValueError, match=r"^t.csv has no column loss\.$"):
        csv_file.Table(tmp_path / "t.csv", ["step", "loss"])
    csv_file.cut(tmp_path / "t.csv", 1, ["step", "loss"])
    table = csv_file.Table(tmp_path / "t.csv", ["loss", "step"])
    table.add({"loss": 3, "step": 2})
    table.flush()
    table.close()
    assert (tmp_path / "t.csv").read_text() == "step,loss\n1,\n2,3\n"


def test_a_table_is_cut_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    path = tmp_path / "t.csv"
    path.write_text("step\n1\n2\n")
    with monkeypatch.context() as disk:
        disk.setattr("os.replace", full)
        with pytest.raises(OSError, match="No space"):
            csv_file.cut(path, 1, ["step", "loss"])
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("t.csv", "step\n1\n2\n")]


@pytest.mark.parametrize("line", ["5,clip_range", "5,steps,3", "a,n_critic,3", "5,clip_range,2 1", "5,critic_lr,nan"])
def test_a_damaged_change_is_one_sentence(line: str, tmp_path: Path) -> None:
    (tmp_path / "changes.csv").write_text(f"critic_step,field,value\n{line}\n")
    with pytest.raises(ValueError, match=r"^changes.csv is damaged\.$"):
        tables.changes(tmp_path / "changes.csv")


def test_changes_are_read_by_column_name(tmp_path: Path) -> None:
    path = tmp_path / "changes.csv"
    path.write_text("value,who,critic_step,field\n-0.2 0.2,me,5,clip_range\n3,you,8,n_critic\n")
    assert tables.changes(path) == [(5, "clip_range", (-0.2, 0.2)), (8, "n_critic", 3)]
    path.write_text("critic_step,field\n5,clip_range\n")
    with pytest.raises(ValueError, match=r"^changes.csv is damaged\.$"):
        tables.changes(path)


def test_rows_that_a_full_disk_did_not_take_are_tried_piece_by_piece(tmp_path: Path) -> None:
    table, sizes = csv_file.Table(tmp_path / "t.csv", ["a"]), []

    class Full:
        def write(self, content: bytes) -> int:
            sizes.append(len(content))
            raise OSError(28, "No space left on device")

        def truncate(self, _: int) -> None: ...

    disk, table._file = table._file, Full()
    for row in range(5 * csv_file.PIECE):
        table.add({"a": row})
    with pytest.raises(OSError, match="No space"):
        table.flush()
    assert sizes[0] < 5 * csv_file.PIECE
    table._file = disk
    table.flush(sync=True)
    table.close()
    assert (tmp_path / "t.csv").read_text().split() == ["a", *map(str, range(5 * csv_file.PIECE))]


@pytest.mark.parametrize("step", ["", "inf", "-1", "1e300", "x"])
def test_a_last_row_that_no_run_writes_is_no_step(step: str, tmp_path: Path) -> None:
    (tmp_path / "metrics.csv").write_text(f"step,seconds\n1,0.5\n{step},0.6\n")
    assert tables.newest_step(tmp_path) == 0
