"""The machines of all docker+machine entries: kept idle, lent to jobs, removed."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from . import docker_machine
from .docker_machine import MachineError
from .idle_policy import Counts, policy
from .log import say

_REMOVAL_ATTEMPTS = 30
_REMOVAL_PAUSE_SECONDS = 30.0
_CONNECT_CACHE_SECONDS = 300.0
_DRAIN_CONCURRENCY = 3
_DRAIN_WAIT_SECONDS = 10.0

Entry = Mapping[str, Any]


@dataclass
class _Machine:
    state: str
    used_count: int = 0
    last_used: float = field(default_factory=time.monotonic)
    connected_at: float = float("-inf")


class NoFreeMachineError(Exception):
    """No job is asked for now, as no machine could take it."""


class Fleet:
    """All machines by name; an entry's are those whose names fit its template."""

    def __init__(self) -> None:
        self._machines: dict[str, _Machine] = {}
        self._lock = threading.RLock()
        self._workers: list[threading.Thread] = []
        self.actions: Counter[str] = Counter()
        """What was done, as the metrics name it."""

    def states(self) -> Counter[str]:
        """How many machines are in each state."""
        with self._lock:
            return Counter(machine.state for machine in self._machines.values())

    def acquire(self, entry: Entry) -> str | None:
        """Bring the entry's machines to the wanted number, and return a free one for a job.

        None means that the job's machine will be created when it has come. Raises `NoFreeMachineError`.
        """
        machine = entry.get("machine", {})
        if not machine.get("MachineDriver") or not machine.get("MachineName"):
            raise NoFreeMachineError("missing Machine options")
        with self._lock:
            self._adopt(entry)
            rules = policy(entry, datetime.now(timezone.utc))
            counts = self._remove_surplus(entry)
            while rules.should_create_idle(counts):
                counts.add("creating")
                self._start_creation(entry, "idle")
            free = self._take_free(entry)
            if free is None and (rules.idle_count > 0 or not rules.may_create(counts)):
                raise NoFreeMachineError("no free machines that can process builds")
            return free

    def machine_for_job(self, entry: Entry, acquired: str | None) -> str:
        """The machine that a job runs on, created now where none was free. Raises `MachineError`."""
        with self._lock:
            name = acquired or self._take_free(entry)
            if name:
                self._machines[name].state = "used"
        if name is None:
            name = self._reserve(entry, "creating")
            self._create(entry, name, "used")
        self._machines[name].used_count += 1
        self.actions["used"] += 1
        return name

    def release(self, name: str | None) -> None:
        """The machine is free again; what becomes of it is decided at the next `acquire`."""
        with self._lock:
            machine = self._machines.get(name or "")
            if machine and machine.state in ("acquired", "used"):
                machine.state, machine.last_used = "idle", time.monotonic()

    def drain(self, drain: Mapping[str, Any]) -> None:
        """Remove every machine that this process knows, by force, those included that are just being made."""
        for worker in self._workers:
            worker.join(_DRAIN_WAIT_SECONDS)
        with ThreadPoolExecutor(drain.get("concurrency") or _DRAIN_CONCURRENCY) as pool:
            list(pool.map(self._drain_one, list(self._machines)))

    def _drain_one(self, name: str) -> None:
        try:
            docker_machine.remove(name, force=True)
        except MachineError as error:
            say("Failed to remove machine during shutdown", "ERROR", name=name, error=error)

    def _adopt(self, entry: Entry) -> None:
        for name in docker_machine.existing():
            if docker_machine.is_of(entry, name) and name not in self._machines:
                # Its past is not known, so it counts as used once.
                self._machines[name] = _Machine("idle", used_count=1)

    def _own(self, entry: Entry) -> list[str]:
        return sorted(name for name in self._machines if docker_machine.is_of(entry, name))

    def _remove_surplus(self, entry: Entry) -> Counts:
        rules, counts = policy(entry, datetime.now(timezone.utc)), Counts()
        for name in self._own(entry):
            machine = self._machines[name]
            idle_for = time.monotonic() - machine.last_used
            if machine.state == "idle" and rules.should_remove(counts, machine.used_count, idle_for):
                self._start_removal(entry, name)
            counts.add(machine.state)
        return counts

    def _take_free(self, entry: Entry) -> str | None:
        """The newest idle machine that answers; one that does not is removed."""
        for name in reversed(self._own(entry)):
            machine = self._machines[name]
            if machine.state != "idle":
                continue
            if time.monotonic() - machine.connected_at > _CONNECT_CACHE_SECONDS:
                if not docker_machine.can_connect(name):
                    self._start_removal(entry, name)
                    continue
                machine.connected_at = time.monotonic()
            machine.state = "acquired"
            return name
        return None

    def _reserve(self, entry: Entry, state: str) -> str:
        name = docker_machine.new_name(entry)
        with self._lock:
            self._machines[name] = _Machine(state)
        return name

    def _start_creation(self, entry: Entry, state_after: str) -> None:
        name = self._reserve(entry, "creating")
        self._in_background(self._create_quietly, entry, name, state_after)

    def _create_quietly(self, entry: Entry, name: str, state_after: str) -> None:
        try:
            self._create(entry, name, state_after)
        except MachineError:
            return  # reported already; the next acquire tries again

    def _create(self, entry: Entry, name: str, state_after: str) -> None:
        started = time.monotonic()
        try:
            docker_machine.create(entry, name)
        except MachineError as error:
            say("Machine creation failed", "ERROR", error=error, name=name)
            self.actions["creation-failed"] += 1
            self._start_removal(entry, name)
            raise
        say("Machine created", duration=f"{time.monotonic() - started:.1f}s", name=name)
        self.actions["created"] += 1
        machine = self._machines[name]
        machine.state, machine.last_used = state_after, time.monotonic()

    def _start_removal(self, entry: Entry, name: str) -> None:
        self._machines[name].state = "removing"
        attempts = entry.get("machine", {}).get("MaxRemovalAttempts") or _REMOVAL_ATTEMPTS
        self._in_background(self._remove, name, attempts)

    def _in_background(self, task: Callable[..., None], *arguments: object) -> None:
        self._workers = [worker for worker in self._workers if worker.is_alive()]
        self._workers.append(threading.Thread(target=task, args=arguments, daemon=True))
        self._workers[-1].start()

    def _remove(self, name: str, attempts: int) -> None:
        for attempt in range(1, attempts + 1):
            if not docker_machine.exists(name):
                say("Skipping machine removal, because it doesn't exist", "WARNING", name=name)
                break
            try:
                docker_machine.stop(name)
            except MachineError as error:
                say("Error while stopping machine", "WARNING", name=name, error=error)
            try:
                docker_machine.remove(name)
            except MachineError as error:
                say("Error while removing machine", "WARNING", name=name, error=error, retries=attempt)
                time.sleep(_REMOVAL_PAUSE_SECONDS)
            else:
                say("Machine removed", name=name)
                break
        else:
            self._drain_one(name)
        with self._lock:
            self._machines.pop(name, None)
        self.actions["removed"] += 1
