"""The command line of the stand-in for gitlab-runner."""

from __future__ import annotations

import sys

from ..program_stamp import stamp


def main() -> None:
    """Tell the version, or run the command that the arguments name."""
    if sys.argv[1:2] in (["--version"], ["-v"]):
        print(_version())
        return
    from . import commands  # here, as it takes most of the time of --version

    commands.main()


def _version() -> str:
    facts = stamp()
    lines = {
        "Version": facts["version"],
        "Git revision": facts["revision"],
        "Git branch": facts["branch"],
        "GO version": facts["go"],
        "Built": "stand-in",
        "OS/Arch": f"linux/{facts['architecture']}",
    }
    return "\n".join(f"{label + ':':<13} {value}" for label, value in lines.items())
