"""Files from the network, kept in a cache folder: checked, with progress, and not waited for forever.

Knows nothing of what is in them.
"""

import hashlib
import http.client
import os
import secrets
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import platformdirs

PATIENCE = 20.0  # seconds without an answer, all addresses of a file together
CHUNK = 256 * 1024  # bytes


def data_root() -> Path:
    """Where data is kept: $GANLAB_DATA, or the user's cache folder."""
    return Path(os.environ.get("GANLAB_DATA") or platformdirs.user_cache_path("ganlab", appauthor=False))


def fetch(urls: Sequence[str], md5: str, to: Path, announce: Callable[[str], None] = lambda _: None) -> Path:
    """The file `to`, downloaded from the first of `urls` that has it unless it is there already.

    Raises ConnectionError, in one sentence, if none answers or the file is not the one expected; then nothing
    is left behind.
    """
    if to.is_file() and _md5(to) == md5:
        return to
    to.parent.mkdir(parents=True, exist_ok=True)
    problems = []
    for url in urls:
        part = to.with_name(f"{to.name}.{secrets.token_hex(4)}.part")
        try:
            _download(url, part, PATIENCE / len(urls), announce)
            if _md5(part) == md5:
                return part.replace(to)
            problems.append(f"the file from {urlsplit(url).netloc} is damaged, its checksum is wrong")
        except TimeoutError:
            problems.append(f"{urlsplit(url).netloc} does not answer")
        except (OSError, http.client.HTTPException) as error:
            problems.append(f"{urlsplit(url).netloc} can't be reached ({getattr(error, 'reason', error)})")
        finally:
            part.unlink(missing_ok=True)
    raise ConnectionError(f"{to.name} can't be downloaded: {'; '.join(problems)}.")


def _download(url: str, to: Path, timeout: float, announce: Callable[[str], None]) -> None:
    announce(f"downloading {to.name.split('.')[0]}")
    with urllib.request.urlopen(url, timeout=timeout) as answer, to.open("wb") as file:
        total, done = int(answer.headers.get("Content-Length") or 0), 0
        while chunk := answer.read(CHUNK):
            file.write(chunk)
            done += len(chunk)
            of_total = f" of {total / 1e6:.1f}" if total else ""
            announce(f"downloading {to.name.split('.')[0]}, {done / 1e6:.1f}{of_total} MB")


def _md5(file: Path) -> str:
    with file.open("rb") as opened:
        # Against damage, not against an attacker: the checksums that the sets' authors publish are MD5.
        return hashlib.file_digest(opened, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
