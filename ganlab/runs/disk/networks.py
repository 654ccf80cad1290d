"""One network as a file: what `generator.safetensors` holds, and how a generator is built from it again."""

import hashlib
import json
from pathlib import Path

from torch import Tensor, nn

from ganlab import tensorfile
from ganlab.config import TrainConfig
from ganlab.gan import building, state
from ganlab.runs.disk.contents import check_networks
from ganlab.runs.disk.damage import check_file, refusing
from ganlab.tensorfile import Kinds

LIMIT_BYTES = 4 * building.LIMIT_WEIGHTS + 2**22


def network_file(config: TrainConfig, step: int, network: nn.Module) -> bytes:
    """A network as a safetensors file, with what it takes to build it again, and a SHA-256 of its tensors' bytes."""
    tensors = network.state_dict()
    about = {"config": config.as_dict(), "shape": config.shape, "step": step, "sha256": _sha256(tensors)}
    return tensorfile.packed(tensors, {"network": json.dumps(about)})


def read_network(
    content: bytes | Path, which: str = "generator", of: TrainConfig | None = None
) -> tuple[nn.Module, TrainConfig, int]:
    """A network in eval mode on the CPU, its settings and its step, from a file that ganlab saved, or its content.

    The content decides, not the file's name. Raises Damaged for anything but `which`, with `of` one of a run with these
    settings.
    """

    def check(metadata: dict[str, str], kinds: Kinds) -> None:
        config, *_ = _about(metadata)
        if of:
            check_networks(config, of)
        if kinds != state.below(state.state_kinds(config, config.shape), which):
            raise ValueError("its tensors are not those that its settings need")

    with refusing(f"{content if isinstance(content, Path) else 'This file'} is not a {which} that ganlab saved"):
        if isinstance(content, Path):
            check_file(content, LIMIT_BYTES)
        metadata, tensors = tensorfile.read(content, check, LIMIT_BYTES)
        config, step, sha256 = _about(metadata)
        if sha256 != _sha256(tensors):
            raise ValueError("it was damaged: its weights don't match the SHA-256 in its metadata")
        state.check_finite(tensors)
    tensors = {f"{which}.{name}": tensor for name, tensor in tensors.items()}
    return state.network_of(which, config, config.shape, tensors), config, step


def _about(metadata: dict[str, str]) -> tuple[TrainConfig, int, str]:
    try:
        if "network" in metadata:
            about = tensorfile.parsed(metadata["network"])
        else:  # version 0.1.0 wrote each value under a key of its own
            about = {name: tensorfile.parsed(metadata[name]) for name in ("config", "shape", "step")}
            about["sha256"] = metadata["sha256"]
        config = TrainConfig.from_dict(about["config"])
        shape, step, sha256 = tuple(about["shape"]), about["step"], about["sha256"]
    except (KeyError, TypeError):
        raise ValueError("its metadata is incomplete") from None
    if type(step) is not int or step < 0 or type(sha256) is not str or shape != config.shape:
        raise ValueError("its metadata is invalid")
    return config, step, sha256


def _sha256(tensors: dict[str, Tensor]) -> str:
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(tensors[name].contiguous().numpy().data)
    return digest.hexdigest()
