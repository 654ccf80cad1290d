"""TODO."""

import contextlib
import hashlib
import socket
from pathlib import Path

import pytest
import served_files

from ganlab.data import download
from ganlab.data import download as fetching
from ganlab.data.download import fetch

WORDS = b"weights, clipped" * 40_000
MD5 = hashlib.md5(WORDS).hexdigest()


@pytest.fixture
def url(tmp_path: Path) -> str:
    (tmp_path / "served").mkdir()
    (tmp_path / "served/words.bin").write_bytes(WORDS)
    with served_files.served(tmp_path / "served") as address:
        yield f"{address}/words.bin"


def test_a_file_arrives_with_progress_and_is_fetched_once(url: str, tmp_path: Path) -> None:
    told: list[str] = []
    to = tmp_path / "cache/words.bin"
    assert fetch([url], MD5, to, told.append) == to
    assert to.read_bytes() == WORDS
    assert told[-1] == "downloading words, 0.6 of 0.6 MB"
    assert len(told) >= 3
    told.clear()
    fetch([url], MD5, to, told.append)
    assert told == []


def test_the_next_address_helps_out(url: str, tmp_path: Path) -> None:
    fetch([f"{url}.gone", url], MD5, tmp_path / "words.bin")
    assert (tmp_path / "words.bin").read_bytes() == WORDS


def test_a_damaged_file_is_a_sentence_and_leaves_nothing(url: str, tmp_path: Path) -> None:
    with pytest.raises(ConnectionError, match=r"^words.bin can't be downloaded: the file from .* checksum is wrong\.$"):
        fetch([url], "0" * 32, tmp_path / "cache/words.bin")
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_damaged_file_in_the_cache_is_fetched_again(url: str, tmp_path: Path) -> None:
    (tmp_path / "words.bin").write_bytes(WORDS[:100])
    assert fetch([url], MD5, tmp_path / "words.bin").read_bytes() == WORDS


def test_silence_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PATIENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(ConnectionError, match=f"{address} does not answer"):
            fetch([f"http://{address}/words.bin"], MD5, tmp_path / "words.bin")


def test_no_network_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(
        ConnectionError, match=r"words.bin can't be downloaded: nowhere.invalid can't be reached \(.*\)\.$"
    ):
        fetch(["http://nowhere.invalid/words.bin"], MD5, tmp_path / "words.bin")


def test_the_cache_folder_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GANLAB_DATA", str(tmp_path))
    assert download.data_root() == tmp_path
    monkeypatch.delenv("GANLAB_DATA")
    assert "ganlab" in str(download.data_root())


def test_all_addresses_of_a_host_share_the_patience(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PATIENCE", 8.0)
    waited = []

    def connect(where: tuple[str, int], timeout: float, *_: object) -> None:
        waited.append(timeout)
        raise TimeoutError

    four = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"192.0.2.{i}", 80)) for i in range(4)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: four)
    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(ConnectionError, match=r"one.example does not answer; two.example does not answer\.$"):
        fetch(["http://one.example/a", "https://two.example/a"], MD5, tmp_path / "words.bin")
    assert waited == [1.0, 1.0]  # 8 s, two mirrors, four addresses each


def test_a_full_disk_is_not_blamed_on_the_network(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full:
        def write(self, _: bytes) -> None:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "open", lambda *_: contextlib.nullcontext(Full()))
    with pytest.raises(OSError, match="No space left"):
        fetch([url], MD5, tmp_path / "words.bin")
