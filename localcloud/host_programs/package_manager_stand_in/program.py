"""Stand-in for apt-get and dnf: the command lines."""

from __future__ import annotations

import sys
from pathlib import Path

from . import apt, dnf
from .packages import PackageError


def main() -> None:
    """Do what the command line says, as the program does by whose name this one was called."""
    name = Path(sys.argv[0]).name
    try:
        (dnf if name == "dnf" else apt).execute(sys.argv[1:])
    except PackageError as error:
        print(error, file=sys.stderr)
        sys.exit(error.code)
