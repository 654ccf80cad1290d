"""Files of tensors in the safetensors format, written whole or not at all, and treated as untrusted when read.

Knows nothing of what the tensors mean. The format itself is the safetensors library's: no pickle is ever written or
read. Sizes are compared before memory is taken. Every refusal is a ValueError with a lower-case clause.
"""

import hashlib
import io
import json
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

LIMIT_BYTES = 2 * 2**30  # of one file
LIMIT_HEADER = 2**20  # bytes of names, shapes and metadata
Kinds = dict[str, tuple[torch.dtype, tuple[int, ...]]]  # data type and shape of every tensor, by name
Fits = Callable[[torch.dtype, tuple[int, ...]], bool]  # of the data type and shape of one
Check = Callable[[dict[str, str], Kinds], None]
"""Raises ValueError with a lower-case clause for metadata or tensors other than those expected."""
_DTYPES = {"F32": torch.float32, "F64": torch.float64, "I32": torch.int32, "I64": torch.int64, "U8": torch.uint8}
_HALF = {"F16": "float16", "BF16": "bfloat16"}
_LARGEST_SIDE, _MOST_SIDES = 2**32, 8


def packed(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> bytes:
    """A file's content; equal tensors and metadata give equal bytes. `metadata` has at most one key."""
    return safetensors.torch.save(*_arguments(tensors, metadata))


def write(path: Path, content: bytes | BinaryIO, sync: bool = False) -> None:
    """Write a file whole or not at all, even if this process is killed; with `sync`, even if the power fails."""
    part = _part(path)
    try:
        with part.open("wb") as file:
            shutil.copyfileobj(io.BytesIO(content) if isinstance(content, bytes) else content, file)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def write_hashed(
    folder: Path, name: Callable[[str], str], tensors: Mapping[str, Tensor], metadata: Mapping[str, str]
) -> Path:
    """Write tensors into a file whose name `name` makes from its SHA-256, 64 hex digits; returns its path.

    Written as `write` does with `sync`, but without a copy of the tensors in memory. Raises OSError.
    """
    part = _part(folder / "tensors")
    part.mkdir()  # a folder, because the library writes to a temporary file of its own beside the one it is given
    file = part / "tensors"
    try:
        contiguous, one_key = _arguments(tensors, metadata)
        safetensors.torch.save_file(contiguous, file, one_key)
        with file.open("rb+") as written:
            os.fsync(written.fileno())
        file.chmod(part.stat().st_mode & 0o666)  # as the umask wants it: the library makes it private
        path = folder / name(file_sha256(file))
        os.replace(file, path)
        return path
    except SafetensorError as error:
        match = re.search(r"I/O error: (.+) \(os error (\d+)\)", str(error))
        raise (OSError(int(match[2]), match[1]) if match else OSError(str(error))) from None
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _part(path: Path) -> Path:
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")


def _arguments(
    tensors: Mapping[str, Tensor], metadata: Mapping[str, str]
) -> tuple[dict[str, Tensor], dict[str, str] | None]:
    """For the library, which writes several keys of metadata in random order, and none as an empty object."""
    assert len(metadata) <= 1
    return {name: tensor.contiguous() for name, tensor in tensors.items()}, dict(metadata) or None


def file_sha256(path: Path) -> str:
    """The SHA-256 of a file, read piece by piece: 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def check_size(source: Path | bytes, limit: int = LIMIT_BYTES) -> None:
    """Raises ValueError for a path of anything but a plain file, and for content over the limit."""
    if isinstance(source, Path) and not source.is_file():
        raise ValueError("it is not a file")
    size = len(source) if isinstance(source, bytes) else source.stat().st_size
    if size > limit:
        raise ValueError(f"it has {size:,} bytes, and at most {limit:,} are allowed")


def read(
    source: Path | bytes, check: Check, limit: int = LIMIT_BYTES, mapped: bool = False
) -> tuple[dict[str, str], dict[str, Tensor]]:
    """Metadata and tensors, once `check` has accepted the metadata and every tensor's data type and shape.

    `mapped` tensors take no memory: they stay in the file, which must not change while they are in use. Raises
    ValueError with a lower-case clause for anything but such a file of at most `limit` bytes.
    """
    check_size(source, limit)
    if isinstance(source, bytes):
        with tempfile.TemporaryDirectory() as folder:  # the library gives the metadata of files only
            path = Path(folder, "tensors")
            path.write_bytes(source)
            return read(path, check, limit)
    with source.open("rb") as file:
        if int.from_bytes(file.read(8), "little") > LIMIT_HEADER:
            raise ValueError("it is not a safetensors file, or its header is too long")
    try:
        with safe_open(source, "pt", backend="mmap" if mapped else "pread") as file:
            metadata = file.metadata() or {}
            kinds = {name: _kind(file.get_slice(name)) for name in file.offset_keys()}
            check(metadata, kinds)
            return metadata, {name: file.get_tensor(name) for name in kinds}
    except SafetensorError:
        raise ValueError("it is not a safetensors file, or it is damaged") from None


def read_one(path: Path, name: str, fits: Fits, limit: int = LIMIT_BYTES, mapped: bool = False) -> Tensor:
    """The tensor of a file that holds one, of that name. Else like `read`; raises ValueError too if it does not fit."""

    def check(_: dict[str, str], kinds: Kinds) -> None:
        if list(kinds) != [name] or not fits(*kinds[name]):
            raise ValueError("it holds something else")

    return read(path, check, limit, mapped)[1][name]


def _kind(declared: Any) -> tuple[torch.dtype, tuple[int, ...]]:
    if half := _HALF.get(declared.get_dtype()):
        raise ValueError(f"its numbers are {half}; ganlab reads float32, so convert them with .float() before saving")
    dtype, shape = _DTYPES.get(declared.get_dtype()), tuple(declared.get_shape())
    if dtype is None or len(shape) > _MOST_SIDES or not all(0 < side < _LARGEST_SIDE for side in shape):
        raise ValueError("one of its tensors has an unknown dtype or shape")
    return dtype, shape


def parsed(text: str) -> Any:
    """JSON. Raises ValueError with a lower-case clause for any other text."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise ValueError("its JSON is invalid") from None
