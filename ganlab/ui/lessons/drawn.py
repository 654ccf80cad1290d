"""A drawn tensor: facts about it side by side, and its histogram over the density that it was drawn from."""

from torch import Tensor

from ganlab.plots.lessons import against_density
from ganlab.ui.kit.components import Caption, panel, plot
from ganlab.ui.kit.html import line_key

BARS = "<span><svg viewBox='0 0 20 8'><rect width='20' height='8' fill='var(--muted)' opacity='.4'/></svg>drawn</span>"


def show(key: str, t: Tensor, mean: float, sd: float, law: str, facts: dict[str, tuple[str, str]], height: int) -> None:
    """The facts, each a value and a note by its name, and the histogram over N(mean, sd²), which is written `law`."""
    cells = (
        f"<div><span>{name}</span><b>{value}</b><small>{note}</small></div>" for name, (value, note) in facts.items()
    )
    panel(f"{key}_facts", f"<div class='facts'>{''.join(cells)}</div>")
    curve = line_key(f"density of {law}")
    panel(f"{key}_key", f"<div class='ch keys'><div>{BARS}{curve}</div></div>")
    caption = Caption(f"{t.numel():,} values drawn from {law}", BARS + curve)
    plot(f"{key}_bell", against_density(t, mean, sd), height, caption)
