"""The lesson on `nn.ConvTranspose2d`: what it computes, what it refuses, what it draws."""

import dataclasses
import random
import re
import warnings
from collections.abc import Iterator

import numpy as np
import pytest
import torch
from snippets import printed_by
from torch import nn
from visits import page, panels

from ganlab.lessons import conv_transpose
from ganlab.lessons.conv_transpose import BIAS, CHANNELS, SIZES, WEIGHT, Layer, compute
from ganlab.settings import rules
from ganlab.ui.lessons import conv_drawing
from ganlab.ui.lessons.conv_transpose import EXAMPLES

pytestmark = pytest.mark.usefixtures("the_hub")
ARGUMENTS = [field.name for field in dataclasses.fields(Layer) if field.name != "input_size"]


def random_settings(seed: int, low: int, high: int) -> Iterator[dict[str, int]]:
    """Endless settings; with `low` = -1 most of them are invalid."""
    rng = random.Random(seed)
    while True:
        channels = rng.choice([1, 1, 2, 4, 6]), rng.choice([1, 1, 2, 4, 6])
        yield {
            "in_channels": channels[0] if low > 0 or rng.random() < 0.8 else rng.randint(low, 0),
            "out_channels": channels[1] if low > 0 or rng.random() < 0.8 else rng.randint(low, 0),
            "kernel_size": rng.randint(low, high),
            "stride": rng.randint(low, high),
            "padding": rng.randint(min(low, 0), high),
            "output_padding": rng.randint(min(low, 0), high - 1),
            "groups": rng.choice([1, 1, 2, 3, low]),
            "bias": rng.random() < 0.5,
            "dilation": rng.randint(low, 3),
            "input_size": rng.randint(1, 5),
        }


def refusal(settings: dict[str, int]) -> str:
    """Why settings are refused; empty if they are valid."""
    try:
        Layer(**settings)
    except ValueError as error:
        return str(error)
    return ""


def valid_layers(count: int, seed: int = 0) -> list[Layer]:
    valid = (settings for settings in random_settings(seed, 1, 4) if not refusal(settings))
    return [Layer(**next(valid)) for _ in range(count)]


def module(settings: dict[str, int]) -> nn.ConvTranspose2d:
    layer = nn.ConvTranspose2d(**{name: settings[name] for name in ARGUMENTS})
    nn.init.constant_(layer.weight, WEIGHT)
    if layer.bias is not None:
        nn.init.constant_(layer.bias, BIAS)
    return layer


def run(settings: dict[str, int]) -> torch.Tensor:
    n = settings["input_size"]
    x = torch.arange(1.0, n * n + 1).reshape(1, 1, n, n).repeat(1, max(settings["in_channels"], 0), 1, 1)
    return module(settings)(x).detach()


def scattered(layer: Layer) -> tuple[np.ndarray, np.ndarray]:
    """The output's channel 0, and how many contributions each of its cells gets, by adding one at a time."""
    size, cut = layer.output_size, layer.padding
    output = np.full((size, size), BIAS if layer.bias else 0, dtype=np.int64)
    counts = np.zeros((size, size), dtype=np.int64)
    steps = range(layer.kernel_size)
    for i, j in np.ndindex(layer.input_size, layer.input_size):
        for a, b in ((a, b) for a in steps for b in steps):
            row = i * layer.stride + a * layer.dilation - cut
            column = j * layer.stride + b * layer.dilation - cut
            if 0 <= row < size and 0 <= column < size:
                value = i * layer.input_size + j + 1
                output[row, column] += WEIGHT * value * (layer.in_channels // layer.groups)
                counts[row, column] += 1
    return output, counts


@pytest.mark.parametrize("layer", valid_layers(200), ids=str)
def test_the_result_agrees_with_torch_and_with_adding_by_hand(layer: Layer) -> None:
    result = compute(layer)
    theirs = run(dataclasses.asdict(layer))
    output, counts = scattered(layer)
    assert theirs.shape == (1, layer.out_channels, layer.output_size, layer.output_size)
    assert all(torch.equal(channel, result.output) for channel in theirs[0])
    assert np.array_equal(result.output.numpy(), output)
    assert np.array_equal(result.reached[layer.kept, layer.kept].numpy(), counts)
    uncut = run(dataclasses.asdict(layer) | {"padding": 0, "output_padding": 0})
    assert torch.equal(result.cells[: layer.footprint, : layer.footprint], uncut[0, 0])
    added = range(max(layer.output_size - layer.output_padding, 0), layer.output_size)
    assert result.added == tuple("contributions" if counts[row].any() else "bias only" for row in added)
    assert result.added == tuple("contributions" if counts[:, row].any() else "bias only" for row in added)
    assert layer.weights + layer.biases == sum(p.numel() for p in module(dataclasses.asdict(layer)).parameters())


def test_settings_are_refused_exactly_where_torch_refuses_them() -> None:
    refused = 0
    for settings, _ in zip(random_settings(1, -1, 4), range(1500), strict=False):
        reason = refusal(settings)
        try:
            with warnings.catch_warnings(action="ignore"):  # torch warns about empty tensors
                size = run(settings).shape[-1]
        except (ValueError, RuntimeError):
            assert reason.endswith("."), settings
            refused += 1
        else:  # torch accepts some that are of no use
            assert bool(reason) == (size < 1 or settings["dilation"] < 1), (settings, reason)
    assert refused > 400


@pytest.mark.parametrize("name", [*SIZES, *CHANNELS])
def test_a_refusal_names_the_limit_of_the_page(name: str) -> None:
    bounds = rules(Layer, name).bounds
    assert bounds
    largest = int(bounds[1])
    for value in (largest + 1, 2**53):
        assert f"up to {name}={largest}" in refusal({name: value})
    assert "at least" in refusal({name: -1})


def test_a_grid_that_is_too_large_is_refused() -> None:
    assert "at most 32 × 32" in refusal({"kernel_size": 7, "stride": 8, "dilation": 8, "input_size": 8})


def test_refusals_name_the_rule_and_its_numbers() -> None:
    reason = refusal({"in_channels": 16, "groups": 3})
    assert reason.startswith("in_channels must be divisible by groups: 16 channels")
    assert "2 is not below the larger of 2 and 1" in refusal({"output_padding": 2})
    assert "(1 − 1)·2 − 2·3 + 1·(3 − 1) + 1 + 1 = −2" in refusal({"padding": 3, "input_size": 1})
    assert conv_transpose.size_formula(Layer()) == "(4 − 1)·2 − 2·1 + 1·(3 − 1) + 1 + 1"


def test_the_two_kinds_of_added_rows() -> None:
    assert compute(Layer()).added == ("contributions",)
    assert compute(Layer(kernel_size=2, padding=0)).added == ("bias only",)
    assert compute(Layer(stride=3, output_padding=2)).added == ("contributions", "bias only")
    assert compute(Layer(kernel_size=1, padding=1)).added == ("contributions",)
    assert compute(Layer(kernel_size=2, dilation=2, stride=2, padding=2)).added == ("bias only",)  # between windows
    assert compute(Layer(output_padding=0)).added == ()


def test_sizes_that_collide() -> None:
    assert compute(Layer()).collisions == (7, 8)
    assert compute(Layer(stride=1, output_padding=0)).collisions == (4,)
    wide = compute(Layer(stride=1, dilation=3, padding=3, output_padding=2))
    assert (wide.layer.output_size, wide.collisions, conv_transpose.conv_size(wide.layer, 6)) == (6, (4,), 6)
    for layer in valid_layers(50, seed=2):
        sizes = range(1, 60)
        assert compute(layer).collisions == tuple(
            size for size in sizes if conv_transpose.conv_size(layer, size) == layer.input_size
        )


def test_groups_divide_the_weights_but_not_the_biases() -> None:
    layer = Layer(in_channels=16, out_channels=16, groups=2)
    assert (layer.weights, layer.biases) == (1152, 16)
    ungrouped = dataclasses.replace(layer, groups=1)
    assert (ungrouped.weights, ungrouped.biases) == (2304, 16)


@pytest.mark.parametrize(
    "layer",
    [
        *valid_layers(40, seed=3),
        Layer(in_channels=16, out_channels=16, groups=2),
        Layer(kernel_size=5, stride=3, padding=0, output_padding=0, input_size=8),
        Layer(kernel_size=5, stride=4, padding=0, output_padding=3, input_size=7),
        Layer(in_channels=64, out_channels=64, kernel_size=7, stride=1, padding=0, output_padding=0, input_size=8),
    ],
    ids=str,
)
def test_the_code_prints_what_the_page_shows(layer: Layer) -> None:
    result = compute(layer)
    assert printed_by(conv_transpose.code(result)) == conv_transpose.printed(result)


def test_computing_draws_no_random_numbers() -> None:
    before = torch.get_rng_state()
    compute(Layer(in_channels=16, out_channels=16, groups=2))
    assert torch.equal(torch.get_rng_state(), before)


def test_the_page_shows_what_was_added_and_what_is_refused() -> None:
    at = page("6_Building_Blocks.py")
    assert "turns both 7 and 8 into 4" in panels(at)
    at.number_input(key="conv_padding").set_value(0).run()
    assert "It adds 1 row at the bottom and 1 column on the right" in panels(at)
    assert "added: bias only" in panels(at)
    before = at.code
    at.number_input(key="conv_output_padding").set_value(2).run()
    assert "2 is not below the larger of 2 and 1." in panels(at)
    assert [code.value for code in at.code] == [code.value for code in before]
    at.number_input(key="conv_output_padding").set_value(0)
    at.number_input(key="conv_stride").set_value(1).run()
    assert "No sizes collide" in panels(at)
    at.number_input(key="conv_input_size").set_value(1).run()  # a slider with one cell
    next(button for button in at.button if button.label == "Two groups").click().run()
    assert "<b>1,168 parameters</b> instead of 2,320" in panels(at)
    at.number_input(key="conv_kernel_size").set_value(10**15).run()
    assert "up to kernel_size=7" in panels(at)
    at.switch_page("app.py").run()
    at.switch_page("pages/6_Building_Blocks.py").run()
    assert "<b>1,168 parameters</b> instead of 2,320" in panels(at)  # leaving the page loses nothing
    assert not at.exception


@pytest.mark.parametrize("layer", [*valid_layers(60, seed=4), *EXAMPLES.values()], ids=str)
def test_every_cell_is_drawn_as_its_kind(layer: Layer) -> None:
    result = compute(layer)
    drawing = conv_drawing.drawing(result, layer.input_size**2 - 1)
    counts = {kind: drawn_cells(drawing, kind) for kind in ("in", "cut", "out", "bias", "new", "pick")}
    size, kept = layer.output_size, result.reached[layer.kept, layer.kept]
    bare = max(size - layer.output_padding, 0)
    assert counts == {
        "in": layer.input_size**2,
        "cut": layer.grid**2 - size**2,
        "out": int((kept > 0).sum()),
        "bias": int((kept == 0).sum()),
        "new": size**2 - bare**2,
        "pick": 1 + layer.kernel_size**2,
    }


def drawn_cells(svg: str, kind: str) -> int:
    return sum(path.count("M") for path in re.findall(rf"<path class='{kind}' [^>]*d='([^']*)'", svg))
