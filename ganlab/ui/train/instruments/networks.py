"""Both networks of a run in one drawing: input, every layer, output, and the health of the critic's gradients."""

from functools import lru_cache

from ganlab.config import TrainConfig
from ganlab.formatting import short
from ganlab.gan import building, networks
from ganlab.gan.networks import Block
from ganlab.measure.gradients import Gradients
from ganlab.runs import diagnosis

HEALTH = {  # as in the legend
    "fine": "healthy",
    "vanishing": "vanishing",
    "exploding": "exploding",
    "still": "weights' rms gradient below 1e−8",
}
ARROW = "<svg class='to' viewBox='0 0 14 8' aria-hidden='true'><path d='M0 4H9M9 1L13 4L9 7Z'/></svg>"
Outlines = tuple[list[Block], list[Block]]


@lru_cache(maxsize=8)
def outlines(config: TrainConfig) -> Outlines:
    """The blocks of generator and critic."""
    generator, critic = building.shapes_of(config, config.shape)
    return networks.outline(generator, (config.latent_dim,)), networks.outline(critic, config.shape)


def drawing(
    blocks: Outlines | None, gradients: Gradients | None, layer: str | None, latent_dim: int, judged: bool = True
) -> str:
    """Latents, generator, sample, critic and score, as HTML; `layer` is the chosen parameter of the critic.

    Its layers are coloured by their health only once the gradients can be `judged`.
    """
    if blocks is None:
        return "<p class='muted'>The networks appear with the first step.</p>"
    generator, critic = blocks
    health = diagnosis.health(gradients) if gradients and judged else {}
    norms = dict(zip(gradients.layers, gradients.norms.tolist(), strict=True)) if gradients else {}
    boxes = [f"<div class='block'>{_label(block)}</div>" for block in generator]
    buttons = [_button(block, health.get(block.name), norms.get(block.name), layer) for block in critic]
    return (
        f"<div class='nets'><div class='part'>{_end('latents', str(latent_dim))}{ARROW}"
        f"{_network('generator', generator, boxes)}{ARROW}{_end('sample', _shape(generator[-1].shape), 'sample')}</div>"
        f"<div class='part'>{ARROW}{_network('critic', critic, buttons)}{ARROW}{_end('score', '1')}</div></div>"
        f"{_legend(judged=bool(health))}"
    )


def parameter(layer: str, config: TrainConfig) -> str | None:
    """The parameter to choose for a clicked block: its matrix or kernel. None for an unknown block."""
    name = f"{layer}.weight"
    return name if name in dict(building.critic_layers(config)) else None


def _network(name: str, blocks: list[Block], drawn: list[str]) -> str:
    total = sum(block.parameters for block in blocks)
    return (
        f"<div class='net' role='group' aria-label='{name}'><div class='of'><b>{name}</b> "
        f"<span class='muted'>{total:,} parameters</span></div><div class='blocks'>{ARROW.join(drawn)}</div></div>"
    )


def _end(name: str, shape: str, style: str = "") -> str:
    return f"<div class='end {style}'><b>{name}</b><small>{shape}</small></div>"


def _button(block: Block, health: str | None, norm: float | None, layer: str | None) -> str:
    chosen = "true" if layer and layer.split(".")[0] == block.name else "false"
    gradient = "" if norm is None else f"<small>gradient</small><small>{short(norm)}</small>"
    state = f"; its gradient is {short(norm)}: {HEALTH[health]}" if health and norm is not None else ""
    return (
        f"<button type='button' class='block {health or ''}' data-pick='{block.name}' aria-pressed='{chosen}' "
        f"aria-label='{block.name} of the critic{state}' title='Show its weights; click again for all'>"
        f"{_label(block)}{gradient}</button>"
    )


def _label(block: Block) -> str:
    norm = f"<small>{block.norm}</small>" if block.norm else ""
    return f"<b>{block.name}</b>{norm}<small>{_shape(block.shape)}</small><small>{block.parameters:,}</small>"


def _shape(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))


def _legend(judged: bool) -> str:
    boxes = "Each box: output shape and number of parameters. Click a layer of the critic to see its weights."
    marks = "".join(f"<span><i class='{name}'></i>{words}</span>" for name, words in HEALTH.items())
    colours = f"<p class='health muted small'>Gradient on its way back: {marks}</p>" if judged else ""
    return f"<p class='muted small'>{boxes}</p>{colours}"
