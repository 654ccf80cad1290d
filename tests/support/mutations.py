"""Files that must be refused: a checkpoint, changed in many ways. As a script: the time and memory to read so many.

Half of them are named after their changed content, as an attacker would name them.
"""

import hashlib
import json
import os
import pickle
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from hostile import in_child
from stubs import TINY_IMAGES

from ganlab.runs.disk import checkpoints
from ganlab.runs.disk.folder import RunFolder
from ganlab.runs.training_run import TrainingRun

SEED = 1701


class Evil:
    """Creates a folder when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple:
        return os.mkdir, (str(self.trace),)


def parts(content: bytes) -> tuple[dict, bytes]:
    length = int.from_bytes(content[:8], "little")
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def joined(header: dict | bytes, rest: bytes) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text + rest


def flipped(content: bytes, draws: random.Random, trace: Path) -> bytes:
    """Up to ten bits, anywhere."""
    changed = bytearray(content)
    for _ in range(draws.randint(1, 10)):
        changed[draws.randrange(len(content))] ^= 1 << draws.randrange(8)
    return bytes(changed)


def flipped_length(content: bytes, draws: random.Random, trace: Path) -> bytes:
    """One bit of the header's length or its first letter: anywhere else, a file named after it may well be valid."""
    changed = bytearray(content)
    changed[draws.randrange(9)] ^= 1 << draws.randrange(8)
    return bytes(changed)


def truncated(content: bytes, draws: random.Random, trace: Path) -> bytes:
    return content[: draws.choice([0, 7, 8, draws.randrange(len(content)), len(content) - 1])]


def longer(content: bytes, draws: random.Random, trace: Path) -> bytes:
    return content + draws.randbytes(draws.randint(1, 100))


def huge_header(content: bytes, draws: random.Random, trace: Path) -> bytes:
    """A wrong length, or a header that is very long or very deep."""
    lengths = (2**63, 2**64 - 1, 2**32, len(content), len(content) - 7, 2**20 + 8)
    if draws.random() < 0.7:
        return draws.choice(lengths).to_bytes(8, "little") + content[8:]
    if draws.random() < 0.3:
        return joined(b"[" * draws.choice([400_000, 2_000_000]), b"")
    many = range(draws.choice([12_000, 40_000]))
    return joined({f"t{i}": {"dtype": "U8", "shape": [1], "data_offsets": [i, i + 1]} for i in many}, bytes(len(many)))


def wrong_tensor(content: bytes, draws: random.Random, trace: Path) -> bytes:
    """A tensor with another shape, data type, place or name, or one tensor too few or too many."""
    header, rest = parts(content)
    name = draws.choice([key for key in header if key != "__metadata__"])
    entry = header[name]
    start, end = entry["data_offsets"]
    change = draws.randrange(9)
    if change == 0:
        entry["shape"] = [*entry["shape"], 1]
    elif change == 1:
        entry["shape"] = draws.choice([[2**40], [-1, 4], [0], [2**31, 2**31, 2**31], ["8"], [1.0], [True], 8, None])
    elif change == 2:
        entry["dtype"] = draws.choice(["F16", "BF16", "F64", "object", "", None, 3, ["F32"]])
    elif change == 3:
        entry["data_offsets"] = draws.choice([[0, 2**62], [end, start], [-8, end], [start + 4, end + 4], [], "ab", [0]])
    elif change == 4:
        header[draws.choice(["../../x", "a" * 1000, "", "generator.evil"])] = header.pop(name)
    elif change == 5:
        del header[name]
    elif change == 6:
        header["more"] = {"dtype": "U8", "shape": [8], "data_offsets": [len(rest), len(rest) + 8]}
        rest += bytes(8)
    elif change == 7:
        header["again"] = dict(entry)  # two tensors in one place
    else:
        header[name] = draws.choice([None, [], "x", 7, {}, {"dtype": "F32"}])
    return joined(header, rest)


def wrong_metadata(content: bytes, draws: random.Random, trace: Path) -> bytes:
    """Invalid settings, or those of another run."""
    header, rest = parts(content)
    about = json.loads(header["__metadata__"]["checkpoint"])
    field, value = draws.choice(
        [
            ("config", None),
            ("config", []),
            ("config", {"width": 1024, "depth": 32, "network": "mlp"}),
            ("config", {"cats": 1}),
            ("config", about["config"] | {"width": 10**9}),
            ("config", about["config"] | {"optimizer": "adam"}),
            ("config", about["config"] | {"image_size": 64}),
            ("config", about["config"] | {"clip_range": [1, -1]}),
            ("config", about["config"] | {"width": 1024}),
            ("shape", [1, 16]),
            ("shape", [10**6, 16, 16]),
            ("shape", "abc"),
            ("shape", None),
            ("shape", [1, 1.5, 1]),
            ("step", -1),
            ("step", 10**30),
            ("step", "1"),
            ("step", 3),
            ("critic_step", 1.5),
            ("changes", None),
            ("seconds", -1.0),
            ("seconds", float("nan")),
            ("seconds", float("inf")),
            ("device", 7),
        ]
    )
    about[field] = value
    texts = [json.dumps(about)] * 6 + ["{", "[" * 200_000, "9" * 100_000, ""]
    header["__metadata__"] = draws.choice([{"checkpoint": draws.choice(texts)}] * 8 + [{}, {"checkpoint": 3}, []])
    return joined(header, rest)


def pickled(content: bytes, draws: random.Random, trace: Path) -> bytes:
    """A pickle under a checkpoint's name, or one after a good header."""
    evil = pickle.dumps(Evil(trace), protocol=draws.randint(0, 5))
    header, _ = parts(content)
    return draws.choice([evil, joined(header, evil), joined(evil, b""), evil + content])


KINDS: tuple[Callable[[bytes, random.Random, Path], bytes], ...] = (
    truncated,
    longer,
    huge_header,
    wrong_tensor,
    wrong_metadata,
    pickled,
)


def good_checkpoint(folder: Path) -> Path:
    """The last checkpoint of a tiny run."""
    TrainingRun(RunFolder(folder, TINY_IMAGES)).run()
    return checkpoints.files(folder)[-1].path


def write_mutations(good: Path, folder: Path, many: int) -> list[tuple[str, Path]]:
    """The kind of change and the path of each file; every second one is named after its changed content."""
    content, draws, written = good.read_bytes(), random.Random(SEED), []
    for i in range(many):
        renamed = i % 2 == 0
        kinds = (*KINDS, flipped_length if renamed else flipped)
        kind = kinds[i // 2 % len(kinds)]
        changed = kind(content, draws, folder / "executed")
        sha256 = hashlib.sha256(changed).hexdigest()
        name = f"step-{TINY_IMAGES.steps:06}-{sha256[:16]}.safetensors" if renamed else good.name
        path = folder / str(i) / name
        path.parent.mkdir()
        path.write_bytes(changed)
        written.append((kind.__name__ + ", renamed" * renamed, path))
    return written


def refusal(path: Path) -> tuple[str, float]:
    """The message, empty if the file was accepted, and the seconds of CPU time, which other programs don't affect."""
    start, sentence = time.process_time(), ""
    try:
        checkpoints.read(path)
    except ValueError as error:
        sentence = str(error)
    return sentence, time.process_time() - start


def peak() -> float:
    """The peak memory of this process, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)


def main(many: int, verbose: bool) -> int:
    """Read this many files; returns 0 if each is refused and nothing was executed."""
    with tempfile.TemporaryDirectory() as scratch:
        good = good_checkpoint(Path(scratch, "run"))
        assert not refusal(good)[0]
        files = in_child(write_mutations, good, Path(scratch), many)  # the memory for this is not counted
        before, results = peak(), [(kind, path, *refusal(path)) for kind, path in files]
        extra, executed = peak() - before, Path(scratch, "executed").exists()
    bad = [(kind, path) for kind, path, sentence, _ in results if path.name not in sentence or "\n" in sentence]
    for kind, path in bad:
        print(f"not refused: {path} ({kind})")
    if verbose:
        for sentence in sorted({sentence.removeprefix(path.name) for _, path, sentence, _ in results}):
            print(sentence)
    print(f"{many} files, {many - len(bad)} refused by name, executed: {executed}")
    slowest, kind = max((seconds, kind) for kind, _, _, seconds in results)
    print(f"slowest {slowest:.3f} s ({kind}), extra memory {extra:.1f} MB")
    return int(bool(bad) or executed)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), "-v" in sys.argv))
