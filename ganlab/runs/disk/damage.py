"""The files of a run folder, where they are read: none is trusted, no link is followed, no special file is opened."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ganlab import tensorfile
from ganlab.formatting import os_reason


class Damaged(ValueError):
    """Something in a run folder can't be used; the message is one sentence that names the file."""


@contextmanager
def refusing(sentence: str) -> Iterator[None]:
    """Turns ValueError and OSError into Damaged with this sentence, a colon and the reason."""
    try:
        yield
    except (ValueError, OSError) as error:
        reason = os_reason(error) if isinstance(error, OSError) else str(error)
        raise Damaged(f"{sentence}: {reason.rstrip('.')}.") from None


def check_file(file: Path, most: int) -> None:
    """Raises ValueError with a lower-case clause, or OSError, for anything but a file of at most `most` bytes."""
    if stat.S_ISLNK(file.lstat().st_mode):
        raise ValueError("it is a link")
    tensorfile.check_size(file, most)


def is_file(path: Path) -> bool:
    """Whether this is a file, and no link; False if nobody can tell."""
    with suppress(OSError):
        return stat.S_ISREG(path.lstat().st_mode)
    return False


def files_in(folder: Path) -> list[os.DirEntry[str]]:
    """The files in a folder, in no order; empty if it can't be read, or if it is a link or missing."""
    with suppress(OSError):
        if not folder.is_symlink():
            with os.scandir(folder) as entries:
                return [entry for entry in entries if entry.is_file(follow_symlinks=False)]
    return []
