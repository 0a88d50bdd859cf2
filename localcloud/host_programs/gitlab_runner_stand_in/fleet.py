"""The machines of all docker+machine entries: kept idle, lent to jobs, taken back.

`machineProvider` in executors/docker/machine/provider.go: Acquire, Use and Release.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from .coordinator import FREE, MADE, Coordinator, Creation
from .docker_machine import DockerMachine, MachineError
from .idle_policy import Counts, Policy, policy
from .log import say
from .machines import Machine, Machines
from .removal import Removal

_USE_TRIES = 3
_PROVISION_PAUSE_SECONDS = 1.0

Entry = Mapping[str, Any]


class AcquireError(Exception):
    """The entry can have no machine at all; no job is asked for."""


class NoFreeMachineError(AcquireError):
    """No job is asked for now, as no machine could take it. That is usual: the log does not say so."""


class Fleet:
    """All machines; an entry's are those whose names fit its template."""

    def __init__(self, docker_machine: DockerMachine | None = None) -> None:
        self._docker_machine = docker_machine or DockerMachine()
        self._machines = Machines(self._docker_machine)
        self._removal = Removal(self._machines, self._docker_machine)
        self._acquiring = threading.Lock()
        self._coordinators: dict[str, Coordinator] = {}

    def actions(self) -> Counter[str]:
        """What was done, as the metrics name it."""
        return self._machines.actions()

    def states(self) -> Counter[str]:
        """How many machines are in each state."""
        return self._machines.states()

    def drain(self, settings: Mapping[str, Any], seconds: float) -> None:
        """Remove every machine that this process knows, as `[machine.shutdown_drain]` says."""
        self._removal.drain(settings, seconds)

    def acquire(self, entry: Entry) -> Machine | None:
        """Bring the entry's machines to the wanted number, and keep a free one for a job.

        None means that the job's machine will be looked for, or made, when the job has come. Raises `AcquireError`.
        """
        if not entry.get("machine", {}).get("MachineName"):
            raise AcquireError("failed to update executor: missing Machine options")
        with self._acquiring:
            names = self._machines.names_of(entry)
            rules = policy(entry, datetime.now(timezone.utc))
            counts, kept = self._remove_surplus(names, rules)
            while rules.should_create_idle(counts):
                self._start_creation(entry)
                counts.add("creating")
            free = self._take_free(kept, anew=False)
            if free or (rules.idle_count == 0 and rules.may_create(counts)):
                return free
            # Where a machine counted as idle a moment ago, a job is asked for even if it can't be used after all.
            if counts["idle"] == 0:
                raise NoFreeMachineError("no free machines that can process builds")
            return None

    def use(self, entry: Entry, acquired: Machine | None) -> tuple[Machine, bool]:
        """The machine that a job runs on, and whether it is another one than `acquired`. Raises `MachineError`."""
        usable = acquired and acquired.state == "acquired"
        if acquired and usable and self._docker_machine.can_connect(acquired.name, anew=True):
            machine, other = acquired, False
        else:
            machine, other = self._find_patiently(entry), True
        try:
            self._docker_machine.credentials(machine.name)
        except MachineError:
            if other:
                self.release(entry, machine)
            raise
        with self._machines.lock:
            machine.state, machine.used_at = "used", time.monotonic()
            machine.used_count += 1
        self._machines.count("used")
        return machine, other

    def release(self, entry: Entry, machine: Machine | None) -> None:
        """The machine is free again, or removed if it has been used as often as allowed."""
        if machine is None:
            return
        with self._machines.lock:
            if machine.state == "used":
                machine.used_at = time.monotonic()
        worn_out = 0 < entry.get("machine", {}).get("MaxBuilds", 0) <= machine.used_count
        if worn_out and self._removal.start(machine, "Too many builds"):
            return
        with self._machines.lock:
            machine.state = "idle"
        self._coordinator(entry).add_available()

    def _coordinator(self, entry: Entry) -> Coordinator:
        with self._machines.lock:
            return self._coordinators.setdefault(entry["token"], Coordinator())

    def _remove_surplus(self, names: Sequence[str], rules: Policy) -> tuple[Counts, list[str]]:
        counts, kept = Counts(), []
        for name in names:
            machine = self._machines.get(name)
            idle_for = time.monotonic() - machine.used_at
            reason = rules.removal_reason(counts, machine.used_count, idle_for) if machine.state == "idle" else ""
            if reason:
                self._removal.start(machine, reason)
            else:
                kept.append(name)
            counts.add(machine.counted_as)
        return counts, kept

    def _take_free(self, names: Sequence[str], *, anew: bool) -> Machine | None:
        """The newest idle machine that answers; one that does not is removed."""
        for name in reversed(names):
            machine = self._machines.get(name)
            if not self._machines.acquire(machine):
                continue
            if self._docker_machine.can_connect(name, anew=anew):
                return machine
            self._removal.start(machine, "machine is unavailable")
        return None

    def _find_patiently(self, entry: Entry) -> Machine:
        error = MachineError()
        for _ in range(_USE_TRIES):
            try:
                return self._take_existing(entry) or self._create_or_take(entry)
            except MachineError as failed:
                error = failed
                time.sleep(_PROVISION_PAUSE_SECONDS)
        raise error

    def _take_existing(self, entry: Entry) -> Machine | None:
        return self._take_free(self._machines.names_of(entry), anew=True)

    def _create_or_take(self, entry: Entry) -> Machine:
        """Make a machine and take it, or any that becomes free before; another job may have taken the one made."""
        coordinator = self._coordinator(entry)
        machine, creation = self._start_creation(entry)
        found: Machine | None = None
        while found is None:
            news = coordinator.wait(creation)
            if isinstance(news, MachineError):
                raise news
            if news == MADE and self._machines.acquire(machine):
                found = machine
            elif news == FREE and coordinator.take_available():
                found = self._take_existing(entry)
        return found

    def _start_creation(self, entry: Entry) -> tuple[Machine, Creation]:
        machine, creation = self._machines.new(entry), Creation()
        threading.Thread(target=self._create, args=(entry, machine, creation), daemon=True).start()
        return machine, creation

    def _create(self, entry: Entry, machine: Machine, creation: Creation) -> None:
        coordinator, under_way = self._coordinator(entry), machine.in_flight
        with coordinator.growth(entry.get("machine", {}).get("MaxGrowthRate", 0)):
            started = time.monotonic()
            try:
                self._docker_machine.create(entry, machine.name)
            except MachineError as error:
                took = f"{time.monotonic() - started:.1f}s"
                say("Machine creation failed", "ERROR", error=error, name=machine.name, time=took)
                self._machines.count("creation-failed")
                self._removal.start(machine, "Failed to create")
                creation.events.put(error)
            else:
                with self._machines.lock:
                    machine.state, machine.used_at = "idle", time.monotonic()
                say("Machine created", duration=f"{time.monotonic() - started:.1f}s", name=machine.name)
                self._machines.count("created")
                coordinator.add_available()
                creation.events.put(MADE)
            finally:
                if under_way:
                    under_way.set()
