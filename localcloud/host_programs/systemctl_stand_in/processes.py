"""Stand-in for systemd: the processes of a service. They are those of a session, where systemd has a cgroup."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path


def alive(pid: int) -> bool:
    """Whether the process exists and has not ended."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return not state.startswith(" Z")


def session(leader: int) -> list[int]:
    """All processes of the session that `leader` began; it may have ended."""
    members = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        with suppress(ProcessLookupError):
            if os.getsid(int(name)) == leader:
                members.append(int(name))
    return members


def send(number: int, processes: Iterable[int]) -> None:
    """Send a signal to those of the processes that still exist."""
    for pid in processes:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
