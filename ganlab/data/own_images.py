"""The user's own images: an archive that is checked, kept and decoded. Knows nothing of networks or screens.

Whatever bytes an archive holds, only ValueError (one sentence for the user) or OSError leaves this module.
"""

import hashlib
import os
import posixpath
import re
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import BinaryIO

import numpy as np

from ganlab.data import image_files
from ganlab.data.image_files import Refusal

LIMIT_FILES = 50_000
LIMIT_SEEN = 200_000
"""Files of any kind that are looked at in a folder."""
LIMIT_BYTES = 512 * 2**20
"""Of all files together, unpacked, as declared."""
FEWEST = 16
"""Pictures, in an archive or a folder."""
_LIMIT_DIRECTORY = 256 * LIMIT_FILES  # bytes; an entry takes 46, its name and often 24 more
_ENTRY = b"PK\1\2"  # every entry of the directory begins so, and it is read in one piece
_SAMPLES = 32  # pictures that are decoded before an archive is kept
_SUFFIXES = {".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff"}
_IN_MEMORY = 16 * 2**20  # bytes of a picture's file; what is larger is unpacked to disk


def keep(archive: Path | BinaryIO, folder: Path) -> str:
    """Check a ZIP of pictures and store it as `folder/<name>.zip`, unless it is there; returns the name.

    The name is the first 16 hex digits of the file's SHA-256. Raises ValueError, in one sentence, for an archive
    over a limit, with a suspicious entry, with one that is no picture, or with a broken one among 32 that are decoded.
    """
    _look_through(archive)
    name = _digest(archive)
    target = folder / f"{name}.zip"
    if not target.exists():
        with _scratch_file(folder) as scratch:
            with _stream(archive) as source, scratch.open("wb") as file:
                shutil.copyfileobj(source, file)
            os.replace(scratch, target)
    return name


def keep_folder(source: Path, folder: Path) -> str:
    """Pack the pictures of a folder and its subfolders into an archive and store it as `keep` does; returns the name.

    Equal pictures under equal paths give an equal name. Hidden files, links and other files are left out. Raises
    ValueError, in one sentence, as `keep` does.
    """
    found = _pictures_on_disk(source)
    with _scratch_file(folder) as scratch:
        with zipfile.ZipFile(scratch, "w", zipfile.ZIP_STORED) as archive:
            for entry_name, path in sorted(found.items()):
                entry = zipfile.ZipInfo(entry_name, date_time=(1980, 1, 1, 0, 0, 0))
                with path.open("rb") as source, archive.open(entry, "w") as target:
                    shutil.copyfileobj(source, target)
        _look_through(scratch)
        name = _digest(scratch)
        os.replace(scratch, folder / f"{name}.zip")
    return name


def find(name: str, folder: Path) -> Path:
    """The kept archive of that name. Raises FileNotFoundError, in one sentence, if it is not there."""
    path = folder / f"{name}.zip"
    if not re.fullmatch("[0-9a-f]{16}", name) or not path.is_file():
        raise FileNotFoundError(f"There are no kept images called {_shown(name)}; choose the ZIP or folder again.")
    return path


def count(archive: Path | BinaryIO) -> int:
    """How many pictures the archive holds. Raises ValueError, in one sentence, for one that `keep` refuses unopened."""
    with _opened(archive) as (_, entries):
        return len(entries)


def decode(
    archive: Path, size: int, fit: str, colour: str, announce: Callable[[str], None] = lambda _: None
) -> np.ndarray:
    """Every picture of the archive, in order of entry name: uint8 [n, c, size, size], c = 3 or 1.

    `fit` is "stretch" (torchvision's Resize((size, size))) or "crop" (the largest centred square, resized); `colour`
    is "rgb" or "grey". `announce` is told "decoding images, 1,200 of 5,000" at the first picture and every hundredth.
    Raises ValueError, in one sentence, naming the first picture that can't be used.
    """
    with _opened(archive) as (file, entries):
        decoded = np.empty((len(entries), {"rgb": 3, "grey": 1}[colour], size, size), np.uint8)
        for i, entry in enumerate(entries):
            if i == 0 or (i + 1) % 100 == 0:
                announce(f"decoding images, {i + 1:,} of {len(entries):,}")
            decoded[i] = _pixels(file, entry, size, fit, colour).transpose(2, 0, 1)
    return decoded


def thumbnails(archive: Path | BinaryIO, n: int, size: int, fit: str, colour: str) -> np.ndarray:
    """At most `n` evenly spaced pictures of the archive: uint8 [<= n, size, size, c]. Otherwise as `decode`."""
    with _opened(archive) as (file, entries):
        return np.stack([_pixels(file, entry, size, fit, colour) for entry in _evenly(entries, n)])


def _look_through(archive: Path | BinaryIO) -> None:
    """Raises ValueError for an archive with something that is no picture, or a broken one among those decoded."""
    with _opened(archive) as (file, entries):
        for entry in entries:
            name = _shown(entry.orig_filename)
            with image_files.readable(name), file.open(entry) as packed:
                image_files.header(packed, name)
        for entry in _evenly(entries, _SAMPLES):
            _pixels(file, entry, 8, "stretch", "rgb")


def _evenly(entries: list[zipfile.ZipInfo], n: int) -> list[zipfile.ZipInfo]:
    """At most `n` of them, evenly spaced."""
    return [entries[i] for i in np.linspace(0, len(entries) - 1, min(n, len(entries))).round().astype(int)]


@contextmanager
def _opened(archive: Path | BinaryIO) -> Iterator[tuple[zipfile.ZipFile, list[zipfile.ZipInfo]]]:
    """The archive and its pictures by name, once its directory is checked. Nothing is unpacked."""
    shown = _shown(Path(str(getattr(archive, "name", "The archive"))).name)
    with _stream(archive) as stream, _zip_file(stream, shown) as file:
        entries = file.infolist()
        _check_limits(len(entries), sum(entry.file_size for entry in entries), shown)
        for entry in entries:
            if fault := _fault(entry):
                raise Refusal(f"{shown} holds {_shown(entry.orig_filename)}, {fault}.")
        found = [entry for entry in entries if _is_picture(entry.orig_filename)]
        _check_enough(len(found), shown)
        yield file, sorted(found, key=lambda entry: entry.orig_filename)


def _stream(archive: Path | BinaryIO) -> AbstractContextManager[BinaryIO]:
    """The archive's bytes from the start; the caller's own stream stays open."""
    if isinstance(archive, Path):
        return archive.open("rb")
    archive.seek(0)
    return nullcontext(archive)


def _zip_file(stream: BinaryIO, shown: str) -> zipfile.ZipFile:
    """The stream as a ZipFile, whose directory is within the limits."""
    source = _Source(stream, shown)
    try:
        archive = zipfile.ZipFile(source)
    except Refusal:
        raise
    except Exception:  # zipfile raises a dozen kinds for broken files
        raise Refusal(f"{shown} can't be read as a ZIP archive.") from None
    source.opening = False
    return archive


class _Source:
    """What a ZipFile reads from: a stream that refuses to hand out a directory over the limits.

    ZipFile reads the whole directory, and makes an object of every entry in it, before it can be asked for their
    number. What the archive declares may be a lie, so the bytes themselves are counted on their way to ZipFile.
    """

    def __init__(self, stream: BinaryIO, shown: str) -> None:
        self._stream, self._shown = stream, shown
        self.seek, self.tell, self.seekable = stream.seek, stream.tell, stream.seekable
        self.opening = True

    def read(self, n: int = -1, /) -> bytes:
        """At most n bytes, all if n is negative. Raises Refusal while the archive is being opened."""
        if not self.opening:
            return self._stream.read(n)
        too_many = _LIMIT_DIRECTORY + 1
        data = self._stream.read(min(n, too_many) if n >= 0 else too_many)
        if len(data) == too_many:
            raise Refusal(f"{self._shown} has a directory of more than {_LIMIT_DIRECTORY:,} bytes, the most allowed.")
        _check_limits(data.count(_ENTRY), 0, self._shown)
        return data


def _check_limits(files: int, size: int, shown: str) -> None:
    if files > LIMIT_FILES:
        raise Refusal(f"{shown} holds {files:,} files; at most {LIMIT_FILES:,} are allowed.")
    if size > LIMIT_BYTES:
        megabytes = -(-size // 2**20)
        raise Refusal(f"{shown} holds {megabytes:,} MB, unpacked; at most {LIMIT_BYTES // 2**20} MB are allowed.")


def _check_enough(n: int, shown: str) -> None:
    if n == 0:
        raise Refusal(f"{shown} holds no images (PNG, JPEG, GIF, BMP, WebP or TIFF).")
    if n < FEWEST:
        noun = "image" if n == 1 else "images"
        raise Refusal(f"{shown} holds {n} {noun}; at least {FEWEST} are needed.")


def _fault(entry: zipfile.ZipInfo) -> str | None:
    """Why an archive with this entry is refused, if it is."""
    path = PureWindowsPath(entry.orig_filename)  # takes both kinds of slash
    if path.drive or path.root:
        return "an absolute path"
    if posixpath.normpath(path.as_posix()).split("/")[0] == "..":
        return "a path that leads outside the archive"
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "a symbolic link"
    if entry.flag_bits & 0x1:
        return "which is encrypted"
    # zipfile also reads bzip2 and LZMA, but unpacks as much as they like at once.
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "which is compressed in another way than Deflate"
    return None


def _is_picture(name: str) -> bool:
    """Whether a relative path, with either kind of slash, is one of a picture that is not hidden."""
    parts = PurePosixPath(posixpath.normpath(name.replace("\\", "/"))).parts
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in parts)
    return not hidden and not name.endswith(("/", "\\")) and PurePosixPath(name).suffix.lower() in _SUFFIXES


def _pictures_on_disk(folder: Path) -> dict[str, Path]:
    """The folder's pictures by relative path. Raises ValueError for too many, too few or too large ones."""
    shown = _shown(str(folder))
    if not folder.is_dir():
        raise Refusal(f"{shown} is not a folder.")
    found, size, seen = {}, 0, 0
    for root, _, names in os.walk(folder):
        if (seen := seen + len(names)) > LIMIT_SEEN:
            raise Refusal(f"{shown} holds more than {LIMIT_SEEN:,} files; choose a smaller folder.")
        for path in (Path(root, name) for name in names):
            name = os.fsencode(path.relative_to(folder).as_posix()).decode("utf-8", "replace")
            if _is_picture(name) and stat.S_ISREG((status := path.lstat()).st_mode):
                found[name] = path
                size += status.st_size
                _check_limits(len(found), size, shown)
    _check_enough(len(found), shown)
    return found


@contextmanager
def _scratch_file(folder: Path) -> Iterator[Path]:
    """A path to write to, on the same file system as the folder, gone afterwards."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        yield Path(scratch, "images.zip")


def _digest(archive: Path | BinaryIO) -> str:
    with _stream(archive) as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()[:16]


def _pixels(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, size: int, fit: str, colour: str) -> np.ndarray:
    """One picture, uint8 [size, size, c]. Raises Refusal naming it."""
    name = _shown(entry.orig_filename)
    with image_files.readable(name), tempfile.SpooledTemporaryFile(_IN_MEMORY) as file:
        with archive.open(entry) as packed:
            shutil.copyfileobj(packed, file)  # to its end, where zipfile checks the CRC
        if file.tell() != entry.file_size:
            raise Refusal(f"{name} has another size than its archive says.")
        return image_files.pixels(file, size, fit, colour, name)


def _shown(name: str) -> str:
    """A name fit for a sentence: its last 60 characters, those that print."""
    name = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in name)
    return name if len(name) <= 60 else "…" + name[-59:]
