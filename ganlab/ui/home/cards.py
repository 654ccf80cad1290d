"""Cards in words: runs and presets, and the sentences of Home. HTML of panels, like `words`."""

from ganlab.formatting import range_in_words
from ganlab.runs.snapshot import Snapshot
from ganlab.ui.kit import drawings
from ganlab.ui.kit.html import AFTER, BEFORE, pace, pill, progress_bar, title


def run_card(snapshot: Snapshot) -> str:
    """A run in progress, for Home: picture, name, state, how far."""
    told = " · ".join([f"step {snapshot.step:,} of {snapshot.config.steps:,}", *pace(snapshot)])
    return (
        f"<div class='runcard'>{drawings.run_thumb(snapshot)}<div class='txt'>"
        f"<div class='name'><b>{title(snapshot.config)}, {range_in_words(snapshot.config.clip_range)}</b>"
        f"{pill(snapshot.status)}</div>{progress_bar(snapshot)}<div class='muted small'>{told}</div></div></div>"
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
