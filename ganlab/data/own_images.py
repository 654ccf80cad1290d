"""The user's own images: a ZIP that is checked, kept and decoded. Knows nothing of networks or screens.

Whatever bytes an archive holds, this module raises only ValueError (one sentence for the user) or OSError.
"""

import os
import posixpath
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import BinaryIO

import numpy as np

from ganlab.data import images, kept
from ganlab.data.images import Refusal
from ganlab.formatting import count_of

LIMIT_FILES = 50_000  # files in an archive, or pictures in a folder
LIMIT_SEEN = 200_000  # files of any kind in a folder, with its subfolders
LIMIT_BYTES = 512 * 2**20  # declared size of all files together, unpacked
FEWEST = 16  # pictures needed, in an archive or a folder
_LIMIT_DIRECTORY = 256 * LIMIT_FILES  # bytes; an entry takes 46, its name and often 24 more
_ENTRY = b"PK\1\2"  # how every entry of the directory begins
_SAMPLES = 32  # pictures that are decoded before an archive is kept
_SUFFIXES = {".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff"}
_IN_MEMORY = 16 * 2**20  # bytes; a picture's file that is larger is unpacked to disk


def keep(archive: Path | BinaryIO, folder: Path) -> str:
    """Check a ZIP of pictures and keep it as `folder/NAME.zip`; returns the name (see `kept.keep`).

    Raises ValueError, in one sentence, if the archive is over a limit or has a suspicious entry, if a file with the
    name of a picture is none, or if one of 32 pictures can't be decoded.
    """
    with _opened(archive) as (file, entries):
        for entry in entries:
            name = _printable(entry.orig_filename)
            with images.readable(name), file.open(entry) as packed:
                images.read_header(packed, name)
        for entry in _evenly(entries, _SAMPLES):
            _pixels(file, entry, 8, "stretch", "rgb")
    with _stream(archive) as content:
        return kept.keep(folder, content, ".zip")


def keep_folder(source: Path, folder: Path) -> str:
    """Pack the pictures of a folder and its subfolders into a ZIP and keep it like `keep`; returns the name.

    The same pictures under the same paths give the same name. Hidden files, links and other files are left out.
    Raises ValueError, in one sentence, like `keep`.
    """
    pictures = _pictures_on_disk(source)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder) as packed:
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
            for name, path in sorted(pictures.items()):
                with path.open("rb") as picture, archive.open(zipfile.ZipInfo(name), "w") as target:  # dated 1980
                    shutil.copyfileobj(picture, target)
        return keep(packed, folder)


def find(name: str, folder: Path) -> Path:
    """The kept archive of that name. Raises FileNotFoundError, in one sentence, if it is not there."""
    if path := kept.find(folder, name, ".zip"):
        return path
    raise FileNotFoundError(f"The images {_printable(name)} are not on this computer; choose the ZIP or folder again.")


def decode(
    archive: Path, size: int, fit: str, colour: str, announce: Callable[[str], None] = lambda _: None
) -> np.ndarray:
    """Every picture of the archive, in order of entry name: uint8 [n, c, size, size], c = 3 or 1.

    `fit` is "stretch" (torchvision's Resize((size, size))) or "crop" (the largest centred square, resized); `colour`
    is "rgb" or "grey". Calls `announce` with "decoding images, 1,200 of 5,000" at the first picture and every
    hundredth. Raises ValueError, in one sentence, naming the first picture that can't be used.
    """
    with _opened(archive) as (file, entries):
        decoded = np.empty((len(entries), {"rgb": 3, "grey": 1}[colour], size, size), np.uint8)
        for i, entry in enumerate(entries):
            if i == 0 or (i + 1) % 100 == 0:
                announce(f"decoding images, {i + 1:,} of {len(entries):,}")
            decoded[i] = _pixels(file, entry, size, fit, colour).transpose(2, 0, 1)
    return decoded


def thumbnails(archive: Path | BinaryIO, n: int, size: int, fit: str, colour: str) -> tuple[np.ndarray, int]:
    """At most `n` evenly spaced pictures, uint8 [<= n, size, size, c], and how many there are. Else like `decode`."""
    with _opened(archive) as (file, entries):
        return np.stack([_pixels(file, entry, size, fit, colour) for entry in _evenly(entries, n)]), len(entries)


def _evenly(entries: list[zipfile.ZipInfo], n: int) -> list[zipfile.ZipInfo]:
    return [entries[i] for i in np.linspace(0, len(entries) - 1, min(n, len(entries))).round().astype(int)]


@contextmanager
def _opened(archive: Path | BinaryIO) -> Iterator[tuple[zipfile.ZipFile, list[zipfile.ZipInfo]]]:
    """The archive and its pictures in order of name, once its directory is checked. Nothing is unpacked."""
    title = _title(archive)
    with _stream(archive) as stream:
        source = _Source(stream, title)
        with images.readable(title, "a ZIP archive"):
            file = zipfile.ZipFile(source)
        source.opening = False
        entries = file.infolist()
        _check_limits(len(entries), sum(entry.file_size for entry in entries), title)
        for entry in entries:
            if fault := _fault(entry):
                raise Refusal(f"{title} holds {_printable(entry.orig_filename)}, {fault}.")
        pictures = [entry for entry in entries if _is_picture(entry.orig_filename)]
        _check_enough(len(pictures), title)
        yield file, sorted(pictures, key=lambda entry: entry.orig_filename)


def _title(archive: Path | BinaryIO) -> str:
    """What a sentence calls the archive: the name of its file, if it has one."""
    name = getattr(archive, "name", None)
    return _printable(Path(name).name) if isinstance(name, str) else "The archive"


def _stream(archive: Path | BinaryIO) -> AbstractContextManager[BinaryIO]:
    """The archive's bytes from the start; the caller's own stream stays open."""
    if isinstance(archive, Path):
        return archive.open("rb")
    archive.seek(0)
    return nullcontext(archive)


class _Source:
    """What a ZipFile reads from: a stream that refuses to hand out a directory over the limits.

    ZipFile reads the whole directory, and makes an object of every entry in it, before it can be asked for their
    number. What the archive declares may be a lie, so the bytes themselves are counted on their way to ZipFile.
    """

    def __init__(self, stream: BinaryIO, title: str) -> None:
        self._stream, self._title = stream, title
        self.seek, self.tell, self.seekable = stream.seek, stream.tell, stream.seekable
        self.opening = True

    def read(self, n: int = -1, /) -> bytes:
        """At most n bytes, or all if n is negative. Raises Refusal for too many while the archive is being opened."""
        if not self.opening:
            return self._stream.read(n)
        too_many = _LIMIT_DIRECTORY + 1
        data = self._stream.read(min(n, too_many) if n >= 0 else too_many)
        if len(data) == too_many:
            raise Refusal(f"{self._title} has a directory of more than {_LIMIT_DIRECTORY:,} bytes, the most allowed.")
        _check_limits(data.count(_ENTRY), 0, self._title)  # ZipFile reads the directory in one piece
        return data


def _check_limits(files: int, size: int, title: str) -> None:
    if files > LIMIT_FILES:
        raise Refusal(f"{title} holds {files:,} files; at most {LIMIT_FILES:,} are allowed.")
    if size > LIMIT_BYTES:
        megabytes = -(-size // 2**20)
        raise Refusal(f"{title} holds {megabytes:,} MB, unpacked; at most {LIMIT_BYTES // 2**20} MB are allowed.")


def _check_enough(n: int, title: str) -> None:
    if n == 0:
        raise Refusal(f"{title} holds no images (PNG, JPEG, GIF, BMP, WebP or TIFF).")
    if n < FEWEST:
        raise Refusal(f"{title} holds {count_of(n, 'image')}; at least {FEWEST} are needed.")


def _fault(entry: zipfile.ZipInfo) -> str | None:
    """Why an archive with this entry is refused; None if it is not."""
    path = PureWindowsPath(entry.orig_filename)  # takes both kinds of slash
    if path.drive or path.root:
        return "an absolute path"
    if posixpath.normpath(path.as_posix()).split("/")[0] == "..":
        return "a path that leads outside the archive"
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "a symbolic link"
    if entry.flag_bits & 0x1:
        return "which is encrypted"
    # zipfile also reads bzip2 and LZMA, but with no limit on how much it unpacks at once.
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "which is not compressed with Deflate"
    return None


def _is_picture(name: str) -> bool:
    """Whether a relative path, with either kind of slash, is that of a picture that is not hidden."""
    parts = PurePosixPath(posixpath.normpath(name.replace("\\", "/"))).parts
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in parts)
    return not hidden and not name.endswith(("/", "\\")) and PurePosixPath(name).suffix.lower() in _SUFFIXES


def _pictures_on_disk(folder: Path) -> dict[str, Path]:
    """The folder's pictures by relative path. Raises ValueError if they are too many, too few or too large."""
    title = _printable(str(folder))
    if not folder.is_dir():
        raise Refusal(f"{title} is not a folder.")
    pictures: dict[str, Path] = {}
    files = size = 0
    for root, _, names in os.walk(folder):
        files += len(names)
        if files > LIMIT_SEEN:
            raise Refusal(f"{title} holds more than {LIMIT_SEEN:,} files; choose a smaller folder.")
        for path in (Path(root, name) for name in names):
            name = os.fsencode(path.relative_to(folder).as_posix()).decode("utf-8", "replace")
            if _is_picture(name) and stat.S_ISREG((status := path.lstat()).st_mode):
                pictures[name] = path
                size += status.st_size
                _check_limits(len(pictures), size, title)
    _check_enough(len(pictures), title)
    return pictures


def _pixels(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, size: int, fit: str, colour: str) -> np.ndarray:
    """One picture, uint8 [size, size, c]. Raises Refusal naming it."""
    name = _printable(entry.orig_filename)
    with images.readable(name), tempfile.SpooledTemporaryFile(_IN_MEMORY) as file:
        with archive.open(entry) as packed:
            shutil.copyfileobj(packed, file)  # to its end, where zipfile checks the CRC
        if file.tell() != entry.file_size:
            raise Refusal(f"{name} doesn't match its declared size.")
        return images.read_square(file, size, fit, colour, name)


def _printable(name: str) -> str:
    """A name fit for a sentence: its last 60 characters, with a mark for each that does not print."""
    name = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in name)
    return name if len(name) <= 60 else "…" + name[-59:]
