"""The figures of the instrument cards."""

import re

import numpy as np
import pytest
from stubs import TINY, TINY_IMAGES, is_plain, unpacked

from ganlab.config import TrainConfig
from ganlab.gan.clipping import UNCOUNTED
from ganlab.gan.training import Trainer
from ganlab.measure.coverage import Coverage
from ganlab.measure.gradients import Gradients, gain_law_lines
from ganlab.measure.plane import REACH, TICKS
from ganlab.measure.reading import Reading, look, row
from ganlab.measure.spectra import Spectrum
from ganlab.plots.base import Figure
from ganlab.plots.samples import EDGE, points
from ganlab.runs.history import METRICS, History, HistoryWriter
from ganlab.ui.train.instruments import bounds, coverage, distances, fidelity, gradients, plane, spectra
from ganlab.ui.train.instruments.card import CardData


def reading(config: TrainConfig = TINY) -> Reading:
    trainer = Trainer(config)
    return look(trainer.critic, trainer.generator, trainer.dataset, config, step=30)


POINTS, IMAGES = reading(), reading(TINY_IMAGES)
LAYERS = (("a.weight", (5, 2)), ("a.bias", (1000,)))


def history(steps: int) -> History:
    writer = HistoryWriter()
    for i in range(1, steps + 1):
        writer.append(dict.fromkeys(METRICS, float(i)), LAYERS, np.array([[1, 10 * i // steps], [300, i]]))
    return writer.view()


def over(rows: list[dict[str, float]]) -> CardData:
    return CardData(None, rows, (np.nan, 0), history(0), TINY)


def test_the_steps_end_where_the_run_has_ended() -> None:
    looked = over([row(POINTS) | {"step": 300.0}])
    for figure in (distances.figure, spectra.steepness_figure, coverage.spread_figure):
        ends = [figure(data)["layout"]["xaxis"]["range"][1] for data in (looked, looked._replace(ended=True))]
        assert ends == [400, 306], figure
    assert bounds.figure(history(300), over=True)["layout"]["xaxis"]["range"] == [0, 306]


def every_figure() -> list[Figure]:
    figures = [bounds.figure(history(steps)) for steps in (0, 1, 700)]
    for figure in (spectra.steepness_figure, distances.figure, distances.estimates_figure, fidelity.figure):
        figures += [figure(over(rows)) for rows in ([], [row(POINTS)], [row(Reading()), row(IMAGES)], [row(Reading())])]
    for one in (POINTS, IMAGES):
        figures += [gradients.norms_figure(one.gradients), gradients.weights_figure(one.gradients)]
        figures += [spectra.figure(one.spectra), coverage.counts_figure(one.coverage)]
    real = np.zeros((3, 2), np.float32)
    figures += [coverage.spread_figure(over([])), coverage.spread_figure(over([row(POINTS)]))]
    figures += [plane.figure(POINTS.plane, real), plane.figure(POINTS.plane, layers=())]
    flat = POINTS.plane._replace(gradients=np.zeros_like(POINTS.plane.gradients))
    return [*figures, plane.figure(flat), spectra.figure(())]


@pytest.mark.parametrize("figure", every_figure())
def test_figures_are_plain_json_without_null_and_have_an_alt_text(figure: Figure) -> None:
    assert is_plain(figure)
    assert figure["alt"].endswith(".")
    assert figure["scale"]
    assert not re.search("nan|inf", figure["alt"])


@pytest.mark.parametrize("figure", every_figure())
def test_blue_and_orange_are_reserved_for_the_clamp(figure: Figure) -> None:
    assert not re.search(r"\$(before|after)", str(figure))


def test_the_gain_law_is_drawn_beside_the_measured_norms() -> None:
    measured, near, far = gradients.norms_figure(IMAGES.gradients)["data"]
    assert measured["x"] == ["input", "conv1", "conv2", "conv3"]
    assert unpacked(measured["y"]) == pytest.approx(IMAGES.gradients.norms, rel=1e-6)
    assert (near["x"], far["x"]) == (["input", "conv1"], ["conv2", "conv3"])  # batch norm between them
    assert unpacked(near["y"]) == pytest.approx(gain_law_lines(IMAGES.gradients)[0][1], rel=1e-6)


def test_a_gradient_of_zero_stands_at_the_foot_and_is_named_in_the_alt_text() -> None:
    dead = Gradients(("input", "a", "b", "c"), np.array([0, 0, 1.0, 1]), np.ones(3), ("a.weight",), np.array([1e-9]))
    figure = gradients.norms_figure(dead)
    axis, line = figure["layout"]["yaxis"], figure["data"][0]
    assert axis["ticktext"][0] == "0"
    assert unpacked(line["y"]) == pytest.approx([axis["tickvals"][0]] * 2 + [1, 1])
    assert unpacked(line["customdata"]).tolist() == [0, 0, 1, 1]
    assert axis["range"][0] < np.log10(axis["tickvals"][0]) <= -1
    assert "it is zero at a." in figure["alt"]
    assert "1 of 1 below the optimiser's eps" in gradients.weights_figure(dead)["alt"]
    assert unpacked(gradients.weights_figure(dead)["data"][1]["y"]) == pytest.approx(1e-8)


def test_of_twelve_layers_some_are_named_and_the_chosen_one_stands_out() -> None:
    names = tuple(f"linear{i}" for i in range(1, 14))
    twelve = Gradients(("input", *names), np.ones(14), np.ones(13), tuple(f"{n}.weight" for n in names), np.ones(13))
    axis = gradients.norms_figure(twelve, "linear8")["layout"]["xaxis"]
    assert axis["tickvals"] == ["input", "linear2", "linear4", "linear6", "linear8", "linear10", "linear12"]
    assert axis["ticktext"][4] == "<b>linear8</b>"
    odd = gradients.weights_figure(twelve, "linear8")
    assert odd["layout"]["xaxis"]["tickvals"] == [f"linear{i}" for i in (1, 3, 5, 8, 11, 13)]
    assert odd["data"][0]["marker"]["size"].index(11) == 7
    many = [IMAGES.spectra[0]._replace(layer=name) for name in names]
    lines = spectra.figure(many, "linear8")["data"]
    assert [line["name"] for line in lines if line["line"]["color"] == "$bound"] == ["linear8"]
    assert lines[-1]["name"] == "linear8"  # above the others
    assert re.findall(r">([\w ]+)</span>", spectra.key(many, "linear8")) == ["linear8", "other layers"]
    assert "linear1<" in spectra.key(many)  # the most selective layer


def test_the_counts_of_many_layers_keep_apart() -> None:
    layers = tuple((f"linear{i}.{of}", (4,)) for i in range(1, 14) for of in ("weight", "bias"))
    writer = HistoryWriter()
    writer.append(dict.fromkeys(METRICS, 1.0), layers, np.array([[0, i % 5] for i in range(26)]))
    figure = bounds.figure(writer.view(), "linear3.bias")
    notes = figure["layout"]["annotations"]
    assert [note["y"] for note in notes] == figure["layout"]["yaxis"]["tickvals"]
    rows = [[name for name, _ in layers].index(note["y"]) for note in notes]
    assert min(np.diff(rows)) >= 3
    assert len(rows) <= bounds.MOST_ROWS
    assert [note["text"] for note in notes if "<b>" in note["text"]] == ["<b>0</b>"]


def test_points_outside_the_view_are_counted_and_marked_at_its_edge() -> None:
    generated = np.array([[0, 0], [5, 1], [-1, -9], [2, 2], [np.inf, 0], [9, 0.01]], np.float32)
    figure = points(np.zeros((3, 2), np.float32), generated)
    real, dots, right, down = figure["clouds"]
    assert [cloud["shape"] for cloud in (real, dots, right, down)] == ["ring", "dot", "right", "down"]
    assert (unpacked(right["x"]), unpacked(right["y"])) == (pytest.approx([EDGE, EDGE]), pytest.approx([0, 1]))
    assert (unpacked(down["x"]), unpacked(down["y"])) == (pytest.approx([-1]), pytest.approx([-EDGE]))
    assert figure["note"] == "4 generated outside"
    assert "4 generated outside." in figure["alt"]
    assert points(generated[:1], generated[:1])["note"] == ""


def test_the_heat_map_holds_every_layers_share() -> None:
    (heat,) = bounds.figure(history(700))["data"]
    z, k = unpacked(heat["z"]), heat["dx"]
    assert heat["y"] == ["a.weight", "a.bias"]
    assert z.shape == (2, 700 // k)
    assert z.shape[1] <= bounds.COLUMNS
    steps = np.arange(3 * k, 4 * k) + 1
    assert z[:, 3] == pytest.approx([(10 * steps // 700).mean() / 10, steps.mean() / 1000], abs=5e-5)
    assert heat["x0"] == (k + 1) / 2


def test_the_heat_map_has_gaps_where_nothing_was_clamped() -> None:
    writer = HistoryWriter()
    for step in range(1, 5):
        free = [[UNCOUNTED] * 2] * 2 if step > 2 else [[1, 5], [UNCOUNTED] * 2]
        writer.append(dict.fromkeys(METRICS, float(step)), LAYERS, np.array(free))
    (heat,) = bounds.figure(writer.view())["data"]
    assert np.array_equal(unpacked(heat["z"]), [[0.5, 0.5, np.nan, np.nan], [np.nan] * 4], equal_nan=True)


def test_lines_over_time_hold_the_measured_values() -> None:
    rows = [row(POINTS) | {"step": step, "w1": step / 10} for step in (10.0, 30.0, 40.0)]
    rows[1]["w1"] = float("nan")
    line = distances.figure(over(rows))["data"][0]
    assert unpacked(line["x"]).tolist() == [10, 30, 40]
    assert unpacked(line["y"]) == pytest.approx([1, np.nan, 4], nan_ok=True)
    assert "exact W1, generated to real 4," in distances.figure(over(rows))["alt"]
    assert "sliced W1" in distances.figure(over([row(POINTS) | {"w1_sliced": 1.0}]))["alt"]


def test_spectra_are_divided_by_the_largest_and_name_a_reshaped_kernel() -> None:
    lines = spectra.figure((IMAGES.spectra[0], IMAGES.spectra[1]._replace(exact=False)))["data"]
    assert [line["name"] for line in lines] == ["conv1", "conv2, reshaped kernel"]
    for line, spectrum in zip(lines, IMAGES.spectra[:2], strict=True):
        assert unpacked(line["y"]) == pytest.approx(spectrum.values / spectrum.values[0], rel=1e-5, abs=1e-7)


def test_the_largest_singular_values_are_shown_as_measured() -> None:
    a, b = (Spectrum(name, np.array([largest, 0.1]), True) for name, largest in (("a", 1.0523), ("b", 1.0)))
    assert spectra.sentence([a, b]).endswith(" The layers’ largest: 1 to 1.05.")
    assert spectra.sentence([a]).endswith(" The layers’ largest: 1.05.")


def test_classes_stand_beside_the_expected_counts() -> None:
    figure = coverage.counts_figure(Coverage(np.array([9, 0]), np.array([4.5, 4.5]), np.zeros(0), 1.0))
    generated, expected = figure["data"]
    assert (unpacked(generated["y"]).tolist(), unpacked(expected["y"]).tolist()) == ([9, 0], [4.5, 4.5])
    assert figure["layout"]["barmode"] == "overlay"
    assert "by class: 9, 0; 1 with less" in figure["alt"]


def test_the_scores_stand_beside_those_of_real_samples() -> None:
    figure = fidelity.figure(over([row(Reading()) | {"precision": 0.42, "precision_real": 0.96}]))
    assert figure["data"] == []
    figure = fidelity.figure(over([row(IMAGES) | {"precision": 0.42, "precision_real": 0.96}]))
    generated, real = (unpacked(bars["y"]) for bars in figure["data"])
    assert (generated[0], real[0]) == (pytest.approx(0.42), pytest.approx(0.96))
    assert real[1:] == pytest.approx(IMAGES.fidelity.real[1:])
    assert "precision 0.42 (0.96), recall" in figure["alt"]


def test_points_within_3_sd_of_a_mode_have_their_own_bars() -> None:
    figure = coverage.counts_figure(Coverage(np.array([9, 0]), np.array([4.5, 4.5]), np.array([3, 0]), 1.0))
    assert [bars["name"] for bars in figure["data"]] == ["nearest to it", "within 3 sd", "expected"]
    assert unpacked(figure["data"][1]["y"]).tolist() == [3, 0]


def test_each_layer_of_the_plane_can_be_switched() -> None:
    real = np.zeros((3, 2), np.float32)
    figures = {layer: plane.figure(POINTS.plane, real, (layer,)) for layer in plane.LAYERS}
    kinds = {layer: [trace["type"] for trace in figure["data"]] for layer, figure in figures.items()}
    assert kinds == {"values": ["contour"], "arrows": [], "latent map": ["scatter"] * 2, "points": []}
    clouds = {layer: [cloud["name"] for cloud in figure["clouds"]] for layer, figure in figures.items()}
    assert clouds == {"values": [], "arrows": [], "latent map": [], "points": ["real", "generated"]}
    assert plane.figure(POINTS.plane, layers=("values",))["layout"]["shapes"] == []


def test_the_surface_lies_where_it_was_measured() -> None:
    surface = plane.figure(POINTS.plane)["data"][0]
    assert surface["x0"] + (TICKS - 1) * surface["dx"] == pytest.approx(REACH)
    assert np.array_equal(unpacked(surface["z"]), POINTS.plane.values)


def test_arrows_point_along_the_gradients() -> None:
    (shape,) = plane.figure(POINTS.plane)["layout"]["shapes"]
    starts = re.findall(r"M([-\d.]+),([-\d.]+)L([-\d.]+),([-\d.]+)M", shape["path"])
    ends = np.array([[float(n) for n in arrow] for arrow in starts])
    along = ends[:, 2:] - ends[:, :2]
    longest = np.linalg.norm(POINTS.plane.gradients, axis=1).max()
    assert along == pytest.approx(POINTS.plane.gradients / longest * plane.LONGEST, abs=2e-3)
    assert ends[:, :2] == pytest.approx(POINTS.plane.generated[:64], abs=1e-3)


def test_the_first_of_many_looks_does_not_set_the_scale() -> None:
    rows = [row(Reading(step=i)) | {"held_out_estimate": value} for i, value in enumerate([-900.0, 1, 2, 3, 4])]
    low, high = distances.estimates_figure(over(rows))["layout"]["yaxis"]["range"]
    assert (low, high) == (pytest.approx(0.82), pytest.approx(4.18))
    assert distances.estimates_figure(over(rows))["layout"]["annotations"][0]["text"] == "↓ −900 at step 0"
    assert "range" not in distances.estimates_figure(over(rows[:4]))["layout"]["yaxis"]
    unmeasured = [*rows[:1], *(row(Reading(step=i)) for i in range(4))]
    assert "range" not in distances.estimates_figure(over(unmeasured))["layout"]["yaxis"]
    flat = [r | {"held_out_estimate": 0.0} for r in rows]
    assert distances.estimates_figure(over(flat))["layout"]["yaxis"]["range"] == [-1, 1]
    assert distances.estimates_figure(over(flat))["layout"]["annotations"] == []


def test_a_look_alone_is_a_dot() -> None:
    rows = [row(Reading(step=i)) | {"held_out_estimate": value} for i, value in enumerate([1.0, 2, np.nan, 3, np.nan])]
    assert distances.estimates_figure(over(rows))["data"][0]["marker"]["size"] > 0
    assert distances.estimates_figure(over(rows[:1]))["data"][0]["marker"]["size"] > 0
    assert distances.estimates_figure(over(rows[:3]))["data"][0]["mode"] == "lines"


def test_the_distance_of_equal_real_samples_is_no_measure() -> None:
    shown = {"w1": 12.0, "real_to_real": np.nan, "real_to_real_low": np.nan, "lower_bound": np.nan}
    assert distances.sentence(over([row(POINTS) | shown])) == "Exact W1 <b>12</b>."


def test_the_spread_of_real_samples_is_always_in_view() -> None:
    rows = [row(Reading(step=i)) | {"spread": 0.5} for i in range(6)]
    low, high = coverage.spread_figure(over(rows))["layout"]["yaxis"]["range"]
    assert low < 0.5 < 1 < high


@pytest.mark.parametrize(
    ("norms", "words"),
    [
        ([9, 1 / 6.2**2, 1 / 6.2, 1, 9], "gets 6.2× smaller per layer"),
        ([9, 4, 2, 1, 9], "gets 2× larger per layer"),
        ([9, 1.03, 1, 9], "keeps its size"),
        ([9, 1, 9], "passes too few hidden layers to fit a slope"),
        ([0, 0, 1, 9], "is zero at l1"),
    ],
)
def test_the_verdict_on_gradients(norms: list[float], words: str) -> None:
    layers = tuple(f"l{i}" for i in range(len(norms)))
    assert gradients.verdict(Gradients(layers, np.array(norms), np.ones(len(norms) - 1), ("w",), np.ones(1))) == words
