"""Stand-in for systemd's journal: what services and systemd itself said, line by line, each with its time.

Services write to a file of their own, which is followed here. So nothing that happens to the follower can end a
service, as a pipe without a reader would.
"""

from __future__ import annotations

import json
import os
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path("/var/log/journal-stand-in")
_ENTRIES = FOLDER / "journal.jsonl"
_POLL_SECONDS = 0.05
_INFO = "6"
_LEVEL = re.compile(r"<([0-7])>")


class Entry(NamedTuple):
    """One entry and where it begins in the file, which is its place in the order of all."""

    position: int
    fields: dict[str, str]


def append(unit: str, message: str, pid: int, identifier: str = "systemd") -> None:
    """Add one line of a service, or with the identifier systemd a remark of systemd's own about `unit`."""
    level = _LEVEL.match(message)
    fields = {
        "__REALTIME_TIMESTAMP": str(time.time_ns() // 1000),
        "__MONOTONIC_TIMESTAMP": str(time.monotonic_ns() // 1000),
        "PRIORITY": level[1] if level else _INFO,
        "SYSLOG_IDENTIFIER": identifier,
        "_PID": str(pid),
        "_HOSTNAME": os.uname().nodename,
        "_SYSTEMD_UNIT": "init.scope" if identifier == "systemd" else unit,
        **({"UNIT": unit} if identifier == "systemd" else {"_TRANSPORT": "stdout"}),
        "MESSAGE": message[level.end() :] if level else message,
    }
    FOLDER.mkdir(parents=True, exist_ok=True)
    # One write, so that lines of several services do not mix.
    descriptor = os.open(_ENTRIES, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o640)
    try:
        os.write(descriptor, json.dumps(fields).encode() + b"\n")
    finally:
        os.close(descriptor)


def entries() -> Iterator[Entry]:
    """All entries, oldest first."""
    if not _ENTRIES.exists():
        return
    position = 0
    with _ENTRIES.open("rb") as lines:
        for line in lines:
            yield Entry(position, json.loads(line))
            position += len(line)


class Follower:
    """Copies what a service's process adds to its log into the journal, until it is closed."""

    def __init__(self, unit: str, log: Path, pid: int, program: str, start: int) -> None:
        """`start` is the length that the log had before the process was there."""
        self._unit, self._log, self._start = unit, log, start
        self._known: dict[str, Any] = {"pid": pid, "identifier": os.path.basename(program)}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Return when everything that was written has been copied."""
        self._ended.set()
        self._thread.join()

    def _follow(self) -> None:
        rest = b""
        with self._log.open("rb") as log:
            log.seek(self._start)
            last = False
            while not last:
                last = self._ended.wait(_POLL_SECONDS)
                *lines, rest = (rest + log.read()).split(b"\n")
                for line in [*lines, rest] if last and rest else lines:
                    append(self._unit, line.decode(errors="replace"), **self._known)
