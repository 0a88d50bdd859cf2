"""What this process knows of each machine, by its name (executors/docker/machine/details.go)."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .docker_machine import DockerMachine, is_of, new_name

_STUCK_AFTER_FAILURES = 3

Entry = Mapping[str, Any]


@dataclass
class Machine:
    """One machine. What is found without its past counts as used once."""

    name: str
    state: str = "idle"
    used_count: int = 1
    used_at: float = field(default_factory=time.monotonic)
    most_removals: int = 0
    removal_failures: int = 0
    gave_up: bool = False
    in_flight: threading.Event | None = None
    """Set when the creation or removal that is under way has ended."""

    @property
    def counted_as(self) -> str:
        """The state in which it is counted."""
        stuck = self.state == "removing" and self.removal_failures >= _STUCK_AFTER_FAILURES
        return "stuck-on-removing" if stuck else self.state


class Machines:
    """All machines of all entries. `lock` is held for every change of one."""

    def __init__(self, docker_machine: DockerMachine) -> None:
        self.lock = threading.RLock()
        self._actions: Counter[str] = Counter()
        self._docker_machine = docker_machine
        self._known: dict[str, Machine] = {}

    def names_of(self, entry: Entry) -> list[str]:
        """The entry's machines, oldest first: those on the disk, then those that are not yet.

        A machine that is being removed counts only as long as it is still on the disk.
        """
        on_disk = self._docker_machine.existing()
        with self.lock:
            known = [each.name for each in self._known.values() if each.state == "creating"]
        names = [*on_disk, *(name for name in known if name not in on_disk)]
        return [name for name in names if is_of(entry, name)]

    def get(self, name: str) -> Machine:
        """The machine of this name, idle where nothing was known of it."""
        with self.lock:
            return self._known.setdefault(name, Machine(name))

    def new(self, entry: Entry) -> Machine:
        """A machine that is about to be made."""
        most = entry.get("machine", {}).get("MaxRemovalAttempts", 0)
        machine = Machine(new_name(entry), "creating", used_count=0, most_removals=most, in_flight=threading.Event())
        with self.lock:
            self._known[machine.name] = machine
        return machine

    def acquire(self, machine: Machine) -> bool:
        """Keep an idle machine for a job; False where it is not idle."""
        with self.lock:
            if machine.state != "idle":
                return False
            machine.state = "acquired"
            return True

    def holds(self, machine: Machine) -> bool:
        """Whether the machine is still one of these."""
        with self.lock:
            return self._known.get(machine.name) is machine

    def forget(self, machine: Machine) -> None:
        """The machine is gone, or given up."""
        with self.lock:
            self._known.pop(machine.name, None)
            self.count("removed")

    def count(self, action: str) -> None:
        """Something was done."""
        with self.lock:
            self._actions[action] += 1

    def actions(self) -> Counter[str]:
        """How often each thing was done."""
        with self.lock:
            return Counter(self._actions)

    def all(self) -> list[Machine]:
        """Every machine that is known."""
        with self.lock:
            return list(self._known.values())

    def states(self) -> Counter[str]:
        """How many machines are in each state."""
        with self.lock:
            return Counter(machine.counted_as for machine in self._known.values())
