"""What is probably wrong with a run, in sentences. Pure: settings and measurements in, words out."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from ganlab.config import TrainConfig
from ganlab.formatting import multiple, percent, range_in_words, scientific
from ganlab.measure.gradients import RMSPROP_EPS, Gradients
from ganlab.measure.reading import Reading
from ganlab.runs.history import History

WINDOW = 50  # steps that a share is taken over, and before which gradients are those of the start
YOUNG = 150
"""Steps before which every generator covers little, and the two networks have not found their balance."""
SATURATED = 0.5
"""Of all weights at a bound. Presets: 0.04 to 0.44; 3 x 128 with Arjovsky's c and rate: 0.75."""
SHRINKS = 1.5
"""Fold per layer. Presets grow; 3 x 512 at c = 0.01, as in Gulrajani et al. 2017, Fig. 1a, shrinks 1.7 to 2.2 fold."""
GROWS, STEEP = 100.0, 20.0
"""Fold over all hidden layers, and per layer. Presets, seeds 0 and 1: up to 66, and 8; 25 Gaussians, seed 1: 300, and
17. 3 x 128 at c = 1, which diverges: 140 and more; the digits at c = 0.1: 58 per layer."""
DIVERGES = 500.0
"""Fold over all hidden layers. 3 x 128 at c = 1, with what it does to the samples: 550 to 2,800."""
USUAL = 3.0
"""Fold per layer, what presets have in the middle: the digits 1.2 to 1.6, points 2 to 17."""
FURTHEST = 30.0
"""Times the clip range: a bound so far away is no advice. Followed from 1, 0.003 (8 Gaussians) and 0.1 (digits), it led
to 0.1, 0.08 and 0.01; the presets have 0.1 and 0.01."""
NEGATIVE = 0.2
"""Of the estimates; an optimal critic's is never below 0. Presets: up to 0.16; generator rate times 10: 0.24."""
FAR = 1.5
"""Times the real-to-real distance: nearer than that, estimates around 0 are what they should be."""
MISSING_SHARE = 0.1
"""Of the modes or classes; a preset's 25 Gaussians may lack 2."""
NARROW = 0.5
"""Of the real samples' spread. Presets: 0.82 to 1.29."""
COPIED = 0.5
"""Times as far from the training images as held-out ones are. The digits' preset: 1.6; a copy: 0."""
GAP, GAP_ERRORS = 0.25, 3.0
"""Of the training estimate, and standard errors: the presets' gap is noise, within 2 of them."""
SWING_WINDOW = 100  # steps
SWINGS, SWING_SIZE = -0.4, 1.0
"""Lowest autocorrelation of the estimate (100 draws of noise: -0.25) and its sd over its mean; c = 1: -0.45 and 2."""
MOST_UPDATES = 1000  # of the critic in a step, as many as can be asked for
AROUND_ZERO = 10.0
"""Times its mean: what swings more swings around 0."""


class Finding(NamedTuple):
    """One thing that is probably wrong."""

    severity: int
    """3: training gets nowhere like this; 2: the result suffers; 1: worth a look."""
    sentence: str
    """What, with the number that gave it away."""
    advice: str
    """One thing to try."""


def diagnose(reading: Reading, history: History, config: TrainConfig) -> list[Finding]:
    """All that is probably wrong, most serious first; nothing where nothing was measured.

    `reading` and `history` are of the same moment, `config` what was in force.
    """
    found = [finding for rule in RULES if (finding := rule(reading, history, config))]
    return sorted(found, key=lambda finding: -finding.severity)


def _still(reading: Reading, history: History, config: TrainConfig) -> Finding | None:
    """Both optimisers divide the gradient by its size plus this eps."""
    found = reading.gradients
    if not _barely_moves(reading):
        return None
    if not found.weight_rms.any():  # all ReLUs off for all samples, or nothing left but zeros
        told = "The critic is dead: none of its weights has a gradient, so neither network learns any more."
        return Finding(3, told, "Start again: no clip range wakes it.")
    below, rms = (found.weight_rms < RMSPROP_EPS).sum(), found.weight_rms.min()
    told = f"{below} of {len(found.weights)} weight tensors have gradients below the optimiser's eps, 1e−8."
    pace = percent(rms / (rms + RMSPROP_EPS))
    told += f" Kept up at the smallest rms, {scientific(rms)}, they move weights at {pace} of their learning rate."
    return Finding(3, told, _wider(reading, history, config))


def _vanishing(reading: Reading, history: History, config: TrainConfig) -> Finding | None:
    if len(history) < WINDOW or not _shrinks(reading):
        return None
    gain = reading.gradients.per_layer
    told = f"Between hidden layers the critic's gradient shrinks {multiple(1 / gain)}-fold per layer on its way back."
    return Finding(2, told, _wider(reading, history, config))


def _exploding(reading: Reading, history: History, config: TrainConfig) -> Finding | None:
    found = reading.gradients
    hidden = found.norms[1:-1] if found else []
    if len(hidden) < 2 or len(history) < WINDOW or not _explodes(hidden[0], hidden[-1], len(hidden) - 1):
        return None
    fold = hidden[0] / hidden[-1]
    told = f"Between hidden layers the critic's gradient grows {multiple(found.per_layer)}-fold per layer on its way"
    told += f" back, {multiple(fold)}-fold in all."
    advice = f"Narrow the clip range{_level(reading, config) if _settled(history) else ''}."
    return Finding(3 if fold >= DIVERGES else 1, told, advice)


def _saturated(reading: Reading, history: History, config: TrainConfig) -> Finding | None:
    shares = _recent(history, "at_bound_share", WINDOW)
    if not len(shares) or shares.mean() < SATURATED:
        return None
    told = f"{percent(shares.mean())} of the critic's weights sat exactly on a bound, over the last {WINDOW} steps."
    return Finding(2, told, _wider(reading, history, config))


def _oscillating(_: Reading, history: History, config: TrainConfig) -> Finding | None:
    estimates = _recent(history, "critic_estimate", SWING_WINDOW)
    if len(history) < YOUNG or not len(estimates):
        return None
    lowest, period, size = swings(estimates)
    if lowest > SWINGS or size < SWING_SIZE:
        return None
    how = "around 0" if size > AROUND_ZERO else f"by {multiple(size)} times its mean"
    return Finding(2, f"The critic estimate swings every {period} steps, {how}.", _slower_generator(config))


def _far_from_optimal(reading: Reading, history: History, config: TrainConfig) -> Finding | None:
    estimates, found = _recent(history, "critic_estimate", WINDOW), reading.distances
    if len(history) < YOUNG or not len(estimates) or not found or found.w1 < FAR * found.real_to_real:
        return None
    share = (estimates < 0).mean()
    if share < NEGATIVE or _shrinks(reading) or _barely_moves(reading):
        return None  # a critic without gradients does not get nearer by more updates
    told = f"The critic is far from optimal: in {percent(share)} of the last {WINDOW} steps it scored generated"
    advice = f"Raise the critic updates per step to {min(2 * config.n_critic, MOST_UPDATES)}."
    return Finding(2, f"{told} samples above real ones.", advice)


def _collapsed(reading: Reading, history: History, config: TrainConfig) -> Finding | None:
    found = reading.coverage
    if not found or len(history) < YOUNG:
        return None
    n, missing = len(found.found), found.missing
    if n and missing >= MISSING_SHARE * n:
        kind = "modes" if len(found.good) else "classes"
        told = f"{missing} of {n} {kind} {'gets' if missing == 1 else 'get'} less than a quarter of their due."
        return Finding(3 if missing >= n / 2 else 2, told, _slower_generator(config))
    if found.spread <= NARROW:
        told = f"The generated samples are spread {found.spread:.2f} times as far as the real ones."
        return Finding(3, told, _slower_generator(config))
    return None


def _copying(reading: Reading, _: History, __: TrainConfig) -> Finding | None:
    if not reading.copies or not reading.copies.ratio <= COPIED:
        return None
    told = f"Generated images are {reading.copies.ratio:.2f} times as far from the training images as new real ones are"
    return Finding(2, f"{told}: copies.", "Train on more images, or a narrower generator.")


def _overfitting(reading: Reading, _: History, __: TrainConfig) -> Finding | None:
    """Gulrajani et al. 2017 (arXiv 1704.00028), Fig. 5b."""
    found = reading.distances
    gap = found.train_estimate - found.held_out_estimate if found else np.nan
    if not gap > 0 or gap < GAP_ERRORS * found.gap_error or gap < GAP * found.train_estimate:
        return None
    told = f"The critic knows its training samples: its estimate is {found.train_estimate:.3g} on them and"
    return Finding(2, f"{told} {found.held_out_estimate:.3g} on held-out ones.", "Train on more samples, or stop here.")


def _momentum(_: Reading, __: History, config: TrainConfig) -> Finding | None:
    """Arjovsky et al. 2017 (arXiv 1701.07875), section 4."""
    if config.optimizer != "adam":
        return None
    told = "Adam's momentum (beta1 = 0.5) makes training with a clipped critic unstable at times."
    return Finding(1, told, "Take RMSprop, as the paper did.")


RULES: tuple[Callable[[Reading, History, TrainConfig], Finding | None], ...] = (
    _still,
    _vanishing,
    _exploding,
    _saturated,
    _oscillating,
    _far_from_optimal,
    _collapsed,
    _copying,
    _overfitting,
    _momentum,
)


# There is none for a generator that sees an unclipped critic: here the clamp follows every critic update.


def _recent(history: History, column: str, n: int) -> np.ndarray:
    """The last n values of a column; none if there are not so many, or not all at one clip range."""
    low, high = history["clip_low"][-n:], history["clip_high"][-n:]
    if len(low) < n or (low != low[-1]).any() or (high != high[-1]).any():
        return np.empty(0)
    return history[column][-n:]


def _explodes(norm: float, start: float, layers: int) -> bool:
    """Whether a gradient that started as `start` is too large so many hidden layers further back."""
    return norm >= min(GROWS, STEEP**layers) * start > 0


def swings(values: np.ndarray) -> tuple[float, int, float]:
    """(lowest autocorrelation, period in steps, sd / |mean|) of a series [n] less its straight trend.

    Half a period at most n / 8, so that the series holds four of them.
    """
    steps = np.arange(len(values))
    rest = values - np.polyval(np.polyfit(steps, values, 1), steps)
    power = (rest**2).sum()
    if power <= 1e-12 * (values**2).sum():  # a straight line: nothing but rounding is left
        return 0.0, 0, 0.0
    lags = np.arange(1, len(values) // 8 + 1)
    correlation = np.array([(rest[:-lag] * rest[lag:]).sum() / power for lag in lags])
    if correlation.argmin() == len(lags) - 1:  # it may go on falling: a longer period than can be told
        return 0.0, 0, 0.0
    mean = abs(values.mean())
    return float(correlation.min()), int(2 * lags[correlation.argmin()]), float(rest.std() / max(mean, 1e-30))


def health(found: Gradients) -> dict[str, str]:
    """How the gradient fares at each of the critic's layers: `fine`, `still`, `vanishing` or `exploding`.

    By the thresholds of the sentences: against the last hidden layer, from which the gradient comes.
    """
    last = len(found.norms) - 2
    rms = {name.removesuffix(".weight"): value for name, value in zip(found.weights, found.weight_rms, strict=True)}

    def of(i: int, layer: str) -> str:
        norm, start = found.norms[i], found.norms[last]
        if rms.get(layer, np.inf) < RMSPROP_EPS:
            return "still"
        if norm == 0 or (i < last and norm <= start * SHRINKS ** (i - last)):
            return "vanishing"
        return "exploding" if i < last and _explodes(norm, start, last - i) else "fine"

    return {layer: of(i, layer) for i, layer in enumerate(found.layers) if i}


def _barely_moves(reading: Reading) -> bool:
    """Whether a weight tensor's gradients are lost beside the optimiser's eps; not if nobody knows."""
    return bool(reading.gradients and reading.gradients.weight_rms.min() < RMSPROP_EPS)


def _shrinks(reading: Reading) -> bool:
    """Whether gradients vanish; not if nobody knows."""
    return bool(reading.gradients and reading.gradients.per_layer <= 1 / SHRINKS)


def _settled(history: History) -> bool:
    """Whether the weights have had time to fill the clip range."""
    return len(_recent(history, "clip_low", WINDOW)) > 0


def _wider(reading: Reading, history: History, config: TrainConfig) -> str:
    if not _settled(history) and _has_grown(history):
        return "Wait: the weights are still growing into the new clip range."
    shrinks = reading.gradients and reading.gradients.per_layer < 1
    return f"Widen the clip range{_level(reading, config) if shrinks and _settled(history) else ''}."


def _has_grown(history: History) -> bool:
    """Whether the clip range is wider than the one before it."""
    widths = history["clip_high"] - history["clip_low"]
    return history.range_since > 0 and widths[-1] > widths[np.searchsorted(history["step"], history.range_since)]


def _slower_generator(config: TrainConfig) -> str:
    return f"Halve the generator's learning rate, to {config.generator_lr / 2:g}."


def _level(reading: Reading, config: TrainConfig) -> str:
    """Near which range gradients would grow as presets' do if every weight, and so every layer's gain, went with it.

    About: with batch norm and biases they do not quite. Measured after scaling, gains were 0.85 to 1.0 of the wanted.
    """
    factor = USUAL / reading.gradients.per_layer
    low, high = (float(f"{bound * factor:.1g}") for bound in config.clip_range)
    if not 1 / FURTHEST <= factor <= FURTHEST or max(-low, high) > 1:
        return ""
    grown = f"gradients would grow {USUAL:.0f}-fold per layer, as presets' do"
    return f": if all weights went with it, {grown}, near {range_in_words((low, high))}"
