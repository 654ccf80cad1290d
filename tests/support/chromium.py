"""Print the path of a Chromium for the browser tests; install one if there is none, or say how."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
APPLICATIONS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)


def say(message: str) -> None:
    """Print to stderr: stdout is for the path."""
    print(message, file=sys.stderr, flush=True)


def installed() -> str | None:
    """$CHROMIUM, a Chromium or Chrome on the PATH, or Playwright's own."""
    if program := os.environ.get("CHROMIUM"):
        if path := shutil.which(program):
            return path
        sys.exit(f"$CHROMIUM is {program}, but there is no such program. Correct it or unset it.")
    on_path = next(filter(None, map(shutil.which, NAMES)), None)
    return on_path or next((path for path in APPLICATIONS if Path(path).exists()), None) or playwrights_own()


def playwrights_own() -> str | None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if Path(path).exists() else None


def playwright_download() -> str | None:
    say("No Chromium found: downloading Playwright's.")
    command = [sys.executable, "-m", "playwright", "install", "chromium"]
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return playwrights_own()


def debian_package() -> str | None:
    if not (shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0):
        return None
    say("Running: apt-get update && apt-get install -y chromium")
    for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "chromium"]):
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(command, stdout=subprocess.DEVNULL, env=environment, check=False)
    return shutil.which("chromium") or shutil.which("chromium-browser")


if __name__ == "__main__":
    path = installed() or playwright_download() or debian_package()
    if not path:
        sys.exit("The browser tests need Chromium. Run `sudo apt-get install chromium`, or set $CHROMIUM to its path.")
    print(path)
