"""ZIP files that must be refused, or of which something is left out.

As a script: each refusal, and the seconds and extra memory it took.
"""

import io
import multiprocessing
import resource
import struct
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from PIL import Image

from ganlab.data import own_images
from ganlab.data.decoding import decode
from ganlab.data.file_kinds import other_files


def png(shade: int = 0) -> bytes:
    file = io.BytesIO()
    Image.new("L", (4, 4), shade).save(file, "PNG")
    return file.getvalue()


def good_files() -> dict[str, bytes]:
    return {f"{i:02}.png": png(i) for i in range(own_images.FEWEST)}


def write_zip(path: Path, files: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> None:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in files.items():
            archive.writestr(name, data)


def with_entry(path: Path, name: str, data: bytes | None = None, **lies: Any) -> None:
    """Good pictures and one more entry, about which the directory lies."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for good, contents in good_files().items():
            archive.writestr(good, contents)
        archive.writestr(name, png() if data is None else data)
        for field, value in lies.items():
            setattr(archive.infolist()[-1], field, value)


def many_entries(path: Path, n: int, declared: int | None = None) -> None:
    """A directory of n entries, all for the same file, whose end record declares n or fewer."""
    declared = n if declared is None else declared
    write_zip(path, {"0.png": png()})
    data = path.read_bytes()
    start = data.index(b"PK\1\2")
    directory = data[start:-22] * n
    zip64 = b""
    if declared > 0xFFFF:
        zip64 = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, declared, declared, len(directory), start)
        zip64 += struct.pack("<4sLQL", b"PK\6\7", 0, start + len(directory), 1)
    short = min(declared, 0xFFFF)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, short, short, len(directory), start, 0)
    path.write_bytes(data[:start] + directory + zip64 + end)


def raw_png(width: int, height: int, bits: int, colour_type: int, packed: bytes) -> bytes:
    """A PNG of zlib-packed rows, each after its filter byte."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">LLBBBBB", width, height, bits, colour_type, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def black_png(width: int, height: int) -> bytes:
    """1 bit per pixel: at 30,000 x 30,000, 112 MB of rows pack into about 100 kB."""
    packer = zlib.compressobj(1)
    row, times = bytes(1 + -(-width // 8)), -(-height // 100)
    packed = b"".join(packer.compress(row * (height // times)) for _ in range(times)) + packer.flush()
    return raw_png(width, height, 1, 0, packed)


def truncated(path: Path) -> None:
    write_zip(path, good_files())
    path.write_bytes(path.read_bytes()[:-40])


HOSTILE: dict[str, Callable[[Path], Any]] = {
    "not a ZIP": lambda path: path.write_bytes(png() * 100),
    "truncated ZIP": truncated,
    "no file in it": lambda path: write_zip(path, {}),
    "nothing": lambda path: path.write_bytes(b""),
    "a PDF": lambda path: path.write_bytes(b"%PDF-1.7\n\0"),
    "a CSV": lambda path: path.write_bytes(b"x,y\n1,2\n" * 20),
    "no images": lambda path: write_zip(path, {"readme.txt": b"words"}),
    "path leading outside": lambda path: with_entry(path, "a/../../evil.png"),
    "Windows path outside": lambda path: with_entry(path, "..\\evil.png"),
    "absolute path": lambda path: with_entry(path, "/etc/evil.png"),
    "absolute Windows path": lambda path: with_entry(path, "C:\\evil.png"),
    "Windows share": lambda path: with_entry(path, "\\\\host\\evil.png"),
    "symbolic link": lambda path: with_entry(path, "link.png", b"/etc/passwd", external_attr=0o120777 << 16),
    "encrypted": lambda path: with_entry(path, "secret.png", flag_bits=1),
    "unknown compression": lambda path: with_entry(path, "odd.png", compress_type=98),
    "600 MB declared": lambda path: with_entry(path, "big.bin", b"", file_size=600 * 2**20),
    "60,000 entries": lambda path: many_entries(path, 60_000),
    "70,000 entries": lambda path: many_entries(path, 70_000),  # in a ZIP64 directory
    "60,000 entries, 20 declared": lambda path: many_entries(path, 60_000, declared=20),
    "400,000 entries, 20 declared": lambda path: many_entries(path, 400_000, declared=20),
    "text named .png": lambda path: with_entry(path, "text.png", b"words"),
    "wrong CRC": lambda path: with_entry(path, "cat.png", CRC=1),
    "wrong size": lambda path: with_entry(path, "cat.png", file_size=10_000),
    "30,000 x 30,000 pixels": lambda path: with_entry(path, "huge.png", black_png(30_000, 30_000)),
    "10,000 x 10,000 pixels": lambda path: with_entry(path, "huge.png", black_png(10_000, 10_000)),  # PIL only warns
    "1 x 10,000,000 pixels": lambda path: with_entry(path, "line.png", black_png(1, 10_000_000)),
}


def measure(path: Path, folder: Path) -> tuple[str, float, float]:
    """What is refused or left out, the seconds, and by how many MB the peak memory of this process grew."""
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
    try:
        name = own_images.keep(path, folder)
        with own_images.find(name, folder) as pictures, io.BytesIO() as pixels:
            decoded = decode(pictures, 8, "crop", "rgb", "stored", pixels)
        sentence = " ".join(why for _, why in decoded.left_out) + other_files(decoded.others)
    except ValueError as error:
        sentence = str(error)
    seconds = time.perf_counter() - start
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return sentence, seconds, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / unit


def in_child(function: Callable, *args: Any) -> Any:
    """The function's result in a fresh process, which has used memory only for its imports."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as pool:
        return pool.submit(function, *args).result()


def build(case: str, path: Path) -> None:
    HOSTILE[case](path)


if __name__ == "__main__":
    print(f"{'case':<30}{'seconds':>8}{'extra MB':>10}  sentence")
    with tempfile.TemporaryDirectory() as scratch:
        for case in HOSTILE:
            path = Path(scratch, "photos.zip")
            in_child(build, case, path)
            sentence, seconds, megabytes = in_child(measure, path, Path(scratch, "kept"))
            print(f"{case:<30}{seconds:>8.2f}{megabytes:>10.1f}  {sentence}")
