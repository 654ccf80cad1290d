"""Files of tensors in the safetensors format: written whole or not at all, read as if a stranger had made them.

Knows nothing of what the tensors mean. No pickle is ever written or read, and nothing in a file is believed: sizes
are compared before memory is taken. Every refusal is a ValueError in one sentence.
"""

import hashlib
import io
import json
import math
import os
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import Tensor

LIMIT_BYTES = 2 * 2**30
"""Of one file."""
LIMIT_HEADER = 2**20
"""Bytes of names, shapes and metadata."""
Kinds = dict[str, tuple[torch.dtype, tuple[int, ...]]]
"""Data type and shape of every tensor, by name."""
Check = Callable[[dict[str, str], Kinds], None]
"""Raises ValueError, a reason without a full stop, for metadata or tensors that are not those expected."""
_DTYPES = {"F32": torch.float32, "F64": torch.float64, "I32": torch.int32, "I64": torch.int64, "U8": torch.uint8}
_NAMES = {dtype: name for name, dtype in _DTYPES.items()}
_LARGEST_SIDE = 2**32


def pieces(tensors: Mapping[str, Tensor], metadata: dict[str, str]) -> list[bytes | memoryview]:
    """The file's content, the tensors as they lie in memory; equal tensors and metadata give equal bytes."""
    # In the order of safetensors itself: the widest first, so that each is in line with its data type.
    order = sorted(tensors, key=lambda name: (-tensors[name].element_size(), name))
    arrays = {name: np.ascontiguousarray(tensors[name].numpy(force=True)) for name in order}
    declared, end = {}, 0
    for name, array in arrays.items():
        start, end = end, end + array.nbytes
        dtype, shape = _NAMES[tensors[name].dtype], list(tensors[name].shape)
        declared[name] = {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}
    header = json.dumps({"__metadata__": metadata} | declared).encode()
    header += b" " * (-len(header) % 8)
    return [len(header).to_bytes(8, "little"), header, *(array.reshape(-1).data.cast("B") for array in arrays.values())]


def packed(tensors: Mapping[str, Tensor], metadata: dict[str, str]) -> bytes:
    """The same in one piece."""
    return b"".join(pieces(tensors, metadata))


def write(path: Path, *content: bytes | memoryview, sync: bool = False) -> None:
    """Write a file whole or not at all, also when this process dies; with `sync`, also when the power fails."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with part.open("wb") as file:
            file.writelines(content)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def sha256(*content: bytes | memoryview) -> str:
    """The SHA-256 of bytes, in one piece or many: 64 hex digits."""
    digest = hashlib.sha256()
    for piece in content:
        digest.update(piece)
    return digest.hexdigest()


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file, read piece by piece."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_size(path: Path, limit: int = LIMIT_BYTES) -> None:
    """Raises ValueError for what is no plain file, or one over the limit."""
    if not path.is_file():
        raise ValueError("it is not a file")
    if (size := path.stat().st_size) > limit:
        raise ValueError(f"it has {size:,} bytes, and at most {limit:,} are allowed")


def read(source: Path | bytes, check: Check) -> tuple[dict[str, str], dict[str, Tensor]]:
    """Metadata and tensors, once `check` has seen the metadata and every tensor's data type and shape.

    Raises ValueError, a reason without a full stop, for anything that is not such a file.
    """
    with io.BytesIO(source) if isinstance(source, bytes) else source.open("rb") as file:
        size = file.seek(0, io.SEEK_END)
        file.seek(0)
        metadata, entries = _header(file, size)
        check(metadata, {name: (dtype, shape) for name, (dtype, shape, _) in entries.items()})
        content = bytearray(file.read())
    return metadata, {name: _tensor(content, *entry) for name, entry in entries.items()}


def parsed(text: str) -> Any:
    """JSON. Raises ValueError, a reason without a full stop, for any other text."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("what it says of itself is not JSON") from None


Entries = dict[str, tuple[torch.dtype, tuple[int, ...], int]]


def _header(file: BinaryIO, size: int) -> tuple[dict[str, str], Entries]:
    """Metadata, and every tensor's data type, shape and first byte."""
    length = int.from_bytes(file.read(8), "little")
    if size < 8 or length > min(LIMIT_HEADER, size - 8) or length % 8:  # our writer fills up to whole words
        raise ValueError("it is not a safetensors file")
    try:
        header = parsed(file.read(length).decode())
    except UnicodeDecodeError:
        raise ValueError("it is not a safetensors file") from None
    if not isinstance(header, dict):
        raise ValueError("it is not a safetensors file")
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(text, str) for text in metadata.values()):
        raise ValueError("what it says of itself is not text")
    return metadata, _entries(header, size - 8 - length)


def _entries(header: dict[str, Any], size: int) -> Entries:
    """The tensors as declared, which must fill the file from end to end."""
    spans, entries = [], {}
    for name, declared in header.items():
        try:
            dtype, shape, (start, end) = _DTYPES[declared["dtype"]], tuple(declared["shape"]), declared["data_offsets"]
        except (KeyError, TypeError, ValueError):
            raise ValueError("one of its tensors is declared in a way ganlab never does") from None
        whole = all(type(side) is int and 0 < side < _LARGEST_SIDE for side in shape) and len(shape) <= 8
        if not whole or type(start) is not int or end != start + math.prod(shape) * dtype.itemsize:
            raise ValueError("one of its tensors has another size than it says")
        spans.append((start, end))
        entries[name] = (dtype, shape, start)
    spans.sort()
    if [start for start, _ in spans] + [size] != [0] + [end for _, end in spans]:
        raise ValueError("it has another size than its tensors")
    return entries


def _tensor(content: bytearray, dtype: torch.dtype, shape: tuple[int, ...], start: int) -> Tensor:
    part = content[start : start + math.prod(shape) * dtype.itemsize]  # a copy, and so in line with its data type
    return torch.frombuffer(part, dtype=dtype).reshape(shape)
