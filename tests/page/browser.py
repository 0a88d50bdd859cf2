"""Chromium for tests: one on PATH, else Debian's package, unpacked into the cache folder of this project.

Nothing is installed and no rights are needed: apt works on lists of its own, and the package's files lie in the folder.
"""

import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from localcloud.engine import cache_folder

_PACKAGE = "chromium-headless-shell"
_ON_PATH = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


class NoBrowserError(Exception):
    """No way to get a browser worked; the text says what was tried and what to do."""


@contextmanager
def running() -> Iterator[Browser]:
    """Start a browser with an empty profile of its own. Raises NoBrowserError."""
    program, environment = _found()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=[*_FLAGS], env={**os.environ, **environment})
        yield browser
        browser.close()


def _found() -> tuple[Path, dict[str, str]]:
    """Return the program and what its environment needs."""
    for name in _ON_PATH:
        if on_path := shutil.which(name):
            return Path(on_path), {}
    home = cache_folder() / _PACKAGE
    if not home.exists():
        _fetch(home)
    libraries = home / "usr" / "lib" / f"{platform.machine()}-linux-gnu"
    environment = {"LD_LIBRARY_PATH": f"{libraries}:{libraries / 'pulseaudio'}"}
    if not Path("/etc/fonts/fonts.conf").exists():
        environment["FONTCONFIG_SYSROOT"] = str(home)
    return home / "usr" / "lib" / "chromium" / _PACKAGE, environment


def _fetch(home: Path) -> None:
    home.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home.parent) as scratch:
        made = Path(scratch) / "made"
        try:
            for archive in _archives(Path(scratch)):
                subprocess.run(["dpkg", "-x", archive, made], check=True, capture_output=True, text=True)
        except (OSError, subprocess.CalledProcessError) as error:
            said = error.stderr.strip().splitlines()[-1:] if isinstance(error, subprocess.CalledProcessError) else error
            raise NoBrowserError(
                f"there is no Chromium, and Debian's could not be had ({said}): "
                f"install chromium, so that it is on PATH, and run this again"
            ) from error
        # Where another process of this test run was first, its folder stays.
        with suppress(OSError):
            made.rename(home)


def _archives(scratch: Path) -> list[Path]:
    """Download the package and what it needs beyond what this machine has."""
    for folder in ("lists/partial", "archives/partial"):
        (scratch / folder).mkdir(parents=True)
    settings = {
        "Dir::State::Lists": scratch / "lists",
        "Dir::Cache": scratch,
        "Dir::Cache::archives": scratch / "archives",
        "Debug::NoLocking": 1,
        "APT::Sandbox::User": "",
    }
    options = [f"-o{name}={value}" for name, value in settings.items()]
    for call in (["update"], ["install", "--yes", "--download-only", "--no-install-recommends", _PACKAGE]):
        subprocess.run(["apt-get", "-qq", *options, *call], check=True, capture_output=True, text=True)
    return [*(scratch / "archives").glob("*.deb")]
