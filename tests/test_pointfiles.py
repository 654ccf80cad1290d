"""Points from a CSV, kept and loaded again, and the shapes to start a drawing from."""

import tracemalloc
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from ganlab.data import own_points, point_files
from ganlab.data.own_points import SHAPES

LINES = [f"{i / 10},{-i / 10}" for i in range(16)]
HERE = np.stack([np.arange(16) / 10, -np.arange(16) / 10], 1).astype(np.float32)


def read(*lines: str) -> np.ndarray:
    points, message = point_files.read_csv("\n".join(lines).encode(), "p.csv")
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


POINTS = np.random.default_rng(0).uniform(-1, 1, (40, 2)).round(4)
DECIMAL = "Commas were read as decimal points."
EXCHANGED = {
    "a Windows-1252 header": ("Länge,Höhe", "{x},{y}", "cp1252", ""),
    "UTF-16 of a spreadsheet": ("x\ty", "{x}\t{y}", "utf-16", ""),
    "big-endian UTF-16": ("\ufeffx\ty", "{x}\t{y}", "utf-16-be", ""),
    "UTF-16 without a mark": ("x\ty", "{x}\t{y}", "utf-16-le", ""),
    "big-endian UTF-16 without a mark": (None, "{x}\t{y}", "utf-16-be", ""),
    "a Shift-JIS header": ("高さ,幅", "{x},{y}", "shift-jis", ""),
    "semicolons and decimal commas": ("x;y", "{x,};{y,}", "utf-8", DECIMAL),
    "tabs and decimal commas": (None, "{x,}\t{y,}", "utf-8", DECIMAL),
    "spaces and decimal commas": (None, "{x,} {y,}", "utf-8", DECIMAL),
    "spaces around commas": ("x , y", "{x} , {y}", "utf-8", ""),
    "quotes": ('"x","y"', '"{x}","{y}"', "utf-8", ""),
    "quoted decimal commas": ('"x","y"', '"{x,}","{y,}"', "utf-8", DECIMAL),
    "a comma at the end": (None, "{x},{y},", "utf-8", ""),
    "a comma at the end, named": ("x,y", "{x},{y},", "utf-8", ""),
    "true minus signs": (None, "{x−},{y−}", "utf-8", ""),
    "an index from 0": (",x,y", "{i},{x},{y}", "utf-8", "Of 3 columns, “x” and “y” were read."),
    "an index and no names": (",0,1", "{i},{x},{y}", "utf-8", "Of 3 columns, “0” and “1” were read."),
    "an index from 1": ('"","lon","lat"', '"{i1}",{x},{y}', "utf-8", "Of 3 columns, “lon” and “lat” were read."),
    "an index without a name": ('"lon" "lat"', '"{i1}" {x} {y}', "utf-8", "Of 3 columns, “lon” and “lat” were read."),
    "an index, no first line": (None, "{i},{x},{y}", "utf-8", "Of 3 columns, number 2 and number 3 were read."),
    "labels": ("x,y,label", "{x},{y},0", "utf-8", "Of 3 columns, “x” and “y” were read."),
    "labels before": ("class,a,b", "{i%3},{x},{y}", "utf-8", "Of 3 columns, “a” and “b” were read."),
    "words as labels": ("a,kind,b", "{x},a word,{y}", "utf-8", "Of 3 columns, “a” and “b” were read."),
    "a third coordinate": ("z,Y,X", "0.{i},{y},{x}", "utf-8", "Of 3 columns, “X” and “Y” were read."),
    "numbers as names": ("0,1", "{x},{y}", "utf-8", "Line 1 of p.csv was read as the columns' names: “0,1”."),
}


def filled(form: str, i: int, x: float, y: float) -> str:
    texts = {"{x}": x, "{y}": y, "{i}": i, "{i1}": i + 1, "{i%3}": i % 3}
    texts |= {"{x,}": f"{x}".replace(".", ","), "{y,}": f"{y}".replace(".", ",")}
    texts |= {"{x−}": f"{x}".replace("-", "−"), "{y−}": f"{y}".replace("-", "−")}
    for name, text in texts.items():
        form = form.replace(name, str(text))
    return form


@pytest.mark.parametrize("kind", EXCHANGED)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_what_spreadsheets_and_programs_write_is_read_and_choices_are_said(kind: str, end: str) -> None:
    header, form, encoding, said = EXCHANGED[kind]
    lines = [*([header] if header else []), *(filled(form, i, x, y) for i, (x, y) in enumerate(POINTS))]
    points, message = point_files.read_csv((end.join(lines) + end).encode(encoding), "p.csv")
    assert np.array_equal(points, POINTS.astype(np.float32))
    assert message == said


def test_rows_with_an_empty_cell_are_left_out_and_counted_and_empty_rows_are_nothing() -> None:
    points, message = point_files.read_csv("\n".join([*LINES, ",0.5", ",", '"";""', " , ", ""]).encode(), "p.csv")
    assert np.array_equal(points, HERE)
    assert message == "Line 17 of p.csv has an empty cell and was left out."
    points, message = point_files.read_csv("\n".join(["x,y", ",0.5", *LINES, "0.5,", "0.5,"]).encode(), "p.csv")
    assert np.array_equal(points, HERE)
    assert message == "Line 2 of p.csv and 2 others have an empty cell and were left out."


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ([*LINES, "1,two"], "Line 17 of p.csv is not two numbers: “1,two”; correct or remove it."),
        ([*LINES, "1"], "Line 17 of p.csv is not two numbers: “1”; correct"),
        ([*LINES, "1,2,3"], "Line 17 of p.csv has 3 columns, not 2: “1,2,3”; correct"),
        (
            [line.replace(",", "\t") for line in [*LINES, "1,two"]],
            "Line 17 of p.csv is not two numbers: “1\ttwo”",
        ),
        (["a,b", *(f"word,{i}" for i in range(16))], "Line 2 of p.csv is not two numbers: “word,0”; correct"),
        ([f"{i},{i},{i}" for i in range(5, 25)], "p.csv has 3 columns of numbers: leave two, or name two x and y"),
        ([f"{i}.5,{i}.5,{i}.5" for i in range(20)], "p.csv has 3 columns of numbers"),
        ([f"0,{i},0,{i}" for i in range(20)], "p.csv has 4 columns of numbers"),  # two decimal commas, and one between
        ([f"{line}," for line in LINES[1:]] + ["1,"], "p.csv holds 15 points"),
        ([*LINES, f'"{"1" * 140_000}",1'], "Line 17 of p.csv has more than 65,536 characters"),
        (["x,y", "x,y", *LINES], "Line 2 of p.csv is not two numbers"),
        ([*LINES, "nan,0"], "Line 17 of p.csv has a number out of range"),
        ([*LINES, "0,-inf"], "Line 17 of p.csv has a number out of range"),
        ([*LINES, "0,1e300"], "Line 17 of p.csv has a number out of range"),
        (LINES[1:], "p.csv holds 15 points; at least 16 are needed."),
        (["x,y", "0,0"], "p.csv holds 1 point; at least 16"),
        ([], "p.csv is empty"),
        (["", " ", ""], "p.csv is empty"),
        (["value", *("2.675" for _ in range(20))], "p.csv has one column; two are needed: x and y."),
        (["my value", *("2.675," for _ in range(20))], "p.csv has one column"),
        (["<!DOCTYPE html>", *LINES], "p.csv is a web page, not a text file: give the points as a CSV."),
        (["0,0"] * 5_001, "p.csv holds 5,001 points; at most 5,000"),
        (["0" * (2 * 2**20)], "p.csv is larger than 2 MB"),
    ],
)
def test_anything_else_is_refused_in_one_sentence(lines: list[str], words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        read(*lines, "")
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize(
    "content", [b"\xff\xfe\x00", b"\xff\xfe\0\0", b"\x89PNG\r\n\x1a\n\0\0", b"0,1\n\1\x81\n", b"PK\3\4\0"]
)
def test_a_binary_file_is_refused_in_a_sentence(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"not a text file: give the points as a CSV\."):
        point_files.read_csv(content, "p.csv")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"PK\3\4" + bytes(26) + b"[Content_Types].xml", "an Office document"),
        (b"PK\3\4" + bytes(26) + b"xl/workbook.xml", "an Office document"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Office document"),
        (b"PK\3\4" + bytes(26) + b"points.npy", "a ZIP archive"),
        (b"\x93NUMPY\1\0", "a NumPy file"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "a HEIC picture"),
    ],
)
def test_files_of_other_programs_are_called_by_their_kind(content: bytes, kind: str) -> None:
    with pytest.raises(ValueError, match=f"^p.csv is {kind}, not a text file: give the points as a CSV"):
        point_files.read_csv(content, "p.csv")


def test_cells_in_quotes_may_go_over_lines() -> None:
    rows = [f'{line},"one\n\ntwo ""three"""' for line in LINES]
    points, message = point_files.read_csv("\n".join(['"x\n(mm)",y,note', *rows]).encode(), "p.csv")
    assert np.array_equal(points, HERE)
    assert message == "Of 3 columns, “x (mm)” and “y” were read."
    with pytest.raises(ValueError, match=r"^Line 4 of p.csv is not two numbers"):  # its first line
        point_files.read_csv("\n".join(['"x\n\n",y', '"one\ntwo",3', *LINES]).encode(), "p.csv")
    with pytest.raises(ValueError, match=r"^Line 17 of p.csv is not two numbers"):  # a quote that is never closed
        point_files.read_csv("\n".join([*LINES, '"1,2', *LINES * 2]).encode(), "p.csv")


def test_a_line_of_a_whole_file_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match=r"^Line 2 of p.csv has more than 65,536 characters: write one point per line"):
        point_files.read_csv(b"x,y\n" + b"1," * 900_000, "p.csv")


def test_a_quote_before_a_line_of_a_whole_file_takes_little_memory() -> None:
    content = b'"' + b"1" * 2_000_000
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="65,536 characters"):
            point_files.read_csv(content, "p.csv")
        assert tracemalloc.get_traced_memory()[1] < 20 * len(content)
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("between", [",", ".", "'", "’", " ", "\u00a0", "\u202f"])
@pytest.mark.parametrize("form", ["{x}\t{y}", "{x};{y}", '"{x}","{y}"'])
def test_thousands_are_read_and_said(between: str, form: str) -> None:
    wanted = (POINTS * 1e6).round(2)
    mark = "," if between == "." else "."

    def text(number: float) -> str:
        return f"{number:,.2f}".translate({ord(","): between, ord("."): mark})

    content = "\n".join(form.format(x=text(x), y=text(y)) for x, y in wanted)
    points, message = point_files.read_csv(content.encode(), "p.csv")
    middle, reach = (wanted.min(0) + wanted.max(0)) / 2, np.ptp(wanted, 0).max() / 2
    assert np.allclose(points, (wanted - middle) / reach * 1.6)
    assert ("Commas were read as decimal points." in message) == (between == ".")
    assert "Thousands separators were skipped." in message


def test_a_comma_that_could_be_either_is_a_decimal_comma() -> None:
    points, message = point_files.read_csv(b"0,123;1,234\n1,123;0,234\n" * 8, "p.csv")
    assert points.max() == np.float32(1.234)
    assert message == "Commas were read as decimal points."


def test_whatever_a_file_holds_it_is_read_or_refused() -> None:
    rng = np.random.default_rng(0)
    letters = [*b'0123456789.,;\t "-+eE_\n\n\nxy\r\xb2\xe4\xff']
    for _ in range(300):
        content = bytes(rng.choice(letters, rng.integers(2_000)).tolist())
        with suppress(ValueError):
            points, _ = point_files.read_csv(content, "p.csv")
            assert abs(points).max() <= 2


def test_points_from_outside_are_centred_and_scaled_with_the_numbers() -> None:
    points, message = point_files.read_csv("\n".join(f"{100 + i},{i / 2}" for i in range(17)).encode(), "p.csv")
    assert np.allclose(points[[0, -1]], [[-1.6, -0.8], [1.6, 0.8]])
    assert "from 100 to 116 and from 0 to 8, so 108 and 4 were subtracted and both divided by 5" in message
    points, message = point_files.read_csv(b"3,3\n" * 16, "p.csv")
    assert np.array_equal(points, np.zeros((16, 2)))
    assert "divided by 1," in message
    assert message.endswith("All 16 points are the same.")


def test_a_csv_gives_the_same_points_back() -> None:
    points = np.random.default_rng(0).uniform(-2, 2, (5_000, 2)).astype(np.float32)
    assert np.array_equal(read(point_files.as_csv(points).decode()), points)


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
