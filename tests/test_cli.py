"""The command line, in this process; what signals do to it, in a child."""

import csv
import dataclasses
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import hostile
import numpy as np
import pytest
from photos import fill
from PIL import Image
from stubs import wait_until
from visits import ROOT

from ganlab.cli import serve
from ganlab.cli.main import main, parse
from ganlab.cli.train import config_of
from ganlab.config import TrainConfig
from ganlab.data.download import data_root
from ganlab.gan.sampling import latents
from ganlab.presets import PRESETS
from ganlab.runs.disk import checkpoints, contents, library
from ganlab.runs.training_run import TrainingRun

SMALL = "--dataset 8-gaussians --width 8 --depth 1 --batch-size 8 --steps 3 --threads 1".split()


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The arguments that Streamlit is started with, instead of being started."""
    arguments: list[str] = []
    monkeypatch.setattr(serve.cli, "main", lambda given, prog_name: arguments.extend(given))
    monkeypatch.setattr(serve.signal, "signal", lambda number, handler: None)
    return arguments


def run(*arguments: str) -> int:
    try:
        return main(list(arguments))
    except SystemExit as end:
        return end.code


def test_train_then_sample(tmp_path: Path) -> None:
    out = tmp_path / "r"
    assert run("train", *SMALL, "--clip", "-1e-3", "1e-3", "--out", str(out)) == 0
    assert json.loads((out / "config.json").read_text())["clip_range"] == [-0.001, 0.001]
    rows = list(csv.DictReader((out / "metrics.csv").read_text().splitlines()))
    assert [row["step"] for row in rows] == ["1", "2", "3"]
    assert {float(row["clip_high"]) for row in rows} == {0.001}
    assert (out / "changes.csv").read_text() == "critic_step,field,value\n"
    with Image.open(out / "samples.png") as picture:
        assert picture.size == (600, 600)
    assert run("sample", str(out), "--n", "70", "--seed", "1", "--out", str(tmp_path / "s.npz")) == 0
    with np.load(tmp_path / "s.npz") as arrays:
        assert arrays["samples"].shape == (70, 2)
        assert arrays["samples"].dtype == arrays["latents"].dtype == np.float32
        assert np.array_equal(arrays["latents"], latents(70, 2, seed=1).numpy())
    assert run("train", *SMALL, "--out", str(out)) == 2  # an existing run is not overwritten


def test_a_run_is_told_only_what_has_an_effect(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    out = tmp_path / "r"
    held = ["--constraint", "gradient-penalty", "--penalty", "0.5", "--objective", "hinge"]
    assert run("train", *SMALL, *held, "--out", str(out)) == 0
    assert run("runs", "show", str(out)) == 0
    shown = capsys.readouterr().out
    assert "8 Gaussians, penalty 0.5" in shown
    fields = {line.split()[0] for line in shown.splitlines() if line.startswith("  ")}
    assert {"constraint", "penalty", "objective"} <= fields
    assert not fields & {
        "clip_range",
        "clip_scope",
        "beta1",
        "noise_sd",
        "image_size",
        "fit",
        "clip_low",
        "clamped_share",
    }


def test_images_are_in_range_and_channels_first(tmp_path: Path) -> None:
    small = ["--width", "4", "--batch-size", "8", "--n-critic", "1", "--steps", "2", "--threads", "1"]
    assert run("train", *small, "--out", str(tmp_path / "r")) == 0
    assert run("sample", str(tmp_path / "r"), "--n", "3", "--out", str(tmp_path / "s.npz")) == 0
    with np.load(tmp_path / "s.npz") as arrays:
        assert arrays["samples"].shape == (3, 1, 16, 16)
        assert np.abs(arrays["samples"]).max() <= 1


@pytest.mark.parametrize(
    ("options", "clip_range"),
    [
        (["--clip", "-0.02", "0.03"], (-0.02, 0.03)),
        (["--clip-range", "-1e-3", "1e-3"], (-1e-3, 1e-3)),
        (["--clip", "-.5", "-.25"], (-0.5, -0.25)),
        (["--clip", "-1E-3", "+2e-3"], (-1e-3, 2e-3)),
    ],
)
def test_negative_numbers_in_any_notation(options: list[str], clip_range: tuple[float, float]) -> None:
    assert config_of(parse(["train", "--out", "x", *options])).clip_range == clip_range


def test_every_setting_is_an_option_and_a_dataset_brings_its_preset() -> None:
    base = ["train", "--out", "x", "--dataset", "8-gaussians"]
    assert config_of(parse(base)) == PRESETS["8-gaussians"]
    for field in dataclasses.fields(TrainConfig):
        if field.type is int:
            options = [*base, f"--{field.name.replace('_', '-')}", "16"]
            assert getattr(config_of(parse(options)), field.name) == 16


@pytest.mark.parametrize(
    "options",
    [
        ["--clip", "0.1", "-0.1"],
        ["--clip", "nan", "1"],
        ["--clip", "-inf", "1"],
        ["--clip", "a", "1"],
        ["--clip", "1"],
        ["--steps", "0"],
        ["--steps", "many"],
        ["--preset", "cats"],
        ["--dataset", "cats"],
        ["--sound", "loud"],
        ["--critic-lr", "1e308"],
        ["--images", "no-such-folder"],
        ["--points", "no-such.csv"],
        ["--dataset", "digits", "--images", "0123456789abcdef"],
        ["--dataset", "images", "--points", "0123456789abcdef"],
        ["--dataset", "images"],
        ["--dataset", "drawn"],
        ["--preset", "images"],
        ["--points", "0" * 16],
        ["--config", "no-such.json"],
        ["--config", "README.md"],
        ["--constraint", "gradient-penalty"],  # with batch norm
        ["--constraint", "hope"],
        ["--beta1", "1"],
    ],
)
def test_bad_options_are_one_line_and_2(options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert run("train", "--out", str(tmp_path / "r"), *options) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--clip", "1", "-1"], "ganlab: --clip: low must be below high."),
        (["--clip", "nan", "1"], "ganlab: --clip: low and high must be finite numbers."),
        (["--dataset", "digit"], "did you mean digits?"),
    ],
)
def test_a_bad_option_is_named_or_corrected(options: list[str], words: str, capsys: pytest.CaptureFixture) -> None:
    assert run("train", "--out", "x", *options) == 2
    assert capsys.readouterr().err.strip().endswith(words)


@pytest.mark.parametrize("command", ["train", "sweep"])
@pytest.mark.parametrize(("dataset", "option"), [("images", "--images"), ("drawn", "--points")])
def test_own_data_must_be_named(
    command: str, dataset: str, option: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    assert run(command, "--dataset", dataset, "--out", str(tmp_path / "r")) == 2
    assert f"dataset {dataset} needs {option}" in capsys.readouterr().err
    assert not (tmp_path / "r").exists()


@pytest.mark.parametrize("command", ["train", "sweep"])
@pytest.mark.parametrize("option", ["--images", "--points"])
def test_data_that_is_gone_leaves_no_folder(
    command: str, option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANLAB_DATA", str(tmp_path / "cache"))
    assert run(command, option, "0" * 16, "--out", str(tmp_path / "r")) == 2
    assert not (tmp_path / "r").exists()
    (tmp_path / "r").mkdir()
    assert run(command, option, "0" * 16, "--out", str(tmp_path / "r")) == 2
    assert (tmp_path / "r").exists()  # not made by this command


def test_a_place_to_write_that_is_missing_or_taken_is_named(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert run("train", *SMALL, "--out", str(tmp_path / "r")) == 0
    (tmp_path / "file").touch()
    for command in (["sample", str(tmp_path / "r")], ["runs", "export", str(tmp_path / "r")]):
        for out, words in (("none/x", f"There is no folder {tmp_path / 'none'}: create it"), ("r", "it is a folder;")):
            capsys.readouterr()
            assert run(*command, "--out", str(tmp_path / out)) == 2
            assert words in capsys.readouterr().err
    for command in (["train", *SMALL], ["sweep", "--c", "0.1"]):
        capsys.readouterr()
        assert run(*command, "--out", str(tmp_path / "file")) == 2
        assert f"{tmp_path / 'file'}: there is a file of that name; choose" in capsys.readouterr().err
        assert run(*command, "--out", str(tmp_path / "file/r")) == 2
        assert "is a file, not a folder." in capsys.readouterr().err


@pytest.mark.parametrize("options", [["--n", "0"], ["--seed", "-1"], []])
def test_bad_sampling_is_one_line_and_2(options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert run("sample", str(tmp_path / "none"), "--out", str(tmp_path / "s.npz"), *options) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_a_failed_run_is_1_and_says_why(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    assert run("train", *SMALL, "--generator-lr", "1e30", "--out", str(tmp_path / "r")) == 1
    assert "Stopped at step 2" in capsys.readouterr().err


def test_own_points_from_a_csv(tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANLAB_DATA", str(tmp_path / "cache"))
    (tmp_path / "p.csv").write_text("x,y\n" + "".join(f"{i},{i % 4}\n" for i in range(20)))
    small = SMALL[2:]
    assert run("train", *small, "--points", str(tmp_path / "p.csv"), "--out", str(tmp_path / "r")) == 0
    assert "both divided by 5.938" in capsys.readouterr().err
    config = json.loads((tmp_path / "r" / "config.json").read_text())
    assert config["dataset"] == "drawn"
    assert (tmp_path / f"cache/points/{config['points']}.safetensors").is_file()
    assert run("train", *small, "--points", config["points"], "--out", str(tmp_path / "again")) == 0
    same = [(tmp_path / folder / "generator.safetensors").read_bytes() for folder in ("r", "again")]
    assert same[0] == same[1]
    capsys.readouterr()
    for path in (tmp_path / "missing.csv", tmp_path / "r/metrics.csv"):
        assert run("train", "--points", str(path), "--out", str(tmp_path / "bad")) == 2
        assert path.name in capsys.readouterr().err
    hostile.write_zip(tmp_path / "p.ZIP", hostile.good_files())
    assert run("train", "--points", str(tmp_path / "p.ZIP"), "--out", str(tmp_path / "bad")) == 2
    assert "with --images." in capsys.readouterr().err
    assert run("train", "--points", "0" * 16, "--out", str(tmp_path / "gone")) == 2
    assert "0" * 16 in capsys.readouterr().err


def test_own_images_from_a_folder(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANLAB_DATA", str(tmp_path / "cache"))
    album = fill(tmp_path / "album", hostile.good_files() | {"page.jpg": b"words", "notes.txt": b"words"})
    small = "--image-size 16 --width 4 --latent-dim 4 --batch-size 8 --n-critic 1 --steps 2 --threads 1".split()
    assert run("train", *small, "--images", str(album), "--out", str(tmp_path / "r")) == 0
    errors = capfd.readouterr().err
    assert "1 of 17 images can't be read and was left out: page.jpg." in errors
    assert "1 other file was left out: 1 .txt." in errors
    (record,) = (tmp_path / "cache/data").glob("*.json")
    assert str(record) in errors
    config = json.loads((tmp_path / "r/config.json").read_text())
    assert (tmp_path / f"cache/data/{config['pixels']}.safetensors").is_file()
    few = fill(tmp_path / "few", dict(list(hostile.good_files().items())[1:]) | {"page.jpg": b"words"})
    for path in (few, tmp_path / "mistyped", tmp_path / "r/config.json"):
        assert run("train", *small, "--images", str(path), "--out", str(tmp_path / "bad")) == 2
        assert path.name in capfd.readouterr().err
        assert not (tmp_path / "bad").exists()


@pytest.mark.parametrize(("options", "absent"), [("--help", {"streamlit", "torch"}), ("train --help", {"streamlit"})])
def test_help_imports_no_more_than_it_needs(options: str, absent: set[str]) -> None:
    code = f"""
import sys
import tomllib
from ganlab.cli.main import main
try:
    main({options.split()})
finally:
    assert not {absent} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True)


LONG = [*SMALL, "--steps", "1000000"]


def test_sigterm_stops_a_run_which_saves_everything_and_can_be_resumed(tmp_path: Path) -> None:
    out = tmp_path / "r"
    command = [sys.executable, "-m", "ganlab", "train", *LONG, "--out", str(out)]
    child = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        metrics = out / "metrics.csv"
        wait_until(lambda: child.poll() is not None or (metrics.exists() and len(metrics.read_text()) > 1000), 60)
        child.send_signal(signal.SIGTERM)
        child.send_signal(signal.SIGTERM)  # an impatient user loses nothing either
        assert child.wait(60) == 143
    finally:
        child.kill()
    check_stopped(out)


def test_so_does_ctrl_c(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    join = TrainingRun.join

    def pressed(run: TrainingRun, timeout: float) -> bool:
        if run.latest.step > 0:
            for _ in range(2):
                signal.raise_signal(signal.SIGINT)
        return join(run, timeout)

    with monkeypatch.context() as patch:
        patch.setattr(TrainingRun, "join", pressed)
        assert run("train", *LONG, "--out", str(tmp_path / "r")) == 130
    check_stopped(tmp_path / "r")


def check_stopped(out: Path) -> None:
    """Raises AssertionError if a stopped run has lost something, or can't be resumed."""
    ending = contents.ending(out)
    assert ending.status == "stopped"
    assert checkpoints.files(out)[-1].step == ending.step > 0
    assert (out / "metrics.csv").read_text().splitlines()[-1].split(",")[0] == str(ending.step)
    for name in ("generator", "critic"):
        assert (out / f"{name}.safetensors").is_file()
    assert run("train", "--resume", str(out), "--steps", str(ending.step + 2)) == 0
    assert contents.ending(out).step == ending.step + 2


def test_a_taken_port_is_1_and_another_one_is_proposed(capsys: pytest.CaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert run("--port", str(port)) == 1
    message = capsys.readouterr().err
    assert str(port) in message
    assert serve.is_free(int(re.search(r"--port (\d+)", message)[1]))


def test_the_app_is_served_from_its_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, served: list[str]
) -> None:
    monkeypatch.setattr(serve, "is_free", lambda port, address: True)
    monkeypatch.setenv("GANLAB_DATA", "data")
    monkeypatch.chdir(tmp_path)
    run("--runs", "here", "--port", "8600", "--no-browser")
    assert served[:2] == ["run", str(ROOT / "ganlab" / "ui" / "web.py")]
    assert {"--server.port=8600", "--server.headless=true"} <= set(served)
    assert Path.cwd() == ROOT
    assert library.runs_root() == tmp_path / "here"
    assert data_root() == tmp_path / "data"


@pytest.mark.parametrize(
    "options", ["--port 8600 runs list", "--no-browser train --out x", "--guests sample x", "--runs FILE runs list"]
)
def test_options_that_a_command_would_ignore_are_refused(
    options: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("FILE").touch()
    assert run(*options.split()) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert len(output.err.strip().splitlines()) == 1


@pytest.mark.parametrize(
    "options",
    [
        "--address 0.0.0.0",
        "--address 198.51.100.7 --guests",
        "--address nowhere --guests",
        "--allow-host example.org",
        "--allow-host https://example.org --guests",
        "--allow-host example.org:8501 --guests",
    ],
)
def test_an_address_that_is_not_this_computers_or_has_no_guests_is_one_line_and_2(
    options: str, served: list[str], capsys: pytest.CaptureFixture
) -> None:
    assert run(*options.split()) == 2
    assert not served
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_with_guests_a_key_is_printed_and_no_browser_opened(
    monkeypatch: pytest.MonkeyPatch, served: list[str], capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setenv("GANLAB_KEY", "")
    monkeypatch.chdir(ROOT)
    keys = set()
    for _ in range(2):
        run("--guests", "--address", "0.0.0.0", "--port", "8600")
        keys.add(re.search(r"key=(\S{40,})", capsys.readouterr().out)[1])
    assert len(keys) == 2
    assert os.environ["GANLAB_KEY"] in keys
    assert {"--server.address=0.0.0.0", "--server.headless=true", "--server.allowedHosts=*"} <= set(served)
    run("--port", "8600")
    assert os.environ["GANLAB_KEY"] == ""
    assert "?key=" not in capsys.readouterr().out


def test_the_names_that_the_server_answers_to(monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[str] = []
    monkeypatch.setattr(serve.cli, "main", lambda arguments, prog_name: served.extend(arguments))
    monkeypatch.setattr(serve, "is_free", lambda port, address: True)
    monkeypatch.setenv("GANLAB_KEY", "")
    monkeypatch.chdir(ROOT)

    def allowed(*options: str) -> set[str]:
        served.clear()
        run("--no-browser", *options)
        return {flag.partition("=")[2] for flag in served if flag.startswith("--server.allowedHosts=")}

    own = set(tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["server"]["allowedHosts"])
    assert own == {"127.0.0.1", "localhost", "::1"}
    assert allowed() == set()  # those of the file
    assert allowed("--guests", "--allow-host", "gan.org", "--allow-host", "*.gan.org") == own | {"gan.org", "*.gan.org"}
    network = ("--guests", "--address", "192.168.1.20")
    assert "*" in allowed(*network)
    assert allowed(*network, "--allow-host", "lab-pc") == own | {"192.168.1.20", "lab-pc"}


@pytest.mark.parametrize("port", ["0", "65536", "many"])
def test_a_bad_port_is_one_line_and_2(port: str, capsys: pytest.CaptureFixture) -> None:
    assert run("--port", port) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_runs_are_kept_where_the_user_says_or_in_the_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setenv("GANLAB_RUNS", str(tmp_path / "a"))
    assert library.runs_root() == tmp_path / "a"
    run_id = "20260101-000000-abcd"
    assert run("train", *SMALL, "--out", str(tmp_path / "b" / run_id)) == 0
    assert run("--runs", str(tmp_path / "b"), "runs", "list") == 0
    assert run_id in capsys.readouterr().out
    monkeypatch.delenv("GANLAB_RUNS")
    monkeypatch.chdir(tmp_path)
    assert library.runs_root() == ROOT / "runs"


def test_a_run_is_resumed_listed_shown_exported_and_deleted(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANLAB_RUNS", str(tmp_path))
    run_id = "20260101-000000-abcd"
    assert run("train", *SMALL, "--out", str(tmp_path / run_id)) == 0
    assert run("train", "--resume", run_id, "--steps", "5") == 0
    assert run("train", "--resume", str(tmp_path / run_id), "--steps", "6") == 0
    capsys.readouterr()
    assert run("runs", "list") == 0
    assert re.search(rf"{run_id} +8-gaussians +finished +6/6 +\d+\.\d MB  2026-01-01", capsys.readouterr().out)
    assert run("runs", "show", run_id) == 0
    shown = capsys.readouterr().out
    for words in ("finished, step 6 of 6", "clip_range    -0.1 0.1", "critic_estimate", "metrics.csv"):
        assert words in shown
    assert run("runs", "export", run_id, "--out", str(tmp_path / "r.zip")) == 0
    assert (tmp_path / "r.zip").exists()
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert run("runs", "delete", run_id) == 2
    assert run("runs", "delete", run_id, "--yes") == 0
    assert not (tmp_path / run_id).exists()


def test_a_run_with_a_name_of_its_own_is_listed_and_deleted_by_it(
    tmp_path: Path, capsys: pytest.CaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANLAB_RUNS", str(tmp_path / "runs"))
    for out in (tmp_path / "runs/my-run", tmp_path / "elsewhere"):
        assert run("train", *SMALL, "--out", str(out)) == 0
    capsys.readouterr()
    assert run("runs", "list") == 0
    (_, line) = capsys.readouterr().out.splitlines()
    assert re.match(r"my-run +8-gaussians +finished", line)
    assert run("sample", "my-run", "--out", str(tmp_path / "s.npz")) == 0
    monkeypatch.chdir(tmp_path)
    assert run("runs", "show", "elsewhere") == 0
    for path in ("elsewhere", str(tmp_path / "elsewhere")):
        assert run("runs", "delete", path, "--yes") == 2
    (tmp_path / "runs/my-run/notes.txt").touch()
    capsys.readouterr()
    assert run("runs", "delete", "runs/my-run", "--yes") == 0
    assert "notes.txt" in capsys.readouterr().out
    assert [file.name for file in (tmp_path / "runs/my-run").iterdir()] == ["notes.txt"]
    assert (tmp_path / "elsewhere/config.json").exists()


@pytest.mark.parametrize(
    "options",
    [
        "train --resume nothing",
        "train --resume x --seed 3",
        "train --resume x --out y",
        "train",
        "runs",
        "runs show 20260101-000000-abcd",
        "runs delete ../x --yes",
        "runs export x",
    ],
)
def test_bad_runs_are_one_line_and_2(options: str, capsys: pytest.CaptureFixture) -> None:
    assert run(*options.split()) == 2
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_a_changed_size_makes_the_pixels_unknown(tmp_path: Path) -> None:
    config = TrainConfig(dataset="images", images="0" * 16, pixels="1" * 64)
    (tmp_path / "c.json").write_text(json.dumps(config.as_dict()))
    options = parse(["train", "--out", "x", "--config", str(tmp_path / "c.json"), "--image-size", "32"])
    assert config_of(options).pixels == ""


def test_an_interrupted_run_is_sampled_by_its_id_and_an_odd_name_is_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setenv("GANLAB_RUNS", str(tmp_path))
    name, out = "20261399-999999-abcd", str(tmp_path / "s.npz")
    assert run("train", *SMALL, "--out", str(tmp_path / name)) == 0
    for file in ("ended.json", "generator.safetensors"):
        (tmp_path / name / file).unlink()
    assert run("sample", name, "--n", "3", "--out", out) == 0
    assert run("runs", "list") == 0
    assert name in capsys.readouterr().out
    assert run("sample", "20260101-000000-abcd", "--out", out) == 2


def test_instruments_look_when_asked_to(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    options = [*SMALL, "--steps", "5"]
    assert run("train", *options, "--out", str(tmp_path / "off")) == 0
    assert capsys.readouterr().out == ""
    assert run("train", *options, "--instruments", "gradients", "spectra", "--out", str(tmp_path / "on")) == 0
    assert re.fullmatch(r"instruments took \d+\.\d % .*step 5\n", capsys.readouterr().out)
    assert run("train", "--resume", str(tmp_path / "on"), "--steps", "10", "--instruments") == 0
    (five, ten) = csv.DictReader((tmp_path / "on/instruments.csv").read_text().splitlines())
    assert (five["step"], five["w1"]) == ("5", "")
    assert ten["step"] == "10"
    assert float(ten["w1"]) > 0
    assert run("train", "--resume", str(tmp_path / "off"), "--steps", "10") == 0
    for name in ("generator.safetensors", "critic.safetensors", "samples.png"):
        assert (tmp_path / "off" / name).read_bytes() == (tmp_path / "on" / name).read_bytes()
    assert not (tmp_path / "off/instruments.csv").exists()
    assert run("train", *options, "--instruments", "copies", "plane", "--out", str(tmp_path / "cats")) == 2
    assert "copies" in capsys.readouterr().err
    assert not (tmp_path / "cats").exists()
    before = {file: file.read_bytes() for file in (tmp_path / "on").rglob("*") if file.is_file()}
    assert run("train", "--resume", str(tmp_path / "on"), "--steps", "20", "--instruments", "copies") == 2
    assert {file: file.read_bytes() for file in (tmp_path / "on").rglob("*") if file.is_file()} == before
    assert run("train", *options, "--instruments", "cats", "--out", str(tmp_path / "cats")) == 2
