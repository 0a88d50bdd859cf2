"""How many jobs and requests for jobs each token has: what `limit` and `request_concurrency` are held against.

As in commands/builds_helper.go all entries of one token share both counters, each against its own settings.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_GROWTH_WITH_A_JOB = 1.1
_GROWTH_WITHOUT = 0.95
_GROWTH_WHEN_SLOWED_DOWN = 0.5
_ADAPTIVE_FLAG = "FF_USE_ADAPTIVE_REQUEST_CONCURRENCY"

Entry = Mapping[str, Any]


@dataclass
class _Counter:
    builds: int = 0
    requests: int = 0
    adaptive_limit: float = 0.0


def request_concurrency(entry: Entry) -> int:
    """How many requests for jobs the entry may have open, at most."""
    return max(1, int(entry.get("request_concurrency", 0)))


class Counters:
    """The counters of all tokens, for the life of the process: no reload resets them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_token: dict[str, _Counter] = {}

    def acquire_build(self, entry: Entry) -> bool:
        """Count one more job, unless the entry's `limit` is met."""
        with self._lock:
            counter = self._of(entry)
            if 0 < entry.get("limit", 0) <= counter.builds:
                return False
            counter.builds += 1
            return True

    def release_build(self, entry: Entry) -> None:
        """The job is over, or none came."""
        with self._lock:
            counter = self._of(entry)
            counter.builds = max(0, counter.builds - 1)

    def acquire_request(self, entry: Entry) -> bool:
        """Count one more request, unless as many as allowed are open."""
        with self._lock:
            counter, allowed = self._of(entry), request_concurrency(entry)
            if _adapts(entry):
                allowed = min(max(1, math.ceil(counter.adaptive_limit)), allowed)
            if counter.requests >= allowed:
                return False
            counter.requests += 1
            return True

    def release_request(self, entry: Entry, *, has_job: bool = False, slowed_down: bool = False) -> None:
        """The request is answered, or was not sent: both without a job make the adaptive limit smaller."""
        with self._lock:
            counter = self._of(entry)
            if _adapts(entry):
                with_job = _GROWTH_WITH_A_JOB if has_job else _GROWTH_WITHOUT
                grown = counter.adaptive_limit * (_GROWTH_WHEN_SLOWED_DOWN if slowed_down else with_job)
                counter.adaptive_limit = min(max(1.0, grown), float(request_concurrency(entry)))
            counter.requests = max(0, counter.requests - 1)

    def _of(self, entry: Entry) -> _Counter:
        return self._by_token.setdefault(entry["token"], _Counter())


def _adapts(entry: Entry) -> bool:
    return bool(entry.get("feature_flags", {}).get(_ADAPTIVE_FLAG, True))
