"""Work in the background: its progress, its failure and its end, and the images that the hub has read so."""

import dataclasses
import threading
from pathlib import Path

import hostile
import pytest
from photos import fill
from stubs import wait_until

from ganlab.data import own_images, own_pixels
from ganlab.data.dataset import Announce
from ganlab.presets import PRESETS
from ganlab.runs.hub import RunHub
from ganlab.runs.job import Job


def test_a_job_tells_how_far_it_is_and_ends() -> None:
    gate, done = threading.Event(), []

    def work(announce: Announce) -> None:
        announce("1 of 2")
        assert gate.wait(10)
        done.append(2)

    job = Job(work)
    wait_until(lambda: job.message == "1 of 2")
    assert not job.is_over
    gate.set()
    assert job.join(10)
    assert (done, job.error) == ([2], "")


@pytest.mark.parametrize(("error", "words"), [(ValueError("No."), "No."), (KeyError(), "KeyError")])
def test_a_job_that_fails_says_why(error: Exception, words: str) -> None:
    def work(_: Announce) -> None:
        raise error

    job = Job(work)
    assert job.join(10)
    assert job.error == words


def test_a_job_ends_where_it_is_cancelled(the_hub: RunHub) -> None:
    def work(announce: Announce) -> None:
        while True:
            announce("still at it")

    job = Job(work)
    wait_until(lambda: job.message)
    job.cancel()
    assert job.join(10)
    assert job.error == ""


def test_the_hub_reads_images_once_for_all_and_stops_when_it_closes(
    the_hub: RunHub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANLAB_DATA", str(tmp_path))
    name = own_images.keep_folder(fill(tmp_path / "album", hostile.good_files()), tmp_path / "images")
    config = dataclasses.replace(PRESETS["images"], images=name)

    def endless(_: object, announce: Announce) -> None:
        while True:
            announce("still at it")

    with monkeypatch.context() as patch:
        patch.setattr(own_pixels, "prepare", endless)
        job = the_hub.read_images(config)
        assert the_hub.read_images(config) is job
        job.cancel()
        job = the_hub.read_images(config)  # the cancelled one need not have ended
        assert not job.is_cancelled
        other = the_hub.read_images(dataclasses.replace(config, fit="crop"))
        assert other is not job
        the_hub.close()
        assert job.is_over
        assert other.is_over
    assert own_pixels.at_hand(config) == ""
    assert the_hub.read_images(config).join(10)
    assert len(own_pixels.at_hand(config)) == 64
