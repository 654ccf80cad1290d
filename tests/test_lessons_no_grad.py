"""The lesson on `torch.no_grad`: what is kept, what the classifier reads, what the page shows."""

import pytest
import torch
from snippets import printed_by
from torch import nn
from visits import code, page

from ganlab.lessons import no_grad

pytestmark = pytest.mark.usefixtures("the_hub")


def test_the_bytes_kept_are_those_counted_by_hand() -> None:
    """The input, the first ReLU's output, which is the second convolution's input, and the second ReLU's output."""
    per_image = 4 * (8 * 8 + 16 * 8 * 8 + 32 * 4 * 4)
    for n in (1, 3, 512):
        kept = no_grad.kept(no_grad.classifier(), torch.zeros(n, 1, 8, 8))["as usual"]
        assert kept == (n * per_image, True, "AddmmBackward0")


def test_the_bytes_kept_by_two_linear_layers() -> None:
    model = nn.Sequential(nn.Linear(10, 20), nn.Tanh(), nn.Linear(20, 1))
    assert no_grad.kept(model, torch.zeros(5, 10))["as usual"].saved_bytes == 4 * 5 * (10 + 20)


def test_what_each_mode_keeps() -> None:
    kept = no_grad.kept(no_grad.classifier(), torch.zeros(4, 1, 8, 8))
    assert kept["no_grad"] == (0, False, "None")
    assert kept["inference_mode"] == (0, False, "None")
    detached = kept["detach"]
    assert (detached.saved_bytes > 0, detached.requires_grad, detached.grad_fn) == (True, False, "None")
    weights = no_grad.classifier().parameters()
    assert sum(p.nbytes for p in weights) == 4 * (16 * 9 + 16 + 32 * 16 * 9 + 32 + 512 * 10 + 10)


@pytest.mark.parametrize("batch", [1, 64, 512])
def test_the_code_prints_what_the_page_shows(batch: int) -> None:
    assert printed_by(no_grad.code(batch)) == no_grad.printed(batch)
    correct, total = no_grad.accuracy(no_grad.trained(), list(no_grad.batches(batch)), "no_grad")
    assert printed_by(no_grad.accuracy_code(batch)) == no_grad.accuracy_printed(correct, total)


def test_the_classifier_reads_held_out_digits() -> None:
    before = torch.get_rng_state()
    no_grad.trained.cache_clear()
    model = no_grad.trained()
    for mode in no_grad.MODES:
        correct, total = no_grad.accuracy(model, list(no_grad.batches(100)), mode)
        assert total == 512
        assert correct > 0.93 * total
    no_grad.printed(3)
    assert torch.equal(torch.get_rng_state(), before)


def test_no_digit_is_in_both_parts() -> None:
    (train, _), (held_out, labels) = no_grad._split()
    assert (len(train), len(held_out), len(labels)) == (1285, 512, 512)
    assert not {image.numpy().tobytes() for image in train} & {image.numpy().tobytes() for image in held_out}


@pytest.mark.parametrize("batch", [0, -1, 513])
def test_other_batches_are_refused(batch: int) -> None:
    with pytest.raises(ValueError, match="from 1 to 512"):
        no_grad.measure(batch)


def test_the_page_counts_refuses_and_measures() -> None:
    at = page("6_Building_Blocks.py")
    assert no_grad.printed(512) in code(at)
    at.number_input(key="no_grad_batch").set_value(64).run()
    assert no_grad.printed(64) in code(at)
    at.number_input(key="no_grad_batch").set_value(1000).run()
    assert "from 1 to 512" in at.error[0].value
    assert no_grad.printed(64) in code(at)  # nothing changed
    at.number_input(key="no_grad_batch").set_value(64).run()
    at.button(key="no_grad_go").click().run()
    assert not at.exception
    assert " of 512, 9" in code(at)
    at.number_input(key="no_grad_batch").set_value(65).run()  # not measured yet
    assert " of 512, 9" not in code(at)
