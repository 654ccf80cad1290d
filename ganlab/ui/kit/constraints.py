"""What may hold a critic, as cards of one radio group, each with its picture and one sentence."""

from collections.abc import Callable, Mapping

from ganlab.ui.kit.components import choices

_CURVE = "M4 44C22 44 24 8 36 8S50 44 68 44"
_FLAT = "M4 44C14 44 16 30 36 30S58 44 68 44"
CARDS = {
    "clip": (
        "Weight clipping",
        "After each update, every weight is clamped into a range, as in the paper.",
        f"<clipPath id='kept'><path d='M20 0H52V48H20Z'/></clipPath><path class='out' d='{_CURVE}'/>"
        f"<path class='in' d='{_CURVE}' clip-path='url(#kept)'/>"
        "<path class='post' d='M20 44V18M52 44V18'/><path class='rule' d='M20 4V44M52 4V44'/>",
    ),
    "gradient-penalty": (
        "Gradient penalty",
        "Between real and generated samples, a term in the loss pulls the critic's slope to 1.",
        "<path class='line' d='M8 40L24 34L46 14L64 8'/><path class='rule' d='M24 34H46V14'/>"
        "<circle class='gen' cx='24' cy='34' r='3.5'/><circle class='real' cx='46' cy='14' r='3.5'/>"
        "<text x='34' y='44'>1</text><text x='50' y='28'>1</text>",
    ),
    "spectral-norm": (
        "Spectral norm",
        "Each layer’s weights are divided by their largest singular value.",
        "<ellipse class='out' cx='36' cy='24' rx='31' ry='12'/><circle class='rule' cx='36' cy='24' r='19'/>"
        "<ellipse class='in' cx='36' cy='24' rx='19' ry='7.4'/><path class='line' d='M36 24H55'/>",
    ),
    "none": (
        "Nothing",
        "The critic may become as steep as it likes.",
        f"<path class='out' d='{_FLAT}'/>",
    ),
}
"""For each `constraint` a title, a sentence, and a drawing of 72 x 48 in the colours of front/constraints.css."""


def cards(key: str, chosen: str, pick: Callable[[str], None], refused: Mapping[str, str]) -> None:
    """All four; `pick` is called with another one. Those `refused` can't be chosen, maybe with why."""
    choices(key, _html(chosen, refused), lambda name: pick(name) if name != chosen else None)


def _html(chosen: str, refused: Mapping[str, str]) -> str:
    radios = (_radio(name, name == chosen, refused.get(name)) for name in CARDS)
    return f"<div class='constraints' role='radiogroup' aria-label='Constraint'>{''.join(radios)}</div>"


def _radio(name: str, on: bool, refusal: str | None) -> str:
    title, sentence, picture = CARDS[name]
    state = f"aria-checked='{str(on).lower()}' tabindex='{0 if on else -1}'"
    state += f" data-pick='{name}'" if refusal is None else " aria-disabled='true'"
    return (
        f"<div role='radio' {state}><svg viewBox='0 0 72 48' aria-hidden='true'>{picture}</svg>"
        f"<div><b>{title}</b><p>{refusal or sentence}</p></div></div>"
    )
