"""The manager's files and programs, and how the tool handles both."""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HOME = Path("/etc/gitlab-runner")
LIVE = HOME / "config.toml"
STAGED = HOME / "staged"
"""What the tool itself keeps; gitlab-runner never looks here."""
LIFE = STAGED / "life.json"
"""Which life of the runner this host is in: that of the deployment's host that was last set up here, and since when."""
END = "# end of config.toml"
"""The last line of a config.toml that arrived whole. Here, where it is had without the rest of the tool."""
BINARIES = Path("/usr/local/bin")

ENVIRONMENT = {**os.environ, "HOME": "/root", "PATH": f"{BINARIES}:/usr/sbin:/usr/bin:/sbin:/bin"}

VARIABLES = Path("/etc/default/gitlab-runner-aws")
"""Where an administrator of the manager can set variables for this tool, such as a proxy or AWS_ENDPOINT_URL."""


def say(text: str) -> None:
    """Tell whoever watches the deployment; nobody may be there any more."""
    with contextlib.suppress(OSError):
        print(text, flush=True)


WARNING = "warning: "
"""Begins each line that people have to read: Pulumi shows the others only while the step runs."""


def warn(text: str) -> None:
    """Say something that people have to read, in one line or several."""
    say("\n".join(f"{WARNING}{line}" for line in text.split("\n")))


COLORS = re.compile(r"\x1b\[[0-9;]*[mK]")


class StepError(Exception):
    """A step could not be done; the text says what was refused and how to go on."""


def take_variables() -> None:
    """Have the variables of `VARIABLES`, lines of KEY=VALUE, in this process and in the programs that it runs."""
    for line in VARIABLES.read_text().splitlines() if VARIABLES.exists() else ():
        key, equals, value = line.strip().partition("=")
        if equals and not key.startswith("#"):
            os.environ[key] = ENVIRONMENT[key] = value.strip("\"'")


def run(*command: str, check: bool = True, hidden: Sequence[str] = (), **environment: str) -> tuple[int, str]:
    """Run a program; its output never shows a text of `hidden`."""
    result = subprocess.run(
        command,
        env={**ENVIRONMENT, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    # gitlab-runner colours what it says, whoever reads it.
    output = COLORS.sub("", result.stdout).strip()
    for text in hidden:
        output = output.replace(text, "<hidden>")
    if check and result.returncode != 0:
        raise StepError(f"`{' '.join(command)}` ended with {result.returncode}:\n{output}")
    return result.returncode, output


def write(path: Path, text: str | bytes, mode: int = 0o600) -> None:
    """Replace `path` as a whole: a reader sees the old text or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.parent.chmod(0o700 if HOME in (path.parent, *path.parents) else 0o755)
    scratch = path.with_name(f".{path.name}.new")
    scratch.unlink(missing_ok=True)
    with open(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(text.encode() if isinstance(text, str) else text)
        file.flush()
        os.fsync(file.fileno())
    scratch.rename(path)


def load(path: Path) -> dict[str, Any]:
    return dict(json.loads(path.read_text())) if path.exists() else {}
