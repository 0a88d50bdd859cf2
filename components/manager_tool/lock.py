"""Taking turns with other runs of this tool."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DEPLOYMENT = Path("/run/gitlab-runner-aws.lock")
"""Held by each step of a deployment."""
WATCH = Path("/run/gitlab-runner-aws-watch.lock")
"""Held by a pass of the watch."""


@contextmanager
def locked(path: Path, wait: bool = True) -> Iterator[bool]:
    """Hold a lock; without `wait`, yield False at once where somebody else holds it.

    The lock goes with its process, so none is ever left behind.
    """
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if wait:
                print("waiting for a step of another deployment, or an earlier one, to end", flush=True)
                fcntl.flock(file, fcntl.LOCK_EX)
            yield wait
        else:
            yield True
