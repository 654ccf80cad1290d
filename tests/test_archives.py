"""The user's own images: which archives and folders are taken, and what is left out of them."""

import contextlib
import io
import os
import subprocess
import sys
from pathlib import Path

import hostile
import numpy as np
import pytest
from photos import decoded, encoded, fill
from PIL import Image

from ganlab.data import file_kinds, own_images, picture_file
from ganlab.data.decoding import sentences

RNG = np.random.default_rng(0)


def zip_of(tmp_path: Path, files: dict[str, bytes]) -> Path:
    hostile.write_zip(tmp_path / "photos.zip", files)
    return tmp_path / "photos.zip"


OTHER_FILES = {
    ".hidden.png": b"words",
    ".cache/cat.png": b"words",
    "__MACOSX/cat.png": b"words",
    "deep/.DS_Store": b"words",
    "labels.csv": b"words",
    "png": b"words",
}


def test_other_files_are_counted_by_kind(tmp_path: Path) -> None:
    upper_case = {name.upper(): data for name, data in hostile.good_files().items()}
    archive = zip_of(tmp_path, {"album.png/": b""} | OTHER_FILES | upper_case)
    with own_images.in_archive(archive) as pictures:
        assert pictures.names == sorted(upper_case)
        assert pictures.others == {"hidden": 4, ".csv": 1, "without a suffix": 1}
    folder = fill(tmp_path / "album", OTHER_FILES | upper_case)
    with own_images.find(own_images.keep_folder(folder, tmp_path / "kept"), tmp_path / "kept") as in_folder:
        assert (in_folder.names, in_folder.others) == (pictures.names, pictures.others)


def test_a_folder_says_how_far_its_listing_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_images, "_PIECE", 8)
    said: list[str] = []
    own_images.keep_folder(fill(tmp_path / "album", hostile.good_files()), tmp_path / "kept", said.append)
    assert said == ["listing the images, 8 files so far", "listing the images, 16 files so far"]


def test_pictures_of_other_kinds_are_read_or_counted(tmp_path: Path) -> None:
    photo = encoded(Image.new("RGB", (9, 9)), "JPEG")
    heic = {f"{i}.HEIC": b"" for i in range(20)} | {"readme.txt": b""}
    archive = zip_of(tmp_path, {f"{i}.jfif": photo for i in range(16)} | heic)
    pixels, result = decoded(archive, 4)
    assert len(pixels) == 16
    assert result.others == {".heic": 20, ".txt": 1}
    assert file_kinds.other_files(result.others) == (
        "21 other files were left out: 20 .heic, 1 .txt. Export HEIC pictures as JPEG."
    )
    many = {f".{letter}": i for i, letter in enumerate("abcdefgh", start=1)}
    assert (
        file_kinds.other_files(many) == "36 other files were left out: 8 .h, 7 .g, 6 .f, 5 .e, 4 .d, 6 of other kinds."
    )
    with pytest.raises(
        ValueError, match=r"holds no images \(PNG, JPEG.*\)\. 21 other files were left out: 20 \.heic, 1 "
    ):
        own_images.keep(zip_of(tmp_path, heic), tmp_path / "kept")


def test_formats_that_pillow_lacks_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture_file.features, "check", lambda feature: feature != "avif")
    monkeypatch.setattr(picture_file, "formats", picture_file.formats.__wrapped__)
    monkeypatch.setattr(picture_file, "suffixes", picture_file.suffixes.__wrapped__)
    with own_images.in_archive(zip_of(tmp_path, hostile.good_files() | {"1.avif": b"", "2.jp2": b""})) as pictures:
        assert len(pictures.names) == 17
        assert pictures.others == {".avif": 1}
    with pytest.raises(ValueError, match=r"\(PNG, JPEG, GIF, BMP, WebP, TIFF, JPEG 2000, PPM or TGA\)"):
        own_images.keep(zip_of(tmp_path, {"1.avif": b""}), tmp_path / "kept")


def test_links_are_left_out_and_counted(tmp_path: Path) -> None:
    archive = tmp_path / "links.zip"
    hostile.with_entry(archive, "docs/README", b"../README.md", external_attr=0o120777 << 16)
    assert decoded(archive, 4)[1].others == {"symbolic link": 1}
    hostile.with_entry(archive, "99.png", b"/etc/passwd", external_attr=0o120777 << 16)
    pixels, result = decoded(archive, 4)
    assert (len(pixels), result.others) == (16, {"symbolic link": 1})


def test_keeping_twice_keeps_once(tmp_path: Path) -> None:
    archive, kept = zip_of(tmp_path, hostile.good_files()), tmp_path / "kept"
    name = own_images.keep(archive, kept)
    first = (kept / f"{name}.zip").stat()
    assert own_images.keep(io.BytesIO(archive.read_bytes()), kept) == name
    assert [path.name for path in kept.iterdir()] == [f"{name}.zip"]
    assert (kept / f"{name}.zip").stat().st_mtime_ns == first.st_mtime_ns
    assert (kept / f"{name}.zip").read_bytes() == archive.read_bytes()


def test_an_open_file_can_be_used_again(tmp_path: Path) -> None:
    with zip_of(tmp_path, hostile.good_files()).open("rb") as file:
        for _ in range(2):
            with own_images.in_archive(file) as pictures:
                assert len(pictures.names) == 16
        assert len(own_images.keep(file, tmp_path / "kept")) == 16


@pytest.mark.parametrize("name", ["0123456789abcdef", "../photos", ""])
def test_images_that_are_not_kept_are_named(name: str, tmp_path: Path) -> None:
    zip_of(tmp_path, hostile.good_files())
    with pytest.raises(FileNotFoundError, match=f"^The images {name} are not on this computer; choose the ZIP"):
        own_images.find(name, tmp_path / "kept").__enter__()


def test_a_folder_is_read_where_it_is(tmp_path: Path) -> None:
    files = {f"sub/{name}" if name > "07" else name: data for name, data in hostile.good_files().items()}
    album, cache = fill(tmp_path / "album", files | OTHER_FILES), tmp_path / "kept"
    (album / "link.png").symlink_to(album / "00.png")
    (album / "more").symlink_to(album, target_is_directory=True)
    os.mkfifo(album / "pipe.png")
    name = own_images.keep_folder(album, cache)
    assert own_images.keep_folder(album, cache) == name
    assert [path.name for path in cache.iterdir()] == [f"{name}.json"]
    with own_images.find(name, cache) as pictures:
        assert pictures.names == sorted(files)
        assert pictures.others == {"hidden": 4, "symbolic link": 2, "special": 1, ".csv": 1, "without a suffix": 1}
        for i, path in enumerate(pictures.names):
            with pictures.open(i) as file:
                assert file.read() == files[path]
    (album / "00.png").write_bytes(hostile.png(99) + b"longer")
    with (
        pytest.raises(FileNotFoundError, match="have changed since; choose the folder again"),
        own_images.find(name, cache),
    ):
        pass
    assert own_images.keep_folder(album, cache) != name


def test_a_folder_inside_that_may_not_be_read_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(tmp_path / "album", hostile.good_files() | {"locked/a.png": hostile.png()})
    scandir = os.scandir

    def locked(path: str) -> object:
        if str(path).endswith("locked"):
            raise PermissionError
        return scandir(path)

    monkeypatch.setattr(os, "scandir", locked)
    with own_images.find(own_images.keep_folder(tmp_path / "album", tmp_path / "kept"), tmp_path / "kept") as pictures:
        assert len(pictures.names) == 16
        assert pictures.others == {"unreadable folder": 1}


@pytest.mark.parametrize("content", [b"", b"[]", b'{"folder": 1, "pictures": ""}', b'{"folder": "/"}', b"\xff"])
def test_a_damaged_note_of_a_folder_is_a_sentence(content: bytes, tmp_path: Path) -> None:
    (tmp_path / f"{'0' * 16}.json").write_bytes(content)
    with pytest.raises(ValueError, match="choose the folder again"):
        own_images.find("0" * 16, tmp_path).__enter__()


def test_folders_that_cannot_be_used_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    good = fill(tmp_path / "good", hostile.good_files())

    def refusal(folder: Path) -> str:
        with pytest.raises(ValueError, match=r"\.$") as caught:
            own_images.keep_folder(folder, tmp_path / "kept")
        assert not (tmp_path / "kept").exists()
        return str(caught.value)

    assert refusal(tmp_path / "none").startswith("There is no file or folder ")
    assert refusal(good / "00.png").endswith("is not a folder; choose the one that the images are in.")
    (tmp_path / "empty").mkdir()
    assert refusal(tmp_path / "empty").endswith("empty holds no files; choose another.")
    assert f"holds no images ({FORMATS})." in refusal(fill(tmp_path / "no", OTHER_FILES))
    assert refusal(fill(tmp_path / "few", {"0.png": b""})).endswith("holds 1 image; at least 16 are needed.")
    monkeypatch.setattr(own_images, "LIMIT_SEEN", 15)
    assert refusal(good).endswith("holds more than 15 files; choose a smaller folder.")


FORMATS = "PNG, JPEG, GIF, BMP, WebP, TIFF, AVIF, JPEG 2000, PPM or TGA"
AGAIN = "make a new ZIP of the folder with the images."
REFUSALS = {
    "not a ZIP": "photos.zip is not a ZIP archive: put the images into a ZIP.",
    "truncated ZIP": "photos.zip is cut short or damaged: copy or download it again.",
    "no file in it": "photos.zip holds no files; choose another.",
    "nothing": "photos.zip is empty: copy or download it again.",
    "a PDF": "photos.zip is a PDF, not a ZIP archive: put the images into a ZIP.",
    "a CSV": "photos.zip is a text file, not a ZIP archive: put the images into a ZIP.",
    "no images": f"photos.zip holds no images ({FORMATS}). 1 other file was left out: 1 .txt.",
    "path leading outside": "photos.zip holds a/../../evil.png, a path that leads outside the archive; " + AGAIN,
    "Windows path outside": "photos.zip holds ..\\evil.png, a path that leads outside the archive; " + AGAIN,
    "absolute path": "photos.zip holds /etc/evil.png, an absolute path; " + AGAIN,
    "absolute Windows path": "photos.zip holds C:\\evil.png, an absolute path; " + AGAIN,
    "Windows share": "photos.zip holds \\\\host\\evil.png, an absolute path; " + AGAIN,
    "encrypted": "photos.zip holds secret.png, which is encrypted; make the ZIP without a password.",
    "unknown compression": "photos.zip holds odd.png, which is not compressed with Deflate; "
    "make the ZIP with the usual compression.",
    "600 MB declared": "photos.zip holds 601 MB, unpacked; at most 512 MB are allowed.",
    "60,000 entries": "photos.zip holds 60,000 files; at most 50,000 are allowed; a folder may hold more.",
    "70,000 entries": "photos.zip holds 70,000 files; at most 50,000 are allowed; a folder may hold more.",
    "60,000 entries, 20 declared": "photos.zip holds 60,000 files; at most 50,000 are allowed; a folder may hold more.",
    "400,000 entries, 20 declared": "photos.zip has a directory of more than 12,800,000 bytes, the most allowed.",
}
LEFT_OUT = {
    "symbolic link": "1 other file was left out: 1 symbolic link.",
    "text named .png": "text.png is a text file, not an image.",
    "wrong CRC": "cat.png can't be read as an image.",
    "wrong size": "cat.png doesn't match its declared size.",
    "30,000 x 30,000 pixels": "huge.png is too large; at most 50,000,000 pixels are allowed, and 65,535 on a side.",
    "10,000 x 10,000 pixels": "huge.png is too large; at most 50,000,000 pixels are allowed, and 65,535 on a side.",
    "1 x 10,000,000 pixels": "line.png is too large; at most 50,000,000 pixels are allowed, and 65,535 on a side.",
}


def test_hostile_archives_are_refused_in_little_memory() -> None:
    script = subprocess.run([sys.executable, hostile.__file__], capture_output=True, text=True, check=True)
    rows = {row[:30].strip(): (row[50:], float(row[38:48])) for row in script.stdout.splitlines()[1:]}
    assert {case: sentence for case, (sentence, _) in rows.items()} == REFUSALS | LEFT_OUT
    assert max(megabytes for _, megabytes in rows.values()) < 100


@pytest.mark.parametrize("case", REFUSALS)
def test_hostile_archives_leave_nothing_behind(case: str, tmp_path: Path) -> None:
    hostile.build(case, tmp_path / "photos.zip")
    with pytest.raises(ValueError, match=r"\.$") as caught:
        own_images.keep(tmp_path / "photos.zip", tmp_path / "kept")
    assert str(caught.value) == REFUSALS[case]
    assert not (tmp_path / "kept").exists()


def test_unprintable_and_long_names_are_shown_safely(tmp_path: Path) -> None:
    files = hostile.good_files() | {"x" * 100 + "\n\u202ecat.png": b"words"}
    _, result = decoded(zip_of(tmp_path, files), 4)
    assert result.left_out[0][1] == f"…{'x' * 50}��cat.png is a text file, not an image."


def test_other_files_are_counted_in_plain_words() -> None:
    others = {"symbolic link": 2, ".heic": 1, "hidden": 1_000}
    assert file_kinds.other_files(others) == (
        "1,003 other files were left out: 1,000 hidden, 2 symbolic links, 1 .heic. Export HEIC pictures as JPEG."
    )


STARTS = {
    b"": "is empty",
    b"%PDF-1.7\n\x01": "is a PDF, not an image",
    b"PK\3\4 \0": "is a ZIP archive, not an image",
    b"\xef\xbb\xbf \n<!DOCTYPE HTML>": "is a web page, not an image",
    b"<html lang='en'>": "is a web page, not an image",
    "x,y\n\u00e4".encode(): "is a text file, not an image",
    b"\0\0\0\x18ftypheic\0\0\0\0": "is a HEIC picture; export it as JPEG",
    b"Rar!\x1a\7\1\0": "is a RAR archive, not an image",
    b"7z\xbc\xaf\x27\x1c\0\4": "is a 7z archive, not an image",
    b"\x1f\x8b\x08\0": "is a gzip file, not an image",
    b"\0\1\2": "can't be read as an image",
}


def test_what_is_no_image_is_named_by_what_it_is(tmp_path: Path) -> None:
    bad = {f"bad{i:02}.png": start for i, start in enumerate(STARTS)}
    _, result = decoded(zip_of(tmp_path, hostile.good_files() | bad), 4)
    assert result.left_out == [(name, f"{name} {why}.") for name, why in zip(bad, STARTS.values(), strict=True)]


def test_a_set_of_equal_images_is_pointed_out(tmp_path: Path) -> None:
    files = {f"{i:02}.png": hostile.png(7) for i in range(16)}
    _, result = decoded(zip_of(tmp_path, files), 4)
    assert "All 16 images are the same." in sentences(result, "stored")
    _, result = decoded(zip_of(tmp_path, files | {"15.png": hostile.png(8)}), 4)
    assert not result.equal


def test_too_few_pictures_are_refused(tmp_path: Path) -> None:
    files = dict(list(hostile.good_files().items())[1:])
    with pytest.raises(ValueError, match=r"^photos.zip holds 15 images; at least 16 are needed\.$"):
        own_images.keep(zip_of(tmp_path, files), tmp_path / "kept")


def test_broken_bytes_raise_only_what_is_promised(tmp_path: Path) -> None:
    whole = zip_of(tmp_path, hostile.good_files()).read_bytes()
    for _ in range(200):
        broken = bytearray(whole)
        for at in RNG.integers(0, len(whole), 4):
            broken[at] = RNG.integers(0, 256)
        with contextlib.suppress(ValueError, OSError):
            decoded(io.BytesIO(broken), 4)
