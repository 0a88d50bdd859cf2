"""Taking turns with other runs of this tool."""

from __future__ import annotations

import fcntl
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

WATCH = Path("/run/gitlab-runner-aws-watch.lock")
"""Held by a pass of the watch."""

_PATIENT_SECONDS = 2
"""Two steps of one deployment wait this long for each other at most; for longer, somebody should know why."""


@contextmanager
def locked(path: Path, wait: bool = True) -> Iterator[bool]:
    """Hold a lock; without `wait`, yield False at once where somebody else holds it.

    The lock goes with its process, so none is ever left behind.
    """
    with path.open("w") as file:
        held = _taken(file, _PATIENT_SECONDS if wait else 0)
        if wait and not held:
            print("waiting for another step on this manager to end", file=sys.stderr, flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield held or wait


def _taken(file: TextIO, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                return False
            time.sleep(0.05)
        else:
            return True
