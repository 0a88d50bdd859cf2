"""How fast instances may be created: [runners.autoscaler.scale_throttle], and a pause after those that were no use."""

from __future__ import annotations

import threading
import time

from . import taskscaler_assumptions as assumed

_DEFAULT_LIMIT = 100


class Throttle:
    """A bucket of tokens, one for an instance."""

    def __init__(self, limit: int, burst: int, most_instances: int) -> None:
        """`limit` is per second: 0 for 100, below 0 for any number."""
        self._rate = float(limit or _DEFAULT_LIMIT)
        self._size = float(burst or most_instances or self._rate)
        self._tokens, self._filled_at = self._size, time.monotonic()
        self._pause, self._not_before = 0.0, 0.0
        self._lock = threading.Lock()

    def take(self, wanted: int) -> int:
        """How many instances may be asked for now, of so many."""
        with self._lock:
            now = time.monotonic()
            if now < self._not_before:
                return 0
            if self._rate < 0:
                return wanted
            self._tokens = min(self._size, self._tokens + (now - self._filled_at) * self._rate)
            self._filled_at = now
            allowed = min(wanted, int(self._tokens))
            self._tokens -= allowed
            return allowed

    def back_off(self) -> None:
        """An instance did not become ready."""
        with self._lock:
            longer = max(assumed.FIRST_BACKOFF_SECONDS, self._pause * 2)
            self._pause = min(longer, assumed.LONGEST_BACKOFF_SECONDS)
            self._not_before = time.monotonic() + self._pause

    def recover(self) -> None:
        """An instance did."""
        with self._lock:
            self._pause = 0.0
