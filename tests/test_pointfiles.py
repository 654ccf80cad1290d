"""Points from a CSV, kept and loaded again, and the shapes to start a drawing from."""

from pathlib import Path

import numpy as np
import pytest

from ganlab.data import own_points
from ganlab.data.own_points import SHAPES

LINES = [f"{i / 10},{-i / 10}" for i in range(16)]
HERE = np.stack([np.arange(16) / 10, -np.arange(16) / 10], 1).astype(np.float32)


def read(*lines: str) -> np.ndarray:
    points, message = own_points.read_csv("\n".join(lines).encode(), "p.csv")
    assert message == ""
    return points


@pytest.mark.parametrize(
    "lines",
    [
        LINES,
        ["x,y", *LINES],
        ["\ufeffx;y", *(line.replace(",", " ; ") for line in LINES)],
        ["", "# first second", *(line.replace(",", "\t") for line in LINES), ""],
        [line.replace(",", "  ") + "\r" for line in LINES],
    ],
)
def test_two_columns_in_any_usual_notation(lines: list[str]) -> None:
    points = read(*lines)
    assert points.dtype == np.float32
    assert np.array_equal(points, HERE)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([*LINES, "1,two"], "Line 17 of p.csv is not two numbers: “1,two”."),
        ([*LINES, "1"], "Line 17 of p.csv is not two numbers: “1”."),
        ([*LINES, "1,2,3"], "Line 17 of p.csv is not two numbers"),
        (["x,y", "x,y", *LINES], "Line 2 of p.csv is not two numbers"),
        ([*LINES, "nan,0"], "Line 17 of p.csv has a number out of range"),
        ([*LINES, "0,-inf"], "Line 17 of p.csv has a number out of range"),
        ([*LINES, "0,1e300"], "Line 17 of p.csv has a number out of range"),
        (LINES[1:], "p.csv holds 15 points; at least 16 are needed."),
        (["x,y", "0,0"], "p.csv holds 1 point; at least 16"),
        ([], "p.csv holds 0 points"),
        (["0,0"] * 5_001, "p.csv holds 5,001 points; at most 5,000"),
        (["0" * (2 * 2**20)], "p.csv is larger than 2 MB"),
    ],
)
def test_anything_else_is_refused_in_one_sentence(lines: list[str], words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        read(*lines, "")
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")


def test_a_binary_file_is_refused_in_a_sentence() -> None:
    with pytest.raises(ValueError, match="is not a text file"):
        own_points.read_csv(b"\xff\xfe\x00", "p.csv")


def test_points_from_outside_are_centred_and_scaled_with_the_numbers() -> None:
    points, message = own_points.read_csv("\n".join(f"{100 + i},{i / 2}" for i in range(17)).encode(), "p.csv")
    assert np.allclose(points[[0, -1]], [[-1.6, -0.8], [1.6, 0.8]])
    assert "from 100 to 116 and from 0 to 8, so 108 and 4 were subtracted and both divided by 5" in message
    points, message = own_points.read_csv(b"3,3\n" * 16, "p.csv")
    assert np.array_equal(points, np.zeros((16, 2)))
    assert "divided by 1," in message


def test_a_csv_gives_the_same_points_back() -> None:
    points = np.random.default_rng(0).uniform(-2, 2, (5_000, 2)).astype(np.float32)
    assert np.array_equal(read(own_points.as_csv(points).decode()), points)


def test_points_are_kept_by_their_name(tmp_path: Path) -> None:
    name = own_points.keep(HERE, tmp_path / "points")
    assert own_points.keep(HERE.copy(), tmp_path / "points") == name
    (path,) = (tmp_path / "points").iterdir()
    assert path.name == f"{name}.safetensors"
    assert np.array_equal(own_points.load(name, tmp_path / "points"), HERE)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match="it was damaged or changed"):
        own_points.load(name, tmp_path / "points")
    for missing in ("0" * 16, "../points"):
        with pytest.raises(FileNotFoundError, match="are not on this computer"):
            own_points.load(missing, tmp_path / "points")


@pytest.mark.parametrize("points", [np.zeros((0, 2)), np.zeros((3, 3)), np.full((3, 2), np.nan), np.full((3, 2), 2.1)])
def test_points_off_the_plane_are_not_kept(points: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not 1 to 5,000 points between −2 and 2"):
        own_points.keep(points, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_shapes_fit_the_plane_and_are_always_the_same() -> None:
    for shape in SHAPES.values():
        points = shape()
        assert points.shape == (600, 2)
        assert 1 < abs(points).max() < 1.9
        assert np.array_equal(points, shape())
