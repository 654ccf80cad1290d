"""One network as a file of its own: what `generator.safetensors` holds, and how a generator comes back from it."""

import hashlib
import json
from pathlib import Path

from torch import Tensor, nn

from ganlab import tensorfile
from ganlab.config import TrainConfig
from ganlab.data import datasets
from ganlab.gan import training
from ganlab.tensorfile import Kinds

LIMIT_BYTES = 4 * training.LIMIT_WEIGHTS + 2**22


def network_file(config: TrainConfig, step: int, network: nn.Module) -> bytes:
    """A network of a run at a step as a safetensors file.

    Its metadata holds what is needed to build it again, and the SHA-256 of its tensors' bytes in order of name.
    """
    tensors = network.state_dict()
    metadata = {
        "config": json.dumps(config.as_dict()),
        "shape": json.dumps(datasets.shape_of(config)),
        "step": str(step),
        "sha256": _sha256(tensors),
    }
    return tensorfile.packed(tensors, metadata)


def load_generator(path: Path) -> tuple[nn.Module, TrainConfig]:
    """The generator in a `generator.safetensors` of ours, in eval mode, and its settings.

    Raises FileNotFoundError, or ValueError in one sentence for a file that is not such a generator.
    """
    if not path.is_file():
        raise FileNotFoundError(f"There is no {path}.")
    return read_generator(path)[:2]


def read_generator(content: bytes | Path) -> tuple[nn.Module, TrainConfig, int]:
    """A generator in eval mode on the CPU, its settings and its step, from a file of ours or what is in one.

    What it is counts, not what it is called. Raises ValueError, in one sentence, for anything else.
    """
    return read_network(content, "generator")


def read_network(content: bytes | Path, which: str) -> tuple[nn.Module, TrainConfig, int]:
    """As `read_generator`, for `which` of the two networks."""
    known: tuple[TrainConfig, tuple[int, ...], int, str] | None = None

    def check(metadata: dict[str, str], kinds: Kinds) -> None:
        nonlocal known
        known = _about(metadata)
        if kinds != _kinds(which, *known[:2]):
            raise ValueError("its tensors are not those that its settings need")

    try:
        if isinstance(content, Path):
            tensorfile.check_size(content, LIMIT_BYTES)
        elif len(content) > LIMIT_BYTES:
            raise ValueError(f"it has {len(content):,} bytes, and at most {LIMIT_BYTES:,} are allowed")
        _, tensors = tensorfile.read(content, check)
        config, shape, step, sha256 = known
        if sha256 != _sha256(tensors):
            raise ValueError("it was damaged: the SHA-256 of its weights is not the one it names")
    except (ValueError, OSError) as error:
        named = content if isinstance(content, Path) else "This file"
        raise ValueError(f"{named} is not a {which} that ganlab saved: {str(error).rstrip('.')}.") from None
    return training.network_of(which, config, shape, {f"{which}.{k}": t for k, t in tensors.items()}), config, step


def _about(metadata: dict[str, str]) -> tuple[TrainConfig, tuple[int, ...], int, str]:
    try:
        config = TrainConfig.from_dict(tensorfile.parsed(metadata["config"]))
        shape = tuple(tensorfile.parsed(metadata["shape"]))
        step = tensorfile.parsed(metadata["step"])
        sha256 = metadata["sha256"]
    except (KeyError, TypeError):
        raise ValueError("it does not say what it is") from None
    if type(step) is not int or step < 0 or not all(type(side) is int for side in shape):
        raise ValueError("it does not say what it is")
    return config, shape, step, sha256


def _kinds(which: str, config: TrainConfig, shape: tuple[int, ...]) -> Kinds:
    """Those of one network alone."""
    kinds = training.state_kinds(config, shape)
    return {name.removeprefix(f"{which}."): kind for name, kind in kinds.items() if name.startswith(f"{which}.")}


def _sha256(tensors: dict[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(tensors[name].contiguous().numpy().data)
    return digest.hexdigest()
