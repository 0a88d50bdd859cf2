"""What the machines of one token have in common: how many are being made at once, and how many became free.

`runnerMachinesCoordinator` in executors/docker/machine/coordinator.go. It is the token's, not the entry's: entries
that share a token wait for each other, and may be told of a machine that is not theirs.
"""

from __future__ import annotations

import queue
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Union

from .docker_machine import MachineError

MADE = "made"
FREE = "free"
_LOOK_AGAIN_SECONDS = 1.0

CreationEvent = Union[str, MachineError]


class Creation:
    """What becomes of a machine that is being made, beside events of others for the job that waits for it."""

    def __init__(self) -> None:
        self.events: queue.SimpleQueue[CreationEvent] = queue.SimpleQueue()


class Coordinator:
    """Shared by all entries of one token."""

    def __init__(self) -> None:
        self._growth = threading.Condition()
        self._growing = 0
        self._lock = threading.Lock()
        self._available = 0
        self._waiting: deque[Creation] = deque()

    @contextmanager
    def growth(self, most: int) -> Iterator[None]:
        """Wait until fewer than `most` machines of the token are being made: not at all for 0, for ever below it."""
        with self._growth:
            while most != 0 and self._growing >= most:
                self._growth.wait()
            self._growing += 1
        try:
            yield
        finally:
            with self._growth:
                self._growing -= 1
                # One alone is woken, as in the real program, even if its own entry's limit lets it wait on.
                self._growth.notify()

    def add_available(self) -> None:
        """A machine became free: tell the job that has waited longest."""
        with self._lock:
            self._available += 1
            if self._waiting:
                self._waiting.popleft().events.put(FREE)

    def take_available(self) -> bool:
        """Whether a machine became free that nobody looked for yet. Those that `Acquire` lends stay counted."""
        with self._lock:
            if self._available == 0:
                return False
            self._available -= 1
            return True

    def wait(self, creation: Creation) -> CreationEvent:
        """What comes first: `MADE` or the error of one's own machine, or `FREE`, which is also said each second."""
        with self._lock:
            self._waiting.append(creation)
        try:
            return creation.events.get(timeout=_LOOK_AGAIN_SECONDS)
        except queue.Empty:
            return FREE
        finally:
            with self._lock:
                if creation in self._waiting:
                    self._waiting.remove(creation)
