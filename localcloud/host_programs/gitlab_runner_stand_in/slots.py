"""The instances of one entry, and the slots for jobs on them."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from . import taskscaler_assumptions as assumed
from .provisioner import Instance


@dataclass
class Worker:
    """An instance that can be used, or soon."""

    instance: Instance
    info: dict[str, Any] = field(default_factory=dict)
    ready: bool = False
    ready_at: float = 0.0
    idle_since: float = field(default_factory=time.monotonic)
    uses: int = 0
    acquisitions: set[str] = field(default_factory=set)
    failures: int = 0
    """Heartbeats that failed one after the other."""

    @property
    def identity(self) -> str:
        return self.instance.identity


class Slots:
    """All instances that are running, with their slots; whoever uses it holds a lock."""

    def __init__(self, capacity: int, most_uses: int) -> None:
        """`capacity` is that of an instance; `most_uses` 0 is no limit."""
        self.capacity, self._most_uses = capacity, most_uses
        self.workers: dict[str, Worker] = {}

    @property
    def free(self) -> int:
        """Slots that a job can have now."""
        return sum(self._free_of(worker) for worker in self.workers.values())

    @property
    def acquired(self) -> int:
        """Slots that jobs have."""
        return sum(len(worker.acquisitions) for worker in self.workers.values())

    @property
    def unavailable(self) -> int:
        """Slots of instances that have had as many jobs as they may."""
        used_up = (worker for worker in self.workers.values() if self._is_used_up(worker))
        return sum(self.capacity - len(worker.acquisitions) for worker in used_up)

    @property
    def unready(self) -> int:
        """Slots of instances that are not ready yet."""
        return sum(not worker.ready for worker in self.workers.values()) * self.capacity

    def next(self) -> Worker | None:
        """The instance that the next job gets."""
        free = [worker for worker in self.workers.values() if self._free_of(worker) > 0]
        order = assumed.slot_order
        return min(free, key=lambda worker: order(len(worker.acquisitions), worker.ready_at), default=None)

    def used_up(self) -> list[Worker]:
        """Instances that may have no more jobs, and have none."""
        return [each for each in self.workers.values() if self._is_used_up(each) and not each.acquisitions]

    def idle_for(self, seconds: float) -> list[Worker]:
        """Instances that have had no job for longer than that, in the order in which they go."""
        now = time.monotonic()
        idle = [
            each
            for each in self.workers.values()
            if each.ready and not each.acquisitions and now - each.idle_since > seconds
        ]
        return sorted(idle, key=lambda each: assumed.removal_order(each.idle_since))

    def holding(self, key: str) -> Iterator[Worker]:
        """The instance on which the job of this key is."""
        return (worker for worker in list(self.workers.values()) if key in worker.acquisitions)

    def _is_used_up(self, worker: Worker) -> bool:
        return 0 < self._most_uses <= worker.uses

    def _free_of(self, worker: Worker) -> int:
        if not worker.ready or self._is_used_up(worker):
            return 0
        free = self.capacity - len(worker.acquisitions)
        return min(free, self._most_uses - worker.uses) if self._most_uses else free
