"""What kind of file lies beside the pictures of an archive or a folder, and the sentence that counts those left out."""

import posixpath
import stat
from collections import Counter
from collections.abc import Mapping

from ganlab.data import picture_file
from ganlab.formatting import count_of, printable

PICTURE = ""  # the kind of a file that has the name of a picture
LINK, UNREADABLE = "symbolic link", "unreadable folder"  # kinds that are nouns
COUNTED = 5  # kinds in a sentence
_HEIC = (".heic", ".heif")  # what iPhones save and Pillow doesn't read


def kind_of(name: str, mode: int) -> str:
    """PICTURE, or the kind of another file: its suffix, or what else it is.

    `name` is a relative path with either kind of slash; `mode` is that of `os.stat`, of which an archive may have none.
    """
    parts = posixpath.normpath(name.replace("\\", "/")).split("/")
    if any(part.startswith(".") or part == "__MACOSX" for part in parts):
        return "hidden"
    if stat.S_ISLNK(mode):
        return LINK
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return "special"
    suffix = picture_file.suffix(parts[-1])
    return PICTURE if suffix in picture_file.suffixes() else suffix or "without a suffix"


def others(kinds: list[str]) -> Mapping[str, int]:
    """How many there are of each kind but PICTURE."""
    return {kind: n for kind, n in Counter(kinds).items() if kind != PICTURE}


def other_files(others: Mapping[str, int]) -> str:
    """A sentence that counts files by kind, and what to do about pictures of a kind that isn't read; "" without any."""
    if not others:
        return ""
    kinds = Counter(others).most_common()
    counted = [
        count_of(n, kind) if kind in (LINK, UNREADABLE) else f"{n:,} {printable(kind)}" for kind, n in kinds[:COUNTED]
    ]
    if rest := sum(n for _, n in kinds[COUNTED:]):
        counted.append(f"{rest:,} of other kinds")
    n = sum(others.values())
    to_do = " Export HEIC pictures as JPEG." if others.keys() & set(_HEIC) else ""
    return f"{count_of(n, 'other file')} {'was' if n == 1 else 'were'} left out: {', '.join(counted)}.{to_do}"
