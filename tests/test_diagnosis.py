"""The rules of the diagnosis on both sides of their thresholds, their advice, and why a run failed."""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
import pytest

from ganlab.config import TrainConfig
from ganlab.measure.copies import Copies
from ganlab.measure.coverage import Coverage
from ganlab.measure.distances import Distances, Perfect
from ganlab.measure.gradients import Gradients
from ganlab.measure.reading import Reading
from ganlab.presets import PRESETS
from ganlab.runs.advice import Advice
from ganlab.runs.diagnosis import Finding, diagnose, health
from ganlab.runs.history import METRICS, Change, History, HistoryWriter
from ganlab.runs.swings import swings
from ganlab.runs.training_run import likely_cause

DIGITS, RING = PRESETS["digits"], PRESETS["8-gaussians"]
LAYERS = (("linear1.weight", (128, 2)),)


def test_the_setting_furthest_above_the_preset_is_named() -> None:
    assert "generator's learning rate (1)" in likely_cause(dataclasses.replace(DIGITS, generator_lr=1.0))
    assert "critic's learning rate (0.5)" in likely_cause(dataclasses.replace(DIGITS, critic_lr=0.5))
    assert "narrower clip range" in likely_cause(dataclasses.replace(DIGITS, clip_range=(-50.0, 1.0)))


@pytest.mark.parametrize("preset", PRESETS)
def test_no_setting_of_a_preset_is_blamed(preset: str) -> None:
    assert "another seed" in likely_cause(PRESETS[preset])


def test_the_preset_is_that_of_the_constraint() -> None:
    penalised = dataclasses.replace(PRESETS["8-gaussians-gradient-penalty"], critic_lr=2e-3)
    assert "(0.002) is probably too high; the preset has 0.001." in likely_cause(penalised)


def history(steps: int = 150, **columns: object) -> History:
    """The history of a healthy run, but for the given columns: one value, or one per step."""
    writer = HistoryWriter()
    usual = dict.fromkeys(METRICS, 0.0) | {"critic_estimate": 1.0, "at_bound_share": 0.2}
    usual["step"] = np.arange(1, steps + 1)
    table = {name: np.broadcast_to(columns.get(name, value), steps) for name, value in usual.items()}
    for i in range(steps):
        writer.append({name: float(values[i]) for name, values in table.items()}, LAYERS, np.zeros((1, 2)))
    return writer.view()


def gradients(norms: Sequence[float] = (1, 4, 2, 1, 1), smallest: float = 1e-3) -> Gradients:
    layers = ("input", *(f"linear{i}" for i in range(1, len(norms))))
    weights = tuple(f"{layer}.weight" for layer in layers[1:])
    return Gradients(layers, np.array(norms, float), np.ones(len(norms) - 1), weights, np.array([smallest, 1, 1, 1]))


def distances(high: float = math.nan, **values: float) -> Distances:
    usual = {"w1": 0.5, "train_estimate": 1.0, "held_out_estimate": 0.95, "gap_error": 0.1}
    perfect = Perfect(0.1, 0.08, high)
    return Distances(**(usual | values), perfect=perfect, w1_sliced=False, lower_bound=0.1, scaled_estimate=0.2)


def coverage(counts: Sequence[int] = (64,) * 8, spread: float = 1.0, modes: bool = True, within: int = 1) -> Coverage:
    expected = np.full(len(counts), 512 / max(len(counts), 1))
    return Coverage(np.array(counts, int), expected, np.full(len(counts) if modes else 0, within), spread)


def copies(ratio: float) -> Copies:
    return Copies(np.full(5, 2 * ratio), np.full(5, 2.0))


def diagnosed(reading: Reading | None = None, past: History | None = None, config: TrainConfig = RING) -> list[Finding]:
    healthy = Reading(gradients=gradients(), distances=distances(), coverage=coverage(), copies=copies(1.0))
    return diagnose(reading or healthy, past or history(), config)


def test_a_healthy_or_unmeasured_run_has_no_finding() -> None:
    assert diagnosed() == []
    assert diagnose(Reading(), history(0), RING) == []


@pytest.mark.parametrize(
    ("reading", "words", "severity"),
    [
        (Reading(gradients=gradients(smallest=1.1e-8)), None, 0),
        (Reading(gradients=gradients(smallest=9e-9)), "move its weights at 47 % of their learning rate", 3),
        (
            Reading(gradients=gradients(smallest=1e-10)),
            "1 of 4 weight tensors are below the optimiser's eps",
            3,
        ),
        (Reading(gradients=gradients([1, 0.46, 0.68, 1, 1])), None, 0),
        (Reading(gradients=gradients([1, 0.42, 0.65, 1, 1])), "gets 1.54× smaller with each hidden layer", 2),
        (Reading(gradients=gradients([1, 99, 9, 1, 1])), None, 0),
        (
            Reading(gradients=gradients([1, 5000, 9, 2, 1])),
            "gets 50× larger with each hidden layer, 2,500× in all",
            3,
        ),
        (Reading(gradients=gradients([1, 9, 1, 1])), None, 0),  # one layer between hidden ones
        (Reading(gradients=gradients([1, 17, 1, 1])), "gets 17× larger", 1),
        (Reading(coverage=coverage([16, *[70] * 7])), None, 0),
        (Reading(coverage=coverage([15, *[71] * 7])), "1 of 8 modes has less than a quarter", 2),
        (Reading(coverage=coverage([15] * 4 + [113] * 4)), "4 of 8 modes", 3),
        (Reading(coverage=coverage([4, 4, *[22] * 23])), None, 0),  # 2 of 25
        (Reading(coverage=coverage([4, 4, 4, *[22] * 22])), "3 of 25 modes", 2),
        (Reading(coverage=coverage([2, *[56] * 9], modes=False)), "1 of 10 classes", 2),
        (Reading(coverage=coverage([], spread=math.nan)), None, 0),
        (Reading(coverage=coverage([], spread=0.51)), None, 0),
        (Reading(coverage=coverage([], spread=0.49)), "0.49×", 3),
        (Reading(copies=copies(0.51)), None, 0),
        (Reading(copies=Copies(np.zeros(3), np.zeros(3))), None, 0),  # images that are all the same
        (Reading(copies=copies(0.49)), "0.49× as far from the training images", 2),
        (Reading(distances=distances(held_out_estimate=0.76, gap_error=0.01)), None, 0),
        (Reading(distances=distances(train_estimate=math.nan, gap_error=math.nan)), None, 0),  # nothing is held out
        (
            Reading(distances=distances(held_out_estimate=0.74, gap_error=0.01)),
            "and 0.74 on held-out ones",
            2,
        ),
        (Reading(distances=distances(held_out_estimate=0.69, gap_error=0.11)), None, 0),  # within its error
        (
            Reading(distances=distances(held_out_estimate=0.69, gap_error=0.1)),
            "and 0.69 on held-out ones",
            2,
        ),
        (
            Reading(distances=distances(train_estimate=-1, held_out_estimate=-2)),
            "−1 on training samples and −2",
            2,
        ),
    ],
)
def test_each_measured_rule_on_both_sides_of_its_threshold(reading: Reading, words: str | None, severity: int) -> None:
    findings = diagnosed(reading)
    if words is None:
        assert findings == []
    else:
        (finding,) = findings
        assert words in finding.sentence
        assert finding.severity == severity
        assert finding.sentence.endswith(".")
        assert finding.advice.words.endswith(".")


def estimates(negative: int) -> np.ndarray:
    """150 of them, the given number of the last 50 below 0, far apart."""
    values = np.ones(150)
    values[100 + np.linspace(0, 49, negative).astype(int)] = -0.1
    return values


@pytest.mark.parametrize(
    ("past", "words"),
    [
        (history(at_bound_share=0.49), None),
        (history(at_bound_share=0.51), "51 % of the critic's weights were exactly at a bound over the last 50 steps."),
        (history(49, at_bound_share=0.9), None),  # too early
        (history(critic_estimate=estimates(9)), None),
        (
            history(critic_estimate=estimates(10)),
            "in 20 % of the last 50 steps it scored generated",
        ),
        (history(149, critic_estimate=-1), None),
        (history(at_bound_share=0.9, clip_high=[0.1] * 101 + [0.2] * 49), None),  # another range since
        (history(at_bound_share=0.9, clip_high=[0.1] * 100 + [0.2] * 50), "90 % of the critic's weights"),
        (history(critic_estimate=-1, clip_low=[-0.1] * 101 + [-0.2] * 49), None),
    ],
)
def test_each_rule_over_time_on_both_sides_of_its_threshold(past: History, words: str | None) -> None:
    sentences = [finding.sentence for finding in diagnosed(past=past)]
    assert (sentences == []) if words is None else words in sentences[0]


@pytest.mark.parametrize(
    ("field", "value"), [("clip_order", "before"), ("clip_scope", "weights"), ("clip_scale", "fan-in")]
)
def test_no_rule_over_time_mixes_two_ways_of_clamping(field: str, value: str) -> None:
    at_the_goal = Reading(distances=distances(w1=0.1))
    swinging = history(critic_estimate=1.0 + 1.5 * np.sin(np.arange(150) * 2 * np.pi / 12))
    for reading, past, since in (
        (Reading(), history(at_bound_share=0.9), 100),
        (Reading(distances=distances()), history(critic_estimate=-1), 100),
        (at_the_goal, swinging, 50),
    ):
        before, within = (Change(5 * step, step, field, value) for step in (since, since + 1))
        assert len(diagnose(reading, past, RING, [before])) == 1
        assert diagnose(reading, past, RING, [within]) == []
        assert len(diagnose(reading, past, RING, [before, Change(700, 140, "critic_lr", 1e-3)])) == 1
    vanishing = Reading(gradients=gradients([1, 0.2, 0.4, 1, 1]))
    assert diagnose(vanishing, history(), RING, [within])[0].advice.clip_range  # 50 steps after step 51
    late = Change(505, 101, field, value)
    assert diagnose(vanishing, history(), RING, [late])[0].advice == Advice("Widen the clip range.")


@pytest.mark.parametrize(
    ("steps", "mean", "period", "expected"),
    [
        (150, 1.0, 12, True),
        (150, 1.1, 12, False),  # small relative to the mean
        (150, 1.0, 22, True),
        (150, 1.0, 26, False),  # too long to measure
        (150, 1.0, 100, False),
        (149, 1.0, 12, False),
    ],
)
def test_oscillation_of_the_estimate(steps: int, mean: float, period: int, expected: bool) -> None:
    at_the_goal = Reading(distances=distances(w1=0.1))  # where estimates below 0 are right
    past = history(steps, critic_estimate=mean + 1.5 * np.sin(np.arange(steps) * 2 * np.pi / period))
    sentences = [finding.sentence for finding in diagnosed(at_the_goal, past)]
    assert len(sentences) == expected
    assert all(f"oscillates every {period} steps, with" in sentence for sentence in sentences)


def test_oscillation_around_zero() -> None:
    past = history(critic_estimate=0.01 * np.tile([1.0, -1.0], 75))
    (finding,) = diagnosed(Reading(distances=distances(w1=0.1)), past)
    assert finding.sentence == "The critic estimate oscillates every 2 steps around 0."


def test_estimates_around_zero_are_right_once_the_distance_is_small() -> None:
    past = history(critic_estimate=estimates(10))
    assert diagnosed(Reading(distances=distances(w1=0.149)), past) == []
    assert len(diagnosed(Reading(distances=distances(w1=0.151)), past)) == 1
    assert diagnosed(Reading(coverage=coverage()), past) == []  # without distances it is unknown


def test_a_young_generator_may_cover_little() -> None:
    little = Reading(coverage=coverage([0] * 7 + [512]))
    assert diagnosed(little, history(149)) == []
    assert [f.severity for f in diagnosed(little, history(150))] == [3]


def test_the_gradients_of_the_start_are_not_judged() -> None:
    for norms in ([1, 0.1, 0.3, 1, 1], [1, 900, 9, 1, 1]):
        assert diagnosed(Reading(gradients=gradients(norms)), history(49)) == []
        assert len(diagnosed(Reading(gradients=gradients(norms)), history(50))) == 1


def test_momentum_is_a_finding_and_the_most_serious_comes_first() -> None:
    adam = dataclasses.replace(RING, optimizer="adam")
    assert [f.severity for f in diagnosed(config=adam)] == [1]
    sick = Reading(gradients=gradients([1, 0.4, 0.6, 1, 1], smallest=1e-9), coverage=coverage([1] * 7 + [505]))
    severities = [f.severity for f in diagnosed(sick, history(at_bound_share=0.9), adam)]
    assert severities == [3, 3, 2, 2, 1]


def test_the_advised_range_would_let_gradients_grow_as_with_the_presets() -> None:
    narrow = dataclasses.replace(RING, clip_range=(-0.01, 0.005))
    vanishing, exploding = (Reading(gradients=gradients(norms)) for norms in ([1, 0.04, 0.2, 1, 1], [1, 900, 30, 1, 1]))
    assert diagnosed(vanishing, config=narrow)[0].advice.words.startswith("Widen the clip range to about −0.1 to 0.07.")
    assert diagnosed(exploding, config=narrow)[0].advice.words.startswith(
        "Narrow the clip range to about −0.001 to 0.0005."
    )
    far = Reading(gradients=gradients([1, 0.0001, 0.01, 1, 1]))
    assert diagnosed(far, config=narrow)[0].advice.words == "Widen the clip range."
    assert diagnosed(vanishing, config=narrow)[0].advice.clip_range == (-0.1, 0.07)
    assert diagnosed(far, config=narrow)[0].advice.clip_range is None
    wide = dataclasses.replace(RING, clip_range=(-0.5, 0.5))
    assert diagnosed(vanishing, config=wide)[0].advice.words == "Widen the clip range."  # ±2.5 is more than can be set
    saturated = diagnosed(Reading(gradients=gradients()), history(at_bound_share=0.9))
    assert saturated[0].advice.words == "Widen the clip range."  # growing gradients give no target


def test_growing_gradients_are_told_unless_the_result_is_good() -> None:
    growing, near = gradients([1, 150, 12, 1, 1]), distances(w1=0.1, high=0.13)
    assert [finding.severity for finding in diagnosed(Reading(gradients=growing))] == [1]
    assert diagnosed(Reading(gradients=growing, distances=near)) == []
    assert len(diagnosed(Reading(gradients=growing, distances=distances(w1=0.5, high=0.13)))) == 1
    diverging = gradients([1, 900, 30, 1, 1])
    assert [finding.severity for finding in diagnosed(Reading(gradients=diverging, distances=near))] == [3]


def test_no_one_is_told_to_narrow_to_a_wider_range() -> None:
    deep = Reading(gradients=gradients([1, *(2.0**i for i in range(12, 0, -1)), 1, 1]))  # twofold a layer, 4096 in all
    (finding,) = diagnosed(deep)
    assert (finding.advice.words, finding.advice.clip_range) == ("Narrow the clip range.", None)


def test_a_wider_range_that_came_before_is_offered_where_gradients_tell_none() -> None:
    vanishing = Reading(gradients=gradients([1, 0.0001, 0.01, 1, 1]))
    for former, advice in (
        (1.0, Advice("Go back to ±1.", clip_range=(-1.0, 1.0))),
        (0.05, Advice("Widen the clip range.")),
    ):
        for steps in (50, 500):
            bounds = [former] * 100 + [0.1] * steps
            past = history(100 + steps, clip_low=[-high for high in bounds], clip_high=bounds)
            assert diagnosed(vanishing, past)[0].advice == advice


def test_after_a_change_of_range_the_advice_is_to_wait_until_the_weights_fill_it() -> None:
    vanishing = Reading(gradients=gradients([1, 0.2, 0.4, 1, 1]))
    wait = "Wait until the weights have grown into the new clip range."
    for old, advice in ((0.05, wait), (0.5, "Go back to −0.1 to 0.5.")):
        past = history(clip_low=-0.1, clip_high=[old] * 101 + [0.1] * 49)
        assert [finding.advice.words for finding in diagnosed(vanishing, past)] == [advice]
        settled = history(clip_low=-0.1, clip_high=[old] * 100 + [0.1] * 50)
        assert "to about ±" in diagnosed(vanishing, settled)[0].advice.words


def test_a_dead_critic_is_called_dead() -> None:
    dead = gradients()._replace(weight_rms=np.zeros(4))
    (finding,) = diagnosed(Reading(gradients=dead))
    assert (finding.severity, finding.sentence[:19]) == (3, "The critic is dead:")
    assert finding.advice.words.startswith("Start again")
    tightened = history(200, clip_low=[-1.0] * 100 + [-0.1] * 100, clip_high=[1.0] * 100 + [0.1] * 100)
    assert diagnosed(Reading(gradients=dead), tightened)[0].advice.clip_range == (-1.0, 1.0)
    slow = dead._replace(weight_rms=np.array([1e-9, 1e-9, 1e-9, 1e-9]))
    assert "eps" in diagnosed(Reading(gradients=slow))[0].sentence


def test_a_critic_with_one_dead_layer_silences_all_other_findings() -> None:
    partly = gradients([1, 0, 0.2, 1, 1])._replace(weight_rms=np.array([0, 1e-3, 1e-3, 1e-3]))
    assert partly.per_layer == 0
    sick = Reading(gradients=partly, distances=distances(), coverage=coverage([1] * 7 + [505]))
    (finding,) = diagnosed(sick, history(critic_estimate=-1, at_bound_share=0.9))
    assert finding.dead
    assert finding.sentence.startswith("The critic is dead: no gradient reaches ")
    assert finding.sentence.endswith(", so the generator learns nothing.")


def test_a_critic_without_gradients_is_not_advised_more_updates() -> None:
    past = history(critic_estimate=-1)
    for sick in (gradients([1, 0.04, 0.2, 1, 1]), gradients(smallest=1e-9)):
        (finding,) = diagnosed(Reading(gradients=sick, distances=distances()), past)
        assert "far from optimal" not in finding.sentence


@pytest.mark.parametrize(
    ("reading", "steps", "words", "severity"),
    [
        (Reading(distances=distances(high=0.21)), 1500, None, 0),
        (Reading(distances=distances(high=0.19)), 1499, None, 0),
        (
            Reading(distances=distances(high=0.19)),
            1500,
            "5.0× as far from real ones as real ones are from each other; a perfect sampler's, at most 1.9×.",
            2,
        ),
        (Reading(distances=distances(w1=50.0)), 1500, None, 0),  # no perfect sampler is known
        (Reading(coverage=coverage(within=7)), 3000, None, 0),
        (Reading(coverage=coverage(within=6)), 2999, None, 0),
        (Reading(coverage=coverage(within=6)), 3000, "9 % of the points are within 3 sd of a mode", 1),
        (Reading(coverage=coverage([51] * 10, modes=False)), 3000, None, 0),
    ],
)
def test_a_poor_result_is_told_late_in_a_run(reading: Reading, steps: int, words: str | None, severity: int) -> None:
    findings = diagnosed(reading, history(steps))
    assert [finding.severity for finding in findings] == ([severity] if words else [])
    assert all(words in finding.sentence for finding in findings if words)


def test_a_generator_without_gradients_is_not_told_to_slow_down() -> None:
    lost = coverage([1] * 7 + [505])
    for sick in (gradients([1, 0.04, 0.2, 1, 1]), gradients(smallest=1e-9)):
        findings = diagnosed(Reading(gradients=sick, coverage=lost))
        assert len(findings) == 2
        assert len({finding.advice.words for finding in findings}) == 1
        assert findings[0].advice.words.startswith("Widen the clip range")
    (finding,) = diagnosed(Reading(gradients=gradients(), coverage=lost))
    assert finding.advice.words.startswith("Halve the generator's learning rate")


def test_noise_and_trends_do_not_oscillate() -> None:
    for seed in range(20):
        noise = np.random.default_rng(seed).normal(size=100)
        assert swings(noise)[0] > -0.4
    assert swings(np.linspace(-1, 3, 100)) == (0.0, 0, 0.0)
    lowest, period, size = swings(2 + np.tile([1.0, -1.0], 50))
    assert lowest < -0.9
    assert (period, size) == (2, pytest.approx(0.5, rel=0.01))
    assert math.isfinite(swings(np.tile([1.0, -1.0], 50))[2])


@pytest.mark.parametrize(
    ("norms", "rms", "words"),
    [
        ([1.0, 1, 1, 1], [1.0, 1, 1], ["fine", "fine", "fine"]),
        ([1.0, 0.66, 1, 1], [1.0, 1, 1], ["vanishing", "fine", "fine"]),
        ([1.0, 0.0, 0, 1], [1.0, 1, 1], ["vanishing", "vanishing", "fine"]),
        ([1.0, 10, 1, 1], [1.0, 1, 1], ["exploding", "fine", "fine"]),
        ([1.0, 9, 1, 1], [1.0, 1e-9, 1], ["fine", "still", "fine"]),
    ],
)
def test_health_of_a_layer(norms: list[float], rms: list[float], words: list[str]) -> None:
    layers = ("input", "a", "b", "c")
    weights = ("a.weight", "b.weight", "c.weight")
    result = Gradients(layers, np.array(norms), np.ones(3), weights, np.array(rms))
    assert health(result) == dict(zip(layers[1:], words, strict=True))


@pytest.mark.parametrize(
    "values",
    [
        {"constraint": "none"},
        {"constraint": "gradient-penalty"},
        {"objective": "hinge"},
        {"objective": "non-saturating"},
    ],
)
def test_of_a_critic_that_is_not_known_only_what_always_holds_is_found(values: dict) -> None:
    config, unclamped = dataclasses.replace(RING, **values), {} if "objective" in values else {"clip_low": math.nan}
    exploding = Reading(gradients=gradients(norms=(1, 4e6, 2, 1, 1)), distances=distances(w1=3.0, high=0.1))
    assert diagnosed(exploding, history(3000), RING)
    assert diagnosed(exploding, history(3000, **unclamped), config) == []
    (collapsed,) = diagnosed(
        Reading(gradients=gradients(norms=(1, 1, 2, 4, 8)), coverage=coverage((512, *[0] * 7))), config=config
    )
    assert "7 of 8 modes" in collapsed.sentence
    assert ("clip range" in collapsed.advice.words) is ("objective" in values)
    dead = Reading(gradients=gradients(smallest=0.0))
    assert [finding.dead for finding in diagnosed(dead, config=config)] == ([] if "objective" in values else [True])


def test_a_fixed_generator_is_not_judged_but_its_critic_is() -> None:
    config = dataclasses.replace(RING, generator="real-plus-noise")
    far = Reading(coverage=coverage((512, *[0] * 7)), distances=distances(w1=3.0, high=0.1))
    assert diagnosed(far, history(3000))
    assert diagnosed(far, history(3000), config) == []
    vanishing = Reading(gradients=gradients(norms=(1, 1, 2, 4, 8)))
    assert "smaller with each hidden layer" in diagnosed(vanishing, config=config)[0].sentence


def test_the_rate_of_a_fixed_generator_is_not_blamed() -> None:
    fixed = dataclasses.replace(RING, generator="real-plus-noise", generator_lr=1.0, critic_lr=0.5)
    assert "critic's learning rate (0.5)" in likely_cause(fixed)


def test_no_clip_range_is_blamed_where_nothing_is_clamped() -> None:
    free = dataclasses.replace(RING, constraint="none", clip_range=(-50.0, 1.0))
    assert "range" not in likely_cause(free)


def test_adam_without_momentum_is_not_warned_of() -> None:
    adam = dataclasses.replace(RING, optimizer="adam", beta1=0.9)
    assert "beta1 = 0.9" in diagnosed(config=adam)[0].sentence
    assert diagnosed(config=dataclasses.replace(adam, beta1=0.0)) == []
