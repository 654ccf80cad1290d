"""Files named after their content: equal content is kept once, and damage is noticed.

A name is the first hex digits of the SHA-256 of the file's bytes. Knows nothing of what they mean.
"""

import hashlib
import re
from pathlib import Path
from typing import BinaryIO

from ganlab import tensorfile


def keep(folder: Path, content: BinaryIO, suffix: str, digits: int = 16) -> str:
    """Keep the whole stream as the file `folder/NAME + suffix`, unless it is there already; returns the name.

    The name is the first `digits` hex digits of the content's SHA-256. A damaged file of that name is replaced. The
    file is written whole or not at all.
    """
    content.seek(0)
    digest = hashlib.sha256()
    while piece := content.read(2**20):
        digest.update(piece)
    name = digest.hexdigest()[:digits]
    path = folder / f"{name}{suffix}"
    if not (path.is_file() and is_intact(path)):
        folder.mkdir(parents=True, exist_ok=True)
        content.seek(0)
        tensorfile.write(path, content)
    return name


def find(folder: Path, name: str, suffix: str) -> Path | None:
    """The kept file of that name; None if there is none, or if `keep` gives no such name."""
    path = folder / f"{name}{suffix}"
    return path if re.fullmatch("[0-9a-f]{16,64}", name) and path.is_file() else None


def is_intact(path: Path) -> bool:
    """Whether the content is still what the file is named after."""
    return tensorfile.file_sha256(path).startswith(path.stem)
