"""The distribution, built and installed as others have it: in an environment of its own, beside their projects."""

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

from localcloud.cloud import ROOT


def build(folder: Path) -> Path:
    """Build the sdist, and from that the wheel; returns the wheel."""
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    _run(command)
    (wheel,) = folder.glob("*.whl")
    return wheel


def environment(folder: Path) -> Path:
    """Make a virtual environment that has this one's packages, which are large, but not this checkout's folders."""
    venv.create(folder, with_pip=False, symlinks=True)
    python = folder / "bin" / "python"
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = subprocess.run([python, "-c", ask], check=True, capture_output=True, text=True).stdout.strip()
    Path(packages, "shared.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return python


def install(python: Path, *what: str) -> None:
    """Install with pip, as `python` has it, without any package index: all dependencies are there."""
    options = ["--quiet", "--no-index", "--no-build-isolation", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", *options, *what]
    _run(command)


def _run(command: list[str]) -> None:
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


if __name__ == "__main__":
    environment(Path(sys.argv[1]))
