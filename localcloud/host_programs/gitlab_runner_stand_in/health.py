"""Entries that GitLab refused too often in a row are not offered for a while (commands/health_helper.go)."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from . import go_durations
from .log import say, short_token

_UNHEALTHY_REQUESTS = 3
_UNHEALTHY_SECONDS = 3600.0

Entry = Mapping[str, Any]


@dataclass
class _State:
    failures: int = 0
    checked: float = field(default_factory=time.monotonic)


class Health:
    """How GitLab answered each entry's requests lately."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._states: dict[str, _State] = {}

    def may_ask(self, entry: Entry) -> bool:
        """Whether the entry may be offered now; an unhealthy one is tried again after a while."""
        with self._lock:
            state, limit, pause = self._of(entry), _limit(entry), _pause(entry)
            if state.failures < limit:
                return True
            if time.monotonic() - state.checked <= pause:
                return False
            facts = {"unhealthy_requests": state.failures, "unhealthy_requests_limit": limit}
            say(
                f'Runner "{_identity(entry)}" is not healthy, but check for a new job will be forced!',
                "WARNING",
                unhealthy_interval=go_durations.text(pause),
                **facts,
            )
            self._states[_identity(entry)] = _State()
            return True

    def note(self, entry: Entry, *, healthy: bool) -> None:
        """Remember how GitLab answered."""
        with self._lock:
            if healthy:
                self._states[_identity(entry)] = _State()
                return
            state, limit = self._of(entry), _limit(entry)
            state.failures += 1
            if state.failures >= limit:
                pause = go_durations.text(_pause(entry))
                say(
                    f'Runner "{_identity(entry)}" is unhealthy and will be disabled for {pause} seconds!',
                    "ERROR",
                    unhealthy_requests=state.failures,
                    unhealthy_requests_limit=limit,
                )

    def forget(self) -> None:
        """Every entry is healthy again: that is so after each load of the config."""
        with self._lock:
            self._states.clear()

    def _of(self, entry: Entry) -> _State:
        return self._states.setdefault(_identity(entry), _State())


def _identity(entry: Entry) -> str:
    return f"{entry['url']}{short_token(entry['token'])}"


def _limit(entry: Entry) -> int:
    limit = int(entry.get("unhealthy_requests_limit", 0))
    return limit if limit >= 1 else _UNHEALTHY_REQUESTS


def _pause(entry: Entry) -> float:
    return go_durations.seconds(entry.get("unhealthy_interval"), _UNHEALTHY_SECONDS)
