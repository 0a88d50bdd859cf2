"""Programs of this machine that are to read what the project writes for them."""

import shutil
import subprocess
from pathlib import Path

import pytest

PACKAGES = {
    "cloud-init": "cloud-init",
    "promtool": "prometheus",
    "systemd-analyze": "systemd",
}
"""The packages of Debian and Ubuntu that bring them."""


def path_of(name: str) -> str:
    """Where a program is; the test fails where it is missing."""
    found = shutil.which(name)
    if found is None:
        pytest.fail(f"{name} is missing; install the package {PACKAGES[name]}", pytrace=False)
    return found


def judged(name: str, *arguments: str, stdin: str = "", cwd: Path | None = None) -> str:
    """Run a program that has to accept what it reads; return what it says."""
    command = [path_of(name), *arguments]
    done = subprocess.run(command, input=stdin, cwd=cwd, capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 0, f"{name} refuses it:\n{said}"
    return said
