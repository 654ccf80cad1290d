"""Downloads from a local server that is well, silent, slow, damaged or away."""

import contextlib
import hashlib
import queue
import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
import requests
import served_files

from ganlab.data import download
from ganlab.data.download import fetch

WORDS = b"weights, clipped" * 40_000
MD5 = hashlib.md5(WORDS).hexdigest()


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    (tmp_path / "served").mkdir()
    (tmp_path / "served/words.bin").write_bytes(WORDS)
    with served_files.served(tmp_path / "served") as address:
        yield f"{address}/words.bin"


def test_a_file_arrives_with_progress_and_is_fetched_once(url: str, tmp_path: Path) -> None:
    messages: list[str] = []
    to = tmp_path / "cache/words.bin"
    assert fetch([url], MD5, to, messages.append) == to
    assert to.read_bytes() == WORDS
    assert messages[-1] == "downloading words, 0.6 of 0.6 MB"
    assert len(messages) >= 3
    messages.clear()
    fetch([url], MD5, to, messages.append)
    assert messages == []


def test_the_next_address_helps_out(url: str, tmp_path: Path) -> None:
    fetch([f"{url}.gone", url], MD5, tmp_path / "words.bin")
    assert (tmp_path / "words.bin").read_bytes() == WORDS


def test_what_each_mirror_did_is_a_sentence(url: str, tmp_path: Path) -> None:
    host = url.split("/")[2]
    with pytest.raises(ConnectionError, match=f"downloaded: {host} answered with status 404; the file from {host} is "):
        fetch([f"{url}.gone", url], "0" * 32, tmp_path / "words.bin")


def test_a_damaged_file_is_a_sentence_and_leaves_nothing(url: str, tmp_path: Path) -> None:
    with pytest.raises(ConnectionError, match=r"^words.bin can't be downloaded: the file from .* checksum is wrong\. "):
        fetch([url], "0" * 32, tmp_path / "cache/words.bin")
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_damaged_file_in_the_cache_is_fetched_again(url: str, tmp_path: Path) -> None:
    (tmp_path / "words.bin").write_bytes(WORDS[:100])
    assert fetch([url], MD5, tmp_path / "words.bin").read_bytes() == WORDS


def test_silence_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "PATIENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(ConnectionError, match=f"{address} does not answer"):
            fetch([f"http://{address}/words.bin"], MD5, tmp_path / "words.bin")


def test_no_network_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(
        ConnectionError, match=r"words.bin can't be downloaded: nowhere.invalid can't be found, as if .* offline\. "
    ):
        fetch(["http://nowhere.invalid/words.bin"], MD5, tmp_path / "words.bin")


def test_the_cache_folder_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GANLAB_DATA", str(tmp_path))
    assert download.data_root() == tmp_path
    monkeypatch.delenv("GANLAB_DATA")
    assert "ganlab" in str(download.data_root())


def test_all_addresses_of_a_host_share_the_patience(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "PATIENCE", 8.0)
    timeouts = []

    def get(_: str, timeout: tuple[float, float], **__: object) -> None:
        timeouts.append(timeout)
        raise requests.ConnectTimeout from TimeoutError()

    four = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"192.0.2.{i}", 80)) for i in range(4)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: four)
    monkeypatch.setattr(requests, "get", get)
    with pytest.raises(ConnectionError, match=r"one.example does not answer; two.example does not answer\. "):
        fetch(["http://one.example/a", "https://two.example/a"], MD5, tmp_path / "words.bin")
    assert timeouts == [(1.0, 4.0)] * 2  # 8 s, two mirrors, four addresses each


def test_a_trickle_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "PATIENCE", 0.2)
    wanted: queue.Queue[str] = queue.Queue()

    def trickle(request: BaseHTTPRequestHandler) -> None:
        """One byte each time that the client has announced the last one."""
        request.send_response(200)
        request.send_header("Content-Length", str(len(WORDS)))
        request.end_headers()
        for _ in iter(wanted.get, "over"):
            request.wfile.write(b"w")

    with served_files.answering(trickle) as address:
        with pytest.raises(ConnectionError, match="does not answer"):
            fetch([f"{address}/words.bin"], MD5, tmp_path / "cache/words.bin", wanted.put)
        wanted.put("over")
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_file_arrives_as_the_server_has_it(tmp_path: Path) -> None:
    def compressed(request: BaseHTTPRequestHandler) -> None:
        """The file from a server that calls every .gz a compressed answer."""
        request.send_response(200)
        request.send_header("Content-Encoding", "x-gzip")
        request.end_headers()
        request.wfile.write(WORDS)

    with served_files.answering(compressed) as address:
        assert fetch([f"{address}/words.gz"], MD5, tmp_path / "words.gz").read_bytes() == WORDS


@pytest.mark.parametrize("answer", [b"", b"words\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nwords"])
def test_a_broken_answer_is_a_sentence(answer: bytes, tmp_path: Path) -> None:
    with (
        served_files.answering(lambda request: request.wfile.write(answer)) as address,
        pytest.raises(ConnectionError, match=r"sent a broken answer\. "),
    ):
        fetch([f"{address}/words.bin"], MD5, tmp_path / "cache/words.bin")
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_full_disk_is_not_blamed_on_the_network(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def write(self, _: bytes) -> None:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "open", lambda *_: contextlib.nullcontext(Full()))
    with pytest.raises(OSError, match="No space left"):
        fetch([url], MD5, tmp_path / "words.bin")
