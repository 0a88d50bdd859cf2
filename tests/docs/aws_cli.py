"""The AWS command line for the pages: installed apart, for it wants an older docutils than the site does."""

import subprocess
import sys
import tempfile
from pathlib import Path

from localcloud.engine import cache_folder

VERSION = "1.46.3"


def installed() -> Path:
    """The folder that holds its Python packages, filled at the first call (about 30 s, once per machine)."""
    home = cache_folder() / f"awscli-{VERSION}"
    if not home.exists():
        home.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=home.parent) as scratch:
            made = Path(scratch) / "packages"
            command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            subprocess.run(
                [*command, "--target", str(made), f"awscli=={VERSION}"], check=True, stdin=subprocess.DEVNULL
            )
            made.rename(home)
    return home


def put_into(folder: Path) -> None:
    """Put a program `aws` into a folder."""
    program = folder / "aws"
    program.write_text(f'#!/bin/sh\nPYTHONPATH={installed()} exec {sys.executable} -m awscli "$@"\n')
    program.chmod(0o755)
