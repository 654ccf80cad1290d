"""What is probably wrong with a run, in sentences. Pure: settings and measurements in, findings out."""

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from ganlab.config import TrainConfig
from ganlab.formatting import percent, short
from ganlab.measure.gradients import RMSPROP_EPS, Gradients
from ganlab.measure.reading import Reading
from ganlab.runs.advice import WINDOW, Advice, narrow, settled, slow_generator, widen
from ganlab.runs.history import Change, History
from ganlab.runs.swings import swings

YOUNG = 150  # steps before which every generator covers little, and the two networks are not yet in balance
SATURATED = 0.5  # of all weights at a bound; presets: 0.04 to 0.44; 3 x 128 with Arjovsky's c and rate: 0.75
# Fold per layer. With the presets gradients grow; 3 x 512 at c = 0.01, as in Gulrajani et al. 2017, Fig. 1a: they
# shrink 1.7 to 2.2 fold.
SHRINKS = 1.5
# Fold over all hidden layers, and per layer. Presets, seeds 0 and 1: up to 66, and 8; 25 Gaussians, seed 1: 300, and
# 17 (which GROWS tells). 3 x 128 at c = 1, which diverges: 140 and more; the digits, 1.0 to 1.8 with their preset, at
# c = 0.05: 7, at c = 0.07: 11, at c = 0.1: 58 per layer, with blurred images.
GROWS, STEEP = 100.0, 10.0
DIVERGES = 500.0  # fold over all hidden layers; 3 x 128 at c = 1, with damage to the samples: 550 to 2,800
# Of the estimates; an optimal critic's is never below 0. Presets: up to 0.16; generator rate times 10: 0.24.
NEGATIVE = 0.2
FAR = 1.5  # times the real-to-real distance: nearer than that, estimates around 0 are right
MISSING_SHARE = 0.1  # of the modes or classes; a preset's 25 Gaussians may lack 2
NARROW = 0.5  # of the real samples' spread; presets: 0.82 to 1.29
# Steps, and times the upper end of a perfect sampler's band. 8 Gaussians, seeds 10 to 12, and 25 Gaussians, seed 10,
# from step 1,500 on: 1.2 to 2.2; Swiss roll: 1.1. 8 Gaussians at c = 0.03, seed 10, step 1,500: 2.7.
LATE, POOR = 1500, 2.5
# Steps, and the share of points within 3 sd; 8 Gaussians after 2,000 steps: 0.04 to 0.15; 25 Gaussians, seed 10, from
# step 3,000 on: 0.06 to 0.16, so that it is told at times: a clipped critic blurs the grid. At c = 0.05: 0.02.
FINISHED, FINE = 3000, 0.1
COPIED = 0.5  # of the held-out images' distance to the training images; the digits' preset: 1.6; a copy: 0
GAP, GAP_ERRORS = 0.25, 3.0  # of the training estimate, and standard errors; presets: noise, within 2 of them
SWING_WINDOW = 100  # steps
# Lowest autocorrelation of the estimate (100 draws of noise: -0.25), and its standard deviation over its mean; at
# c = 1: -0.45 and 2.
SWINGS, SWING_SIZE = -0.4, 1.0
AROUND_ZERO = 10.0  # standard deviations over the mean above which the estimate oscillates around 0
MOST_UPDATES = 1000  # of the critic per step, the most that can be set


class Finding(NamedTuple):
    """One thing that is probably wrong."""

    severity: int  # 3: training gets nowhere; 2: the result suffers; 1: worth checking
    sentence: str  # what is wrong, with the number that shows it
    advice: Advice
    dead: bool = False  # nothing else matters then


def diagnose(reading: Reading, history: History, config: TrainConfig, changes: Sequence[Change] = ()) -> list[Finding]:
    """All that was probably wrong at one step, most serious first; a rule whose instrument is off finds nothing.

    `changes` are those of the run: rules over several steps need the critic held the same way in all of them. For a
    critic that it does not know, most rules are silent.
    """
    history = dataclasses.replace(history, held=history.held_since(changes))
    # By the other objectives a critic that separates all samples of a batch has no gradient, and the generator learns
    # from it.
    if reading.gradients and not reading.gradients.weight_rms.all() and config.objective == "wasserstein":
        return [_dead(reading.gradients, history, config)]
    rules = RULES if knows(config) else OF_ANY_CRITIC
    rules = tuple(rule for rule in rules if not config.generator or rule not in OF_A_LEARNER)
    findings = [finding for rule in rules for finding in rule(reading, history, config)]
    return sorted(findings, key=lambda finding: -finding.severity)


def knows(config: TrainConfig) -> bool:
    """Whether all rules apply: they were measured on clipped critics with the paper's objective."""
    return config.constraint == "clip" and config.objective == "wasserstein"


def health(gradients: Gradients) -> dict[str, str]:
    """The health of the gradient at each of the critic's layers: `fine`, `still`, `vanishing` or `exploding`.

    By the thresholds of the rules, relative to the last hidden layer, where the gradient comes from; empty unless the
    critic is a plain Sequential.
    """
    if gradients.refusal:
        return {}
    last = len(gradients.norms) - 2
    named = (name.removesuffix(".weight") for name in gradients.weights)
    rms = dict(zip(named, gradients.weight_rms, strict=True))

    def of(i: int, layer: str) -> str:
        norm, start = gradients.norms[i], gradients.norms[last]
        if rms.get(layer, np.inf) < RMSPROP_EPS:
            return "still"
        if norm == 0 or (i < last and norm <= start * SHRINKS ** (i - last)):
            return "vanishing"
        return "exploding" if i < last and _explodes(norm, start, last - i) else "fine"

    return {layer: of(i, layer) for i, layer in enumerate(gradients.layers) if i}


def _dead(gradients: Gradients, history: History, config: TrainConfig) -> Finding:
    """All ReLUs of a layer are off for all samples, or numbers became too small for float32.

    Of seven that died on 8 Gaussians under c = 0.001 to 0.025, two recovered within 100 steps of c = 0.1.
    """
    where = ", ".join(np.array(gradients.weights)[gradients.weight_rms == 0])
    reaches = f"no gradient reaches {where}, so the generator learns nothing"
    if not gradients.weight_rms.any():
        reaches = "none of its weights has a gradient, so neither network learns"
    advice = widen(None, history, config)
    if advice.clip_range:
        advice = advice._replace(because="It may revive the critic; if not, start again.")
    else:
        advice = Advice("Start again: few dead critics recover.")
    return Finding(3, f"The critic is dead: {reaches}.", advice, dead=True)


def _still(reading: Reading, history: History, config: TrainConfig) -> Iterator[Finding]:
    """Both optimisers divide the gradient by its size plus their eps."""
    gradients = reading.gradients
    if not gradients or not _barely_moves(gradients):
        return
    below, rms = int((gradients.weight_rms < RMSPROP_EPS).sum()), gradients.weight_rms.min()
    share = percent(rms / (rms + RMSPROP_EPS))
    slow = f"gradients down to {short(rms)} move its weights at {share} of their learning rate"
    where = f"{below} of {len(gradients.weights)} weight tensors are below the optimiser's eps, 1e−8"
    yield Finding(3, f"The critic hardly learns: {slow}; {where}.", widen(gradients, history, config))


def _vanishing(reading: Reading, history: History, config: TrainConfig) -> Iterator[Finding]:
    gradients = reading.gradients
    if gradients and len(history) >= WINDOW and _shrinks(gradients):
        sentence = f"The critic's gradient gets {short(1 / gradients.per_layer)}× smaller with each hidden layer."
        yield Finding(2, sentence, widen(gradients, history, config))


def _exploding(reading: Reading, history: History, config: TrainConfig) -> Iterator[Finding]:
    gradients = reading.gradients
    if not gradients or len(history) < WINDOW:
        return
    hidden = gradients.hidden
    if len(hidden) >= 2 and _explodes(hidden[0], hidden[-1], len(hidden) - 1):
        fold = hidden[0] / hidden[-1]
        if fold < DIVERGES and _is_near(reading):
            return
        each, of_all = short(gradients.per_layer), short(fold)
        sentence = f"The critic's gradient gets {each}× larger with each hidden layer, {of_all}× in all."
        yield Finding(3 if fold >= DIVERGES else 1, sentence, narrow(gradients, history, config))


def _saturated(reading: Reading, history: History, config: TrainConfig) -> Iterator[Finding]:
    shares = _recent(history, "at_bound_share", WINDOW)
    if len(shares) and shares.mean() >= SATURATED:
        share = percent(shares.mean())
        sentence = f"{share} of the critic's weights were exactly at a bound over the last {WINDOW} steps."
        yield Finding(2, sentence, widen(reading.gradients, history, config))


def _oscillating(reading: Reading, history: History, config: TrainConfig) -> Iterator[Finding]:
    estimates = _recent(history, "critic_estimate", SWING_WINDOW)
    if len(history) < YOUNG or not len(estimates):
        return
    lowest, period, size = swings(estimates)
    if lowest <= SWINGS and size >= SWING_SIZE:
        extent = " around 0" if size > AROUND_ZERO else f", with a standard deviation of {short(size)}× its mean"
        sentence = f"The critic estimate oscillates every {period} steps{extent}."
        yield Finding(2, sentence, _calm(reading, history, config))


def _far_from_optimal(reading: Reading, history: History, config: TrainConfig) -> Iterator[Finding]:
    estimates, distances = _recent(history, "critic_estimate", WINDOW), reading.distances
    if len(history) < YOUNG or not len(estimates) or not distances:
        return
    if distances.w1 < FAR * distances.perfect.mean or _is_near(reading):
        return
    share = (estimates <= 0).mean()
    if share >= NEGATIVE and not _starved(reading):  # without gradients, more updates do not bring the critic nearer
        scored = f"in {percent(share)} of the last {WINDOW} steps it scored generated samples no lower than real ones"
        advice = Advice(f"Raise the critic updates per step to {min(2 * config.n_critic, MOST_UPDATES)}.")
        yield Finding(2, f"The critic is far from optimal: {scored}.", advice)


def _collapsed(reading: Reading, history: History, config: TrainConfig) -> Iterator[Finding]:
    coverage = reading.coverage
    if not coverage or len(history) < YOUNG:
        return
    total, missing = len(coverage.counts), coverage.missing
    if total and missing >= MISSING_SHARE * total:
        kind = "modes" if len(coverage.high_quality) else "classes"
        has = "has" if missing == 1 else "have"
        sentence = f"{missing} of {total} {kind} {has} less than a quarter of the expected samples."
        yield Finding(3 if missing >= total / 2 else 2, sentence, _calm(reading, history, config))
    elif coverage.spread <= NARROW:
        sentence = f"The spread of the generated samples is {coverage.spread:.2f}× the real samples'."
        yield Finding(3, sentence, _calm(reading, history, config))


def _copying(reading: Reading, _: History, __: TrainConfig) -> Iterator[Finding]:
    copies = reading.copies
    if copies and copies.ratio <= COPIED:
        distance = f"{copies.ratio:.2f}× as far from the training images as held-out images are"
        advice = Advice("Train on more images, or use a narrower generator.")
        yield Finding(2, f"Generated images are copies: {distance}.", advice)


def _overfitting(reading: Reading, _: History, __: TrainConfig) -> Iterator[Finding]:
    """Gulrajani et al. 2017 (arXiv 1704.00028), Fig. 5b."""
    distances = reading.distances
    if not distances:
        return
    train, held_out = distances.train_estimate, distances.held_out_estimate
    gap = train - held_out
    if gap > 0 and not (gap < GAP * train or gap < GAP_ERRORS * distances.gap_error):
        estimates = f"its estimate is {short(train)} on training samples and {short(held_out)} on held-out ones"
        yield Finding(2, f"The critic has overfitted: {estimates}.", Advice("Train on more samples, or stop here."))


def _poor(reading: Reading, history: History, config: TrainConfig) -> Iterator[Finding]:
    """Only where a perfect sampler is known."""
    distances, coverage = reading.distances, reading.coverage
    advice = widen(reading.gradients, history, config) if _starved(reading) else Advice("Train longer.")
    if len(history) >= LATE and distances and distances.w1 >= POOR * distances.perfect.high:
        here, perfect = (w1 / distances.perfect.mean for w1 in (distances.w1, distances.perfect.high))
        sentence = f"Generated points are {here:.1f}× as far from real ones as real ones are from each other"
        yield Finding(2, f"{sentence}; a perfect sampler's, at most {perfect:.1f}×.", advice)
    elif len(history) >= FINISHED and coverage and coverage.high_quality_share <= FINE:
        share = percent(coverage.high_quality_share)
        sentence = f"Fine detail is missing, as often with a clipped critic: {share} of the points are within 3 sd"
        yield Finding(1, f"{sentence} of a mode, of real ones 99 %.", advice)


def _momentum(_: Reading, __: History, config: TrainConfig) -> Iterator[Finding]:
    """Arjovsky et al. 2017 (arXiv 1701.07875), section 4."""
    if config.optimizer == "adam" and config.beta1 > 0:
        sentence = f"Adam's momentum (beta1 = {config.beta1:g}) can make training with a clipped critic unstable."
        yield Finding(1, sentence, Advice("Use RMSprop, as in the paper."))


Rule = Callable[[Reading, History, TrainConfig], Iterator[Finding]]
RULES: tuple[Rule, ...] = (
    _still,
    _vanishing,
    _exploding,
    _saturated,
    _oscillating,
    _far_from_optimal,
    _collapsed,
    _copying,
    _overfitting,
    _poor,
    _momentum,
)
OF_ANY_CRITIC: tuple[Rule, ...] = (_collapsed, _copying)
OF_A_LEARNER: tuple[Rule, ...] = (_oscillating, _collapsed, _copying, _poor)  # a generator that is not fixed
# There is no rule for a generator that meets an unclipped critic: by default the clamp follows every critic update.


def _recent(history: History, column: str, steps: int) -> np.ndarray:
    """The last values of a column; empty if there are fewer, or if what holds the critic changed in between."""
    return history[column][-steps:] if settled(history, steps) else np.empty(0)


def _explodes(norm: float, start: float, layers: int) -> bool:
    return norm >= min(GROWS, STEEP**layers) * start > 0


def _is_near(reading: Reading) -> bool:
    """Whether the result shows that nothing does harm; False unless a perfect sampler is known."""
    distances = reading.distances
    return distances is not None and distances.w1 < POOR * distances.perfect.high


def _barely_moves(gradients: Gradients) -> bool:
    return bool(gradients.weight_rms.min() < RMSPROP_EPS)


def _shrinks(gradients: Gradients) -> bool:
    return gradients.per_layer <= 1 / SHRINKS  # not if it is NaN


def _starved(reading: Reading) -> bool:
    """Whether gradients hardly reach the critic's first layers, and so the generator; False if unmeasured."""
    gradients = reading.gradients
    return gradients is not None and (_shrinks(gradients) or _barely_moves(gradients))


def _calm(reading: Reading, history: History, config: TrainConfig) -> Advice:
    """Slow the generator down, unless it gets no gradient that could be too strong."""
    starved = _starved(reading) and config.constraint == "clip"
    return widen(reading.gradients, history, config) if starved else slow_generator(config)
