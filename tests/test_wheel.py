"""The package as it is installed: built, installed into an empty folder, and served from another app's folder."""

import os
import re
import socket
import subprocess
import sys
import tomllib
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qs

import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.NewSession_pb2 import CustomThemeConfig
from stubs import wait_until
from visitor import SECONDS, Visitor, visit
from visits import ROOT

import ganlab
from ganlab.runs.disk import contents
from ganlab.ui.kit import references

MAGENTA = "#ff00ff"  # a colour that ganlab does not use
FOREIGN_CONFIG = f"""
[server]
address = "0.0.0.0"
port = 1
baseUrlPath = "elsewhere"
[runner]
magicEnabled = true
[theme]
base = "dark"
primaryColor = "{MAGENTA}"
[theme.light]
primaryColor = "{MAGENTA}"
codeTextColor = "{MAGENTA}"
[theme.sidebar]
backgroundColor = "{MAGENTA}"
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from the source distribution, as `build` does by default."""
    folder = tmp_path_factory.mktemp("dist")
    subprocess.run([sys.executable, "-m", "build", "--no-isolation", "-o", folder, ROOT], check=True)
    return next(folder.glob("*.whl"))


class Server(NamedTuple):
    process: subprocess.Popen
    port: int
    log: Path
    home: Path


@pytest.fixture(scope="module")
def server(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The installed `ganlab`, started for a user without settings in the folder of another Streamlit app."""
    package, home, elsewhere = (tmp_path_factory.mktemp(name) for name in ("package", "home", "elsewhere"))
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--no-deps", "--no-compile", "--no-index", "--target", package, wheel], check=True)
    (elsewhere / ".streamlit").mkdir()
    (elsewhere / ".streamlit/config.toml").write_text(FOREIGN_CONFIG)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GANLAB", "STREAMLIT"))}
    environment |= {"HOME": str(home), "XDG_DATA_HOME": str(home / "data"), "PYTHONPATH": str(package)}
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    program = home / "browser.py"
    program.write_text(f"import pathlib, sys\npathlib.Path({str(home / 'opened')!r}).write_text(sys.argv[1])\n")
    environment |= {"DISPLAY": ":0", "BROWSER": f"{sys.executable} {program} %s"}
    command = [package / "bin/ganlab", "--port", str(port)]
    with (home / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=elsewhere, env=environment, stdout=log, stderr=subprocess.STDOUT)
    server = Server(process, port, home / "log", home)
    try:
        wait_until(lambda: process.poll() is not None or is_healthy(port), SECONDS)
        assert process.poll() is None, server.log.read_text()
        yield server
    finally:
        process.kill()  # does nothing to a process that has ended
        process.wait()


def is_healthy(port: int) -> bool:
    try:
        return urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1).status == 200
    except OSError:
        return False


@pytest.fixture
def visitor(server: Server) -> Iterator[Visitor]:
    with visit(f"http://127.0.0.1:{server.port}") as visitor:
        yield visitor


def test_the_wheel_holds_the_package_with_its_data_and_the_app(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    package = {str(path.relative_to(ROOT)) for path in (ROOT / "ganlab").rglob("*") if path.is_file()}
    app = {str(path.relative_to(ROOT)) for path in [ROOT / "app.py", *(ROOT / "pages").glob("*.py")]}
    expected = {name for name in package if not name.endswith(".pyc")}
    expected |= {f"ganlab/app/{name}" for name in (*app, ".streamlit/config.toml")}
    assert {name for name in names if ".dist-info/" not in name} == expected


def test_one_version_everywhere(wheel: Path) -> None:
    version = wheel.name.split("-")[1]
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text()
    assert f"\n## {version} " in (ROOT / "CHANGELOG.md").read_text()
    assert version == ganlab.__version__ == references.field("ganlab", "version")
    assert references.entries()["ganlab"] in (ROOT / "README.md").read_text()


def test_the_browser_is_opened(server: Server) -> None:
    opened = server.home / "opened"
    wait_until(lambda: opened.exists() and opened.read_text() != "", SECONDS)
    assert opened.read_text() == f"http://127.0.0.1:{server.port}/"


def test_every_page_is_served(visitor: Visitor) -> None:
    home = visitor.open("")
    pages = of_type("navigation", home)[0].app_pages
    assert len(pages) == 6
    for page in pages:
        messages = visitor.open(page.url_pathname) if page.url_pathname else home
        assert of_type("navigation", messages)[0].page_script_hash == page.page_script_hash
        assert of_type("script_finished", messages) == [ForwardMsg.FINISHED_SUCCESSFULLY]


def of_type(name: str, messages: list[ForwardMsg]) -> list:
    return [getattr(message, name) for message in messages if message.WhichOneof("type") == name]


def test_settings_and_theme_are_those_of_the_app_in_any_folder(server: Server, visitor: Visitor) -> None:
    session = of_type("new_session", visitor.open(""))[0]
    assert MAGENTA not in str(session)
    assert session.config.hide_sidebar_nav
    theme, ours = session.custom_theme, tomllib.loads((ROOT / ".streamlit/config.toml").read_text())["theme"]
    assert theme.base == CustomThemeConfig.BaseTheme.LIGHT
    assert theme.base_font_size == ours["baseFontSize"]
    for name in ("light", "dark"):
        for option, value in ours[name].items():
            if isinstance(value, str):
                assert getattr(getattr(theme, name), snake_case(option)) == value
    with socket.socket() as other:  # 127.0.0.2 is this computer too, but nothing may listen there
        other.settimeout(5)
        assert other.connect_ex(("127.0.0.2", server.port)) != 0


def snake_case(name: str) -> str:
    return re.sub("[A-Z]", lambda letter: f"_{letter[0].lower()}", name)


def test_a_visitor_starts_watches_and_stops_a_run(server: Server, visitor: Visitor) -> None:
    run_id = visitor.start_run()
    while visitor.ticks < 2:
        visitor.watch(0.5)
    visitor.click("Stop")
    run = run_folder(server, visitor)
    assert run.name == run_id
    wait_until(lambda: contents.ending(run), SECONDS)
    assert contents.ending(run).status == "stopped"


def run_folder(server: Server, visitor: Visitor) -> Path:
    """The folder of the run whose page the visitor sees."""
    (run_id,) = parse_qs(visitor.query)["run"]
    return next(server.home.rglob(run_id))


def test_sigterm_stops_the_runs_and_ends_the_server(server: Server, visitor: Visitor) -> None:
    """Must come last: it ends the server."""
    visitor.open("")
    visitor.click("Train on digits")
    run = run_folder(server, visitor)
    assert run.parent.parent.name == "ganlab"  # the user's data folder for ganlab
    assert str(run.parent) in server.log.read_text()
    wait_until(lambda: len((run / "metrics.csv").read_text().splitlines()) > 1, SECONDS)
    server.process.terminate()
    assert server.process.wait(SECONDS) == 0
    assert contents.ending(run).status == "stopped"
    assert "Traceback" not in server.log.read_text()
