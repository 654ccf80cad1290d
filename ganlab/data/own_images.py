"""The files of the user's own images: a ZIP, which is checked and kept, or a folder, which stays where it is.

Knows nothing of what a picture shows. Whatever an archive or a folder holds, this module raises only ValueError (one or
two sentences for the user) or OSError.
"""

import hashlib
import io
import json
import os
import posixpath
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path, PureWindowsPath
from typing import IO, BinaryIO, NamedTuple

from ganlab import tensorfile
from ganlab.data import kept, own_names, picture_file
from ganlab.data.content import START, mismatch
from ganlab.data.dataset import Announce
from ganlab.data.file_kinds import PICTURE, UNREADABLE, kind_of, other_files, others
from ganlab.data.picture_file import Refusal
from ganlab.formatting import count_of, printable

LIMIT_FILES = 50_000  # files in an archive
LIMIT_SEEN = 1_000_000  # files of any kind in a folder, with its subfolders
LIMIT_BYTES = 512 * 2**20  # declared size of all files of an archive together, unpacked
FEWEST = 16  # pictures needed, in an archive or a folder
_AGAIN = "make a new ZIP of the folder with the images"
_PIECE = 1000  # files of a folder between two announcements
_LIMIT_DIRECTORY = 256 * LIMIT_FILES  # bytes; an entry takes 46, its name and often 24 more
_LIMIT_PLACE = 2**16  # bytes of the file that says where a folder is
_ENTRY = b"PK\1\2"  # how every entry of the directory begins
_IN_MEMORY = 16 * 2**20  # bytes; a picture's file that is larger is unpacked to disk


class Pictures(NamedTuple):
    """The files of an archive or a folder that have the name of a picture, in order of name."""

    title: str  # what a sentence calls it all
    names: list[str]
    open: Callable[[int], AbstractContextManager[IO[bytes]]]
    others: Mapping[str, int]  # how many other files there are, by kind


def keep(archive: Path | BinaryIO, folder: Path) -> str:
    """Check a ZIP of pictures and keep it as `folder/NAME.zip`; returns the name (see `kept.keep`).

    Raises ValueError if the archive is over a limit, has a suspicious entry or too few pictures.
    """
    with in_archive(archive):
        pass
    with _stream(archive) as content:
        return kept.keep(folder, content, ".zip")


def keep_folder(source: Path, folder: Path, announce: Announce = lambda _: None) -> str:
    """Keep where a folder of pictures is, as `folder/NAME.json`; returns the name. The pictures are not copied.

    Another name, size or time of any of them gives another name. Raises ValueError if there are too few.
    """
    _, fingerprint = _in_folder(source, announce)
    place = json.dumps({"folder": str(source.resolve()), "pictures": fingerprint})
    return kept.keep(folder, io.BytesIO(place.encode()), ".json")


@contextmanager
def find(name: str, folder: Path, announce: Announce = lambda _: None) -> Iterator[Pictures]:
    """The pictures that were kept under that name. Raises FileNotFoundError or ValueError if they are not there."""
    if archive := kept.find(folder, name, ".zip"):
        with in_archive(archive, own_names.find(folder, name) or "The ZIP") as pictures:
            yield pictures
    elif place := kept.find(folder, name, ".json"):
        source, expected = _place(place)
        pictures, fingerprint = _in_folder(source, announce)
        if fingerprint != expected:
            raise FileNotFoundError(f"The images in {pictures.title} have changed since; choose the folder again.")
        yield pictures
    else:
        shown = printable(name)
        raise FileNotFoundError(f"The images {shown} are not on this computer; choose the ZIP or folder again.")


@contextmanager
def in_archive(archive: Path | BinaryIO, title: str = "") -> Iterator[Pictures]:
    """The pictures of a ZIP, once its directory is checked; each is unpacked when it is opened.

    `title` is what sentences call it, or else the name of its file.

    Raises ValueError if the archive is over a limit, has a suspicious entry or too few pictures.
    """
    title = title or _title(archive)
    with _stream(archive) as stream:
        source = _Source(stream, title)
        with picture_file.readable(title, "a ZIP archive"):
            try:
                file = zipfile.ZipFile(source)
            except zipfile.BadZipFile:
                raise Refusal(_no_archive(stream, title)) from None
        source.opening = False
        entries = [entry for entry in file.infolist() if not entry.orig_filename.endswith(("/", "\\"))]
        _check_limits(len(file.infolist()), sum(entry.file_size for entry in entries), title)
        for entry in file.infolist():
            if fault := _fault(entry):
                raise Refusal(f"{title} holds {printable(entry.orig_filename)}, {fault}.")
        kinds = [kind_of(entry.orig_filename, entry.external_attr >> 16) for entry in entries]
        pictures = [entry for entry, kind in zip(entries, kinds, strict=True) if kind == PICTURE]
        pictures.sort(key=lambda entry: entry.orig_filename)
        names = [entry.orig_filename for entry in pictures]
        yield _checked(Pictures(title, names, lambda i: _unpacked(file, pictures[i]), others(kinds)))


def _in_folder(folder: Path, announce: Announce) -> tuple[Pictures, str]:
    """The pictures of a folder and its subfolders, and a fingerprint of all their names, sizes and times.

    Raises ValueError if it is not a folder, or has too many files or too few pictures.
    """
    title = printable(str(folder))
    if not folder.exists():
        raise Refusal(missing(str(folder)))
    if not folder.is_dir():
        raise Refusal(f"{title} is not a folder; choose the one that the images are in.")
    found: dict[str, tuple[Path, os.stat_result]] = {}
    kinds: list[str] = []
    for root, folders, files in os.walk(folder, onerror=lambda _: kinds.append(UNREADABLE)):
        inside = "" if root == str(folder) else os.path.relpath(root, folder).replace(os.sep, "/") + "/"
        for file in (*folders, *files):
            path = os.path.join(root, file)
            status = os.lstat(path)
            if stat.S_ISDIR(status.st_mode):
                continue
            name = os.fsencode(inside + file).decode("utf-8", "replace")
            kinds.append(kind_of(name, status.st_mode))
            if len(kinds) % _PIECE == 0:
                announce(f"listing the images, {len(kinds):,} files so far")
            if len(kinds) > LIMIT_SEEN:
                raise Refusal(f"{title} holds more than {LIMIT_SEEN:,} files; choose a smaller folder.")
            if kinds[-1] == PICTURE:
                found[name] = Path(path), status
    names = sorted(found)
    digest = hashlib.sha256()
    for name in names:
        status = found[name][1]
        digest.update(f"{name}\0{status.st_size}\0{status.st_mtime_ns}\0".encode())
    pictures = Pictures(title, names, lambda i: found[names[i]][0].open("rb"), others(kinds))
    return _checked(pictures), digest.hexdigest()


def _place(file: Path) -> tuple[Path, str]:
    """Which folder was kept, and the fingerprint of its pictures then. Raises ValueError."""
    try:
        tensorfile.check_size(file, _LIMIT_PLACE)
        place = tensorfile.parsed(file.read_text(encoding="utf-8", errors="replace"))
        return Path(place["folder"]), place["pictures"]
    except (ValueError, TypeError, KeyError):
        raise ValueError(f"{file.name} doesn't say where a folder is; choose the folder again.") from None


def missing(path: str) -> str:
    """The sentence on a path where nothing is."""
    return f"There is no file or folder {printable(path)}: check its name."


def _checked(pictures: Pictures) -> Pictures:
    if not pictures.names and not pictures.others:
        raise Refusal(f"{pictures.title} holds no files; choose another.")
    check_enough(len(pictures.names), "image", pictures.title, other_files(pictures.others))
    return pictures


def check_enough(n: int, noun: str, title: str, *why: str) -> None:
    """Raises Refusal, with sentences that say why, for fewer pictures than are needed."""
    if n >= FEWEST:
        return
    holds = f"{title} holds {count_of(n, noun)}; at least {FEWEST} are needed."
    if n == 0:
        *most, last = picture_file.formats().values()
        holds = f"{title} holds no {noun}s ({', '.join(most)} or {last})."
    raise Refusal(" ".join(filter(None, (holds, *why))))


@contextmanager
def _unpacked(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[IO[bytes]]:
    """The file of one picture. Raises Refusal if it does not have the size that the archive's directory says."""
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as file:
        with archive.open(entry) as packed:
            shutil.copyfileobj(packed, file)  # to its end, where zipfile checks the CRC
        if file.tell() != entry.file_size:
            raise Refusal(f"{printable(entry.orig_filename)} doesn't match its declared size.")
        yield file


def _title(archive: Path | BinaryIO) -> str:
    """What a sentence calls the archive: the name of its file, if it has one."""
    name = getattr(archive, "name", None)
    return printable(Path(name).name) if isinstance(name, str) else "The archive"


def _stream(archive: Path | BinaryIO) -> AbstractContextManager[BinaryIO]:
    """The archive's bytes from the start; the caller's own stream stays open."""
    if isinstance(archive, Path):
        return archive.open("rb")
    archive.seek(0)
    return nullcontext(archive)


def _no_archive(stream: BinaryIO, title: str) -> str:
    """Why it can't be opened as a ZIP, and what to do."""
    stream.seek(0)
    start = stream.read(START)
    if not start or start.startswith(b"PK"):
        return f"{title} is {'cut short or damaged' if start else 'empty'}: copy or download it again."
    problem = mismatch(start, "a ZIP archive") or "is not a ZIP archive"
    return f"{title} {problem}: put the images into a ZIP."


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
        more = "a folder may hold more"
        raise Refusal(f"{title} holds {files:,} files; at most {LIMIT_FILES:,} are allowed; {more}.")
    if size > LIMIT_BYTES:
        megabytes = -(-size // 2**20)
        raise Refusal(f"{title} holds {megabytes:,} MB, unpacked; at most {LIMIT_BYTES // 2**20} MB are allowed.")


def _fault(entry: zipfile.ZipInfo) -> str | None:
    """Why an archive with this entry is refused; None if it is not."""
    path = PureWindowsPath(entry.orig_filename)  # takes both kinds of slash
    if path.drive or path.root:
        return f"an absolute path; {_AGAIN}"
    if posixpath.normpath(path.as_posix()).split("/")[0] == "..":
        return f"a path that leads outside the archive; {_AGAIN}"
    if entry.flag_bits & 0x1:
        return "which is encrypted; make the ZIP without a password"
    # zipfile also reads bzip2 and LZMA, but with no limit on how much it unpacks at once.
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "which is not compressed with Deflate; make the ZIP with the usual compression"
    return None
