"""Files from the network, kept in a cache folder: checked, with progress, and not waited for forever.

Knows nothing of what is in them.
"""

import hashlib
import http.client
import os
import secrets
import socket
import urllib.request
from collections.abc import Callable, Iterator, Sequence
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
    is left behind. OSError if it can't be written.
    """
    if to.is_file() and _md5(to) == md5:
        return to
    to.parent.mkdir(parents=True, exist_ok=True)
    problems = []
    for url in urls:
        part = to.with_name(f"{to.name}.{secrets.token_hex(4)}.part")
        try:
            with part.open("wb") as file:
                for chunk, progress in _download(url, PATIENCE / len(urls)):
                    announce(f"downloading {to.name.split('.')[0]}{progress}")
                    file.write(chunk)
            if _md5(part) == md5:
                return part.replace(to)
            problems.append(f"the file from {urlsplit(url).netloc} is damaged, its checksum is wrong")
        except _Unanswered as error:
            problems.append(f"{urlsplit(url).netloc} {error}")
        finally:
            part.unlink(missing_ok=True)
    raise ConnectionError(f"{to.name} can't be downloaded: {'; '.join(problems)}.")


class _Unanswered(Exception):
    """What an address did instead of answering."""


def _download(url: str, patience: float) -> Iterator[tuple[bytes, str]]:
    """The file's chunks, the first one empty, and how far each one goes."""
    yield b"", ""
    try:
        with _opener().open(url, timeout=patience) as answer:
            total, done = int(answer.headers.get("Content-Length") or 0), 0
            while chunk := answer.read(CHUNK):
                done += len(chunk)
                yield chunk, f", {done / 1e6:.1f}{f' of {total / 1e6:.1f}' if total else ''} MB"
    except TimeoutError:
        raise _Unanswered("does not answer") from None
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        if isinstance(reason, TimeoutError):
            raise _Unanswered("does not answer") from None
        told = getattr(reason, "strerror", None) or reason
        raise _Unanswered(f"can't be reached ({told})") from None


class _Impatient:
    """A connection that spends its timeout on all addresses of a host together, not on each of them."""

    def connect(self) -> None:
        patience, addresses = self.timeout, socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        self.timeout = patience / len(addresses)
        super().connect()
        self.sock.settimeout(patience)


class _HTTPConnection(_Impatient, http.client.HTTPConnection):
    pass


class _HTTPSConnection(_Impatient, http.client.HTTPSConnection):
    pass


class _HTTP(urllib.request.HTTPHandler):
    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_HTTPConnection, request)


class _HTTPS(urllib.request.HTTPSHandler):
    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        return self.do_open(_HTTPSConnection, request)


def _opener() -> urllib.request.OpenerDirector:
    return urllib.request.build_opener(_HTTP, _HTTPS)


def _md5(file: Path) -> str:
    with file.open("rb") as opened:
        # Against damage, not against an attacker: the checksums that the sets' authors publish are MD5.
        return hashlib.file_digest(opened, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
