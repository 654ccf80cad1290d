"""How the instruments are to be read, and what the diagnosis looks for, as Markdown. Thresholds come from the rules."""

from ganlab import diagnosis as rules
from ganlab.diagnosis import percent
from ganlab.lookout import SHARE
from ganlab.readings import MISSING

CARDS = f"""
The instruments look between two steps, at copies of both networks, as often as {percent(SHARE)} of the CPU time of
the run allows; soon after a new clip range, on pause and at the end. What they find is in instruments.csv.

- **Gradient norms**: the norm of the whole batch's gradient of the critic's loss at what each layer puts out, as
  trained. The fold is fitted over the hidden layers. The *gain law* is what weights of random signs would do:
  rms(W) · √(fan-in · (1 + a²) / 2) per layer; trained weights do more. It stops at batch norm.
- **Weight gradients**: rms gradient of each matrix. The optimiser divides by it plus eps.
- **Weights at the bounds**: of each parameter, the share exactly at a bound, by step; the newest counts on the right.
- **Steepness**: the largest gradient at the input *met* at real, generated and points between, and the *product* of the
  layers' operator norms, which no slope can exceed. Critic in eval mode: batch norm with its running statistics.
- **Singular values** of each layer over its largest. Those of a large convolution are of its reshaped kernel.
- **Distances**: the exact Wasserstein-1 distance between 512 generated and as many held-out samples; sliced above
  32 × 32. *Real to real* is the same of training samples, mean of five draws. The critic's estimate over the product of
  its norms is a true *lower bound*; over the largest gradient met it is *scaled, not a bound*. Rank correlation: 1 if
  the estimate always falls when W1 does, 0 if it tells nothing.
- **Training and held-out estimate**: E critic(real) − E critic(generated), after the generator's update. Far apart, the
  critic has overfitted.
- **Modes, classes**: generated samples by the nearest mode, or by the vote of their five nearest held-out images, and
  how many would be due. *Spread*: root mean square distance from the mean, over that of real samples.
- **Nearest training image**: root mean square difference of pixels, 1 for black against white.
- **The plane**: the critic's score with level lines, its gradient at generated points, and where the generator puts an
  even grid of latents.
"""

_FAR = f"{percent(rules.NEGATIVE)} of {rules.WINDOW} estimates below 0, W1 over {rules.FAR:g} times real to real"
_MISSING = f"{percent(rules.MISSING_SHARE)} of the modes with less than {percent(MISSING)} of their due"
DIAGNOSIS = f"""
**What the diagnosis tells**: gradients from step {rules.WINDOW}; oscillation, a critic far from optimal and mode
collapse from step {rules.YOUNG}; what goes over several steps, only if the clip range was one and the same.

| sign | from |
|---|---|
| weights at the bounds | {percent(rules.SATURATED)} of all, over {rules.WINDOW} steps |
| gradients that vanish | {rules.SHRINKS:g}-fold per hidden layer |
| gradients that explode | {rules.GROWS:g}-fold over the hidden layers, or {rules.STEEP:g}-fold per layer |
| weights that barely move | rms gradient below 1e−8 |
| a critic far from optimal | {_FAR} |
| mode collapse | {_MISSING}, or {rules.NARROW:g} of the spread |
| copies | {rules.COPIED:g} times as far from the training images as new real ones |
| an overfitting critic | estimates {percent(rules.GAP)} and {rules.GAP_ERRORS:g} standard errors apart |
| oscillation | autocorrelation below {rules.SWINGS:g}, sd over {rules.SWING_SIZE:g} times the mean |
| momentum | Adam with a clipped critic |
"""
