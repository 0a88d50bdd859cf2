"""How entries get from the feeder to the workers: hand to hand, as through an unbuffered channel of Go."""

from __future__ import annotations

import random
import threading
from collections import deque
from collections.abc import Mapping
from typing import Any

Entry = Mapping[str, Any]


class _Seat:
    """One side of a hand-over that waits for the other; a value of None tells a worker to end."""

    def __init__(self, value: Entry | None = None) -> None:
        self.value = value
        self.met = threading.Event()


class Handover:
    """Offers that wait for a worker, and workers that wait for an offer: never both at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._workers: deque[_Seat] = deque()
        self._entries: deque[_Seat] = deque()
        self._stops: deque[_Seat] = deque()
        self._closed = False

    def take(self) -> Entry | None:
        """Wait for an entry; None tells the worker to end."""
        with self._lock:
            if self._closed:
                return None
            ready = [offers for offers in (self._entries, self._stops) if offers]
            if ready:
                # Like Go's select: with both there, either may be taken.
                offer = random.choice(ready).popleft()  # noqa: S311
                offer.met.set()
                return offer.value
            seat = _Seat()
            self._workers.append(seat)
        seat.met.wait()
        return seat.value

    def offer(self, entry: Entry) -> None:
        """Wait until a worker takes the entry."""
        with self._lock:
            if self._closed or self._given(entry):
                return
            offer = _Seat(entry)
            self._entries.append(offer)
        offer.met.wait()

    def offer_if_awaited(self, entry: Entry) -> bool:
        """Give the entry to a worker that waits already; whether there was one."""
        with self._lock:
            return self._given(entry)

    def stop_one(self, seconds: float) -> bool:
        """End one worker that runs no job; False where none was free in time."""
        with self._lock:
            if self._given(None):
                return True
            offer = _Seat()
            self._stops.append(offer)
        if offer.met.wait(seconds):
            return True
        with self._lock:
            if offer in self._stops:
                self._stops.remove(offer)
                return False
        return True

    def close(self) -> None:
        """End every worker as soon as it runs no job; entries that nobody took yet are dropped."""
        with self._lock:
            self._closed = True
            for seat in (*self._workers, *self._entries):
                seat.met.set()
            self._workers.clear()
            self._entries.clear()

    def _given(self, value: Entry | None) -> bool:
        if not self._workers:
            return False
        worker = self._workers.popleft()
        worker.value = value
        worker.met.set()
        return True
