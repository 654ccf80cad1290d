"""The lesson on `nn.Sequential`: what fits, what is refused and why, and the page."""

import random

import pytest
import torch
from snippets import printed_by
from streamlit.testing.v1 import AppTest
from torch import nn
from visits import page, panels

from ganlab.lessons import sequential
from ganlab.lessons.sequential import ARGUMENTS, Layer, Report, parse, parse_shape
from ganlab.ui.lessons.sequential import EXAMPLES

pytestmark = pytest.mark.usefixtures("the_hub")


def example(name: str) -> Report:
    shape, *layers = EXAMPLES[name]
    return sequential.run(parse_shape(shape), [parse(*layer[:-1].split("(", 1)) for layer in layers])


def random_layer(rng: random.Random) -> Layer:
    kind = rng.choice(list(ARGUMENTS))
    optional = sequential.OPTIONAL
    few = {name: rng.randint(1, 4) for name in ARGUMENTS[kind] if name not in optional or rng.random() < 0.5}
    for name in few:
        if name in sequential.NATURAL:
            few[name] = rng.randint(0, 3)
    special = {
        "bias": rng.random() < 0.5,
        "negative_slope": 0.2,
        "unflattened_size": rng.choice([(2, 2), (4, 1, 1), (1, 2, 2), (3,)]),
    }
    return Layer(kind, few | {name: special[name] for name in special if name in few})


def random_shape(rng: random.Random) -> tuple[int, ...]:
    return tuple(rng.choice([1, 2, 3, 4, 4, 6]) for _ in range(rng.randint(1, 5)))


def test_a_layer_is_refused_exactly_where_torch_refuses_it() -> None:
    rng, refused, passed = random.Random(0), 0, 0
    for _ in range(3000):
        layer, shape = random_layer(rng), random_shape(rng)
        report = sequential.run(shape, [layer])
        try:
            module = getattr(nn, layer.kind)(**layer.arguments)
            output = module(torch.zeros(shape))
        except (ValueError, RuntimeError, IndexError):
            assert report.rows == [], (layer, shape)
            refused += 1
        else:
            assert report.why == "", (layer, shape)
            assert report.rows[0].shape == tuple(output.shape)
            assert report.parameters == sum(p.numel() for p in module.parameters())
            passed += 1
        if report.why:
            assert report.why.startswith(f"Layer 1, {layer}, ")
            assert report.why.endswith((".", "?"))
    assert min(refused, passed) > 400


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_code_of_every_example_prints_what_the_page_shows(name: str) -> None:
    report = example(name)
    assert printed_by(sequential.code(report)) == sequential.printed(report)


@pytest.mark.parametrize("seed", range(40))
def test_the_code_of_any_layers_prints_what_the_page_shows(seed: int) -> None:
    rng = random.Random(seed)
    shape = random_shape(rng)
    layers: list[Layer] = []
    for _ in range(5):
        shapes = [shape, *(row.shape for row in sequential.run(shape, layers).rows)]
        kind = rng.choice(list(ARGUMENTS))
        layers.append(parse(kind, sequential.suggest(kind, shapes[-1])))
    report = sequential.run(shape, layers)
    assert printed_by(sequential.code(report)) == sequential.printed(report)


def test_the_examples_are_the_default_networks_and_only_one_does_not_fit() -> None:
    assert example("Critic").parameters == 34_465
    assert example("Generator").parameters == 99_009
    assert example("Generator").rows[-1].shape == (64, 1, 16, 16)
    assert example("One that does not fit").why == (
        "Layer 2, BatchNorm2d(64), expects 64 channels, but (64, 32, 8, 8) has 32."
    )
    assert [name for name in EXAMPLES if example(name).why] == ["One that does not fit"]


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        ("Linear", "", "Linear needs in_features."),
        ("Linear", "3", "Linear needs out_features."),
        ("Linear", "3, 4, True, 5", "takes at most 3 arguments here"),
        ("Linear", "3, 4, in_features=3", "in_features of Linear is given twice."),
        ("Linear", "3, 0", "out_features of Linear must be a whole number from 1 to 10,000."),
        ("Linear", "3, 10**9", "as in PyTorch, for example 3, 10."),
        ("Linear", "3, -1", "must be a whole number"),
        ("Linear", "True, 3", "must be a whole number"),
        ("Linear", "3, 4, bias=2", "bias of Linear must be True or False."),
        ("Conv2d", "1, 2, 3, groups=2", "Conv2d has no argument groups here"),
        ("Conv2d", "1, 2, (3, 3)", "must be a whole number"),
        ("Conv2d", "1 2 3", "as in PyTorch"),
        ("Conv2d", "*[1, 2, 3]", "as in PyTorch"),
        ("Conv2d", "**{}", "as in PyTorch"),
        ("Conv2d", "1, 2, __import__('os')", "as in PyTorch"),
        ("Conv2d", "1, 2, 3) + f(4", "as in PyTorch"),
        ("Conv2d", "1, 2, 3)(4", "as in PyTorch"),
        ("Conv2d", "\0", "as in PyTorch"),
        ("Conv2d", "(" * 5000, "as in PyTorch"),
        ("LeakyReLU", "1e999", "negative_slope of LeakyReLU must be a number"),
        ("Unflatten", "1, 100", "whole numbers in brackets"),
        ("Unflatten", "1, (100, 0)", "whole numbers in brackets"),
        ("ReLU", "True", "ReLU takes no arguments"),
    ],
)
def test_other_arguments_are_refused(kind: str, text: str, words: str) -> None:
    with pytest.raises(ValueError, match=r"\.$") as caught:
        parse(kind, text)
    assert words in str(caught.value)


@pytest.mark.parametrize("text", ["", "a", "1,,2", "0, 3", "-1", "1.5", "1,1,1,1,1,1", "2000, 2000", "9" * 5000])
def test_other_shapes_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        parse_shape(text)


def test_layers_that_would_take_long_or_much_memory_are_refused() -> None:
    def why(shape: tuple[int, ...], kind: str, text: str) -> str:
        return sequential.run(shape, [parse(kind, text)]).why

    assert why((1, 1000), "Linear", "1000, 4995") == ""
    assert "at most 5,000,000" in why((1, 1000), "Linear", "1000, 5000")
    assert "at most 2,000,000" in why((1000, 1), "Linear", "1, 10000")
    assert "at most 1,000,000,000" in why((1000, 1, 40, 40), "Conv2d", "1, 1, 30, padding=15")
    assert "multiplications" in why((30, 100, 25, 25), "ConvTranspose2d", "100, 20, 40, padding=20")


def test_running_draws_no_random_numbers() -> None:
    before = torch.get_rng_state()
    for name in EXAMPLES:
        example(name)
    assert torch.equal(torch.get_rng_state(), before)


def press(at: AppTest, label: str) -> None:
    next(button for button in at.button if button.label == label).click().run()
    assert not at.exception


def test_layers_are_added_changed_and_removed() -> None:
    at = page("6_Building_Blocks.py")
    assert "All 7 fit." in panels(at)
    press(at, "One that does not fit")
    assert "Layer 2, BatchNorm2d(64), expects 64 channels" in panels(at)
    first, second, third = at.session_state.seq_rows
    at.text_input(key=f"seq_args_{second}").set_value("32").run()
    assert "All 3 fit." in panels(at)
    at.selectbox(key=f"seq_kind_{third}").set_value("Conv2d").run()
    assert at.text_input(key=f"seq_args_{third}").value == "32, 32, 4, stride=2, padding=1"
    assert "64, 32, 4, 4" in panels(at)
    at.text_input(key=f"seq_args_{first}").set_value("1, <b>").run()
    assert "Write the arguments of Conv2d" in panels(at)
    assert "64, 32, 4, 4" in panels(at)  # nothing else changes
    at.button(key=f"seq_remove_{first}").click().run()
    assert "expects 32 channels, but (64, 1, 16, 16) has 1" in panels(at)
    for row in (second, third):
        at.button(key=f"seq_remove_{row}").click().run()
    assert "the input comes out unchanged" in panels(at)
    press(at, "Add a layer")
    at.text_input(key="seq_shape").set_value("cats").run()
    assert "“cats” is not a shape" in panels(at)
    press(at, "Generator")
    assert "99,009" in panels(at)
    at.switch_page("app.py").run()
    at.switch_page("pages/6_Building_Blocks.py").run()
    assert not at.exception
    assert "99,009" in panels(at)  # leaving the page loses nothing
