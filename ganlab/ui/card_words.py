"""Cards in words: runs and presets, and the sentences of Home. HTML of panels, like `words`."""

from ganlab import store
from ganlab.config import TrainConfig
from ganlab.figures import range_in_words
from ganlab.snapshot import Snapshot
from ganlab.ui import drawings
from ganlab.ui.words import AFTER, BEFORE, facts, pace, pill, progress_bar, title


def run_card(snapshot: Snapshot) -> str:
    """A run in progress, for Home: picture, name, state, how far."""
    told = " · ".join([f"step {snapshot.step:,} of {snapshot.config.steps:,}", *pace(snapshot)])
    return (
        f"<div class='runcard'>{drawings.run_thumb(snapshot)}<div class='txt'>"
        f"<div class='name'><b>{title(snapshot.config)}, {range_in_words(snapshot.config.clip_range)}</b>"
        f"{pill(snapshot.status)}</div>{progress_bar(snapshot)}<div class='muted small'>{told}</div></div></div>"
    )


def earlier_card(snapshot: Snapshot, size: int) -> str:
    """A run that has ended, for Home: picture, name, state, how far, when, how large on disk."""
    when = store.made_at(snapshot.run_id)
    facts = [
        f"step {snapshot.step:,} of {snapshot.config.steps:,}",
        f"seed {snapshot.config.seed}",
        *([f"{when:%Y-%m-%d %H:%M}"] if when else []),
        file_size(size),
        snapshot.run_id[-4:],
    ]
    told = [f"<span class='nowrap'>{fact}</span>" for fact in facts]
    return (
        f"<div class='runcard small-card'>{drawings.run_thumb(snapshot)}<div class='txt'>"
        f"<div class='name'><b>{title(snapshot.config)}, {range_in_words(snapshot.config.clip_range)}</b>"
        f"{pill(snapshot.status)}</div><div class='muted small'>{' · '.join(told)}</div></div></div>"
    )


def file_size(n: int) -> str:
    """Bytes as 3.2 kB, 0.4 MB or 12 MB."""
    if n < 1e5:
        return f"{n / 1e3:,.1f} kB"
    return f"{n / 1e6:.1f} MB" if n < 1e7 else f"{n / 1e6:,.0f} MB"


def preset_card(name: str, line: str, thumb: str, config: TrainConfig) -> str:
    """What a preset is: picture, name, one sentence, three facts."""
    chips = "".join(f"<span>{fact}</span>" for fact in facts(config))
    return (
        f"<div class='card'><div class='thumb'>{thumb}</div><h4>{name}</h4><p>{line}</p>"
        f"<div class='chips'>{chips}</div></div>"
    )


LEAD = (
    "<div class='lead'>Train a Wasserstein GAN on this computer, move the clip range while it learns, and see every "
    f"critic weight {BEFORE.format('before')} and {AFTER.format('after')} the clamp.</div>"
)

FIVE_SENTENCES = """<ol class='steps'>
<li>A <b>generator</b> turns random numbers, the latents, into images.</li>
<li>A <b>critic</b> learns to score real images higher than generated ones, and the generator learns to raise its
scores.</li>
<li>The gap between the two mean scores <b>estimates</b> how far apart the two sets of images are.</li>
<li>That holds only while the critic cannot be too steep, so each of its weights is <b>clamped</b> into a small range,
−c to c, after every update.</li>
<li>Too narrow and the gradients vanish, too wide and the critic learns slowly; the paper that proposed the clamp
calls it “a clearly terrible way”.</li></ol>"""
