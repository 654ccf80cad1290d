"""The words of Home: what ganlab does, and what weight clipping is in five sentences. HTML of panels."""

from ganlab.ui.kit.html import AFTER, BEFORE

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
