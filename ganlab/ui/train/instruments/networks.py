"""Both networks of a run in one drawing: what goes in, every layer, what comes out, and how the gradients fare."""

from torch import nn

from ganlab.formatting import short
from ganlab.gan import networks
from ganlab.gan.networks import Block
from ganlab.measure.gradients import Gradients
from ganlab.runs import diagnosis
from ganlab.runs.snapshot import Snapshot

HEALTH = {
    "fine": "healthy",
    "vanishing": "vanishing",
    "exploding": "exploding",
    "still": "weights' rms gradient below 1e−8",
}
"""The words of the legend."""
Outlines = tuple[list[Block], list[Block]]


def outlines(snapshot: Snapshot) -> Outlines | None:
    """The blocks of generator and critic; None before there are networks."""
    if snapshot.generator is None or snapshot.critic is None or snapshot.samples is None:
        return None
    return (
        networks.outline(snapshot.generator, (snapshot.config.latent_dim,)),
        networks.outline(snapshot.critic, snapshot.sample_shape),
    )


def drawing(
    blocks: Outlines | None, gradients: Gradients | None, layer: str | None, latent_dim: int, judged: bool = True
) -> str:
    """Latents, generator, sample, critic, score; the critic's layers are buttons, `layer` the chosen parameter.

    Coloured by their health only once the gradients can be `judged`.
    """
    if blocks is None:
        return "<p class='muted'>The networks appear with the first step.</p>"
    generator, critic = blocks
    health = diagnosis.health(gradients) if gradients and judged else {}
    norms = dict(zip(gradients.layers, gradients.norms.tolist(), strict=True)) if gradients else {}
    makes = ARROW.join(map(_box, generator))
    scores = ARROW.join(_button(block, health.get(block.name), norms.get(block.name), layer) for block in critic)
    return (
        f"<div class='nets'><div class='part'>{_end('latents', str(latent_dim))}{ARROW}"
        f"{_network('generator', generator, makes)}{ARROW}{_end('sample', _shape(generator[-1].shape), 'violet')}</div>"
        f"<div class='part'>{ARROW}{_network('critic', critic, scores)}{ARROW}{_end('score', '1')}</div></div>"
        f"{_legend(health)}"
    )


ARROW = "<span class='to' aria-hidden='true'></span>"


def parameter(layer: str, critic: nn.Module) -> str | None:
    """The name in the layer menu of a block that was clicked: that of its matrix or kernel."""
    name = f"{layer}.weight"
    return name if name in dict(critic.named_parameters()) else None


def _network(name: str, blocks: list[Block], inside: str) -> str:
    total = sum(block.parameters for block in blocks)
    return (
        f"<div class='net' role='group' aria-label='{name}'><div class='of'><b>{name}</b> "
        f"<span class='muted'>{total:,} parameters</span></div><div class='blocks'>{inside}</div></div>"
    )


def _end(name: str, shape: str, look: str = "") -> str:
    return f"<div class='end {look}'><b>{name}</b><small>{shape}</small></div>"


def _box(block: Block) -> str:
    return f"<div class='block'>{_label(block)}</div>"


def _button(block: Block, health: str | None, norm: float | None, layer: str | None) -> str:
    chosen = "true" if layer and layer.split(".")[0] == block.name else "false"
    told = "" if norm is None else f"<small>gradient</small><small>{short(norm)}</small>"
    state = f"; its gradient is {short(norm)}: {HEALTH[health]}" if health and norm is not None else ""
    return (
        f"<button type='button' class='block {health or ''}' data-layer='{block.name}' aria-pressed='{chosen}' "
        f"aria-label='{block.name} of the critic{state}' title='Its weights, or all again'>"
        f"{_label(block)}{told}</button>"
    )


def _label(block: Block) -> str:
    norm = "<small>batch norm</small>" if block.has_batch_norm else ""
    return f"<b>{block.name}</b>{norm}<small>{_shape(block.shape)}</small><small>{block.parameters:,}</small>"


def _shape(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))


def _legend(health: dict[str, str]) -> str:
    """What the colours mean; without gradients there are none."""
    told = "In each box: what comes out for one sample, and parameters. Click a layer of the critic to see its weights."
    if not health:
        return f"<p class='muted small'>{told}</p>"
    marks = "".join(f"<span class='mark'><i class='{name}'></i>{words}</span>" for name, words in HEALTH.items())
    return f"<p class='muted small'>{told}</p><p class='muted small'>Gradient on its way back: {marks}</p>"
