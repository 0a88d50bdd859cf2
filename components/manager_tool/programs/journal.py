"""What gitlab-runner has logged, as systemd's journal keeps it."""

from __future__ import annotations

import json
from collections.abc import Iterator

from .. import host
from ..texts import message_of
from .service import NAME


def messages(since: float) -> Iterator[tuple[float, str]]:
    """Yield what gitlab-runner said and when, in seconds since 1970, the oldest first. Raises `StepError`."""
    _, output = host.run("journalctl", "-u", NAME, "-o", "json", "--all", "--no-pager", f"--since=@{since:.6f}")
    # Not `splitlines`, which also ends a line at characters that a message may hold.
    for line in filter(None, output.split("\n")):
        entry = json.loads(line)
        yield int(entry["__REALTIME_TIMESTAMP"]) / 1e6, message_of(entry)
