"""Files from the network, kept in a cache folder: checked, with progress, and with a limit on the waiting.

Knows nothing of what is in them.
"""

import hashlib
import os
import secrets
import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic
from urllib.parse import urlsplit

import platformdirs
import requests
import urllib3

PATIENCE = 20.0  # seconds without an answer, shared by all mirrors of a file
CHUNK = 64 * 1024  # bytes that a mirror must send within its share of the patience


def data_root() -> Path:
    """Where data is kept: $GANLAB_DATA, or the user's cache folder."""
    return Path(os.environ.get("GANLAB_DATA") or platformdirs.user_cache_path("ganlab", appauthor=False))


def fetch(urls: Sequence[str], md5: str, to: Path, announce: Callable[[str], None] = lambda _: None) -> Path:
    """Download the file `to` from the first of `urls` that has it, unless it is there already; returns `to`.

    Raises ConnectionError, which also says where to put it by hand, if no mirror sends the right file, and OSError if
    it can't be written. Either way nothing is left behind.
    """
    if to.is_file() and _md5(to) == md5:
        return to
    to.parent.mkdir(parents=True, exist_ok=True)
    title = f"downloading {to.name.split('.')[0]}"
    problems = []
    for url in urls:
        announce(title)
        part = to.with_name(f"{to.name}.{secrets.token_hex(4)}.part")
        try:
            with part.open("wb") as file:
                for piece, progress in _download(url, PATIENCE / len(urls)):
                    file.write(piece)
                    announce(f"{title}, {progress}")
            if _md5(part) == md5:
                return part.replace(to)
            problems.append(f"the file from {urlsplit(url).netloc} is damaged, its checksum is wrong")
        except _MirrorError as error:
            problems.append(f"{urlsplit(url).netloc} {error}")
        finally:
            part.unlink(missing_ok=True)
    by_hand = f"You can also get it elsewhere and put it into {to.parent}."
    raise ConnectionError(f"{to.name} can't be downloaded: {'; '.join(problems)}. {by_hand}")


class _MirrorError(Exception):
    """What a mirror did instead of sending the file, as the rest of a sentence."""


def _download(url: str, patience: float) -> Iterator[tuple[bytes, str]]:
    """The file as the server has it, piece by piece, and how far each piece goes. Raises _MirrorError."""
    try:
        timeout = (patience / _addresses(url), patience)
        with requests.get(url, stream=True, timeout=timeout) as response:
            if not response.ok:
                raise _MirrorError(f"answered with status {response.status_code}")
            size = response.raw.length_remaining
            of_all = f" of {size / 1e6:.1f}" if size else ""
            done, due, deadline = 0, CHUNK, monotonic() + patience
            # As it comes: the read timeout starts again with every byte, so only a deadline stops a server that
            # sends a byte now and then. Not decoded: some servers call a .gz file a compressed answer.
            while piece := response.raw.read1(CHUNK, decode_content=False):
                done += len(piece)
                yield piece, f"{done / 1e6:.1f}{of_all} MB"
                if done >= due:
                    due, deadline = done + CHUNK, monotonic() + patience
                elif monotonic() > deadline:
                    raise TimeoutError
    except (requests.RequestException, urllib3.exceptions.HTTPError, TimeoutError) as error:
        raise _MirrorError(_fault(error)) from None


def _addresses(url: str) -> int:
    """How many addresses the host has: they are tried in turn, and each takes the whole connect timeout."""
    parts = urlsplit(url)
    with suppress(OSError):  # a proxy may know the host
        return len(socket.getaddrinfo(parts.hostname, parts.port or parts.scheme, type=socket.SOCK_STREAM))
    return 1


def _fault(error: BaseException) -> str:
    """What went wrong, from the innermost exception: requests and urllib3 wrap it in long texts."""
    while cause := error.__cause__ or error.__context__:
        error = cause
    if isinstance(error, TimeoutError):
        return "does not answer"
    if isinstance(error, socket.gaierror):
        return "can't be found, as if this computer were offline"
    if isinstance(error, ssl.SSLError):
        return "can't be trusted, because its certificate is not valid here"
    if isinstance(error, OSError) and error.strerror:
        return f"can't be reached ({error.strerror.lower()})"
    return "sent a broken answer"


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        # Against damage, not against an attacker: the checksums that the sets' authors publish are MD5.
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
