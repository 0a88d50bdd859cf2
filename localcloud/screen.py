"""What the engine says, as people see it: without the manager's public key and the engine's signs of life."""

import re
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_SIGN_OF_LIFE = re.compile(r"@ \w+\.*\s*")
_KEY = re.compile(r"\b[0-9a-f]{128,}\b")
"""A step's output is shown as it runs; that of the step `key` is what secrets are sealed for, in 512 digits."""


def readable(lines: Iterable[str]) -> Iterator[str]:
    """The lines without what nobody reads."""
    for line in lines:
        if not _SIGN_OF_LIFE.fullmatch(_COLOUR.sub("", line)):
            yield _KEY.sub("(the manager's public key)", line)


def run_engine(command: Sequence[str], folder: Path, environment: Mapping[str, str], colour: str) -> int:
    """Run the engine, show what it says, and return its exit code; `colour` is `always` or `never`."""
    process = subprocess.Popen(
        [*command, "--color", colour],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    try:
        for line in readable(process.stdout):
            print(line, end="", flush=True)
    except KeyboardInterrupt:  # the engine was interrupted too, and ends what it has begun
        print("interrupted; the engine ends what it has begun ...", file=sys.stderr)
        for line in readable(process.stdout):
            print(line, end="", flush=True)
        process.wait()
        raise
    return process.wait()
