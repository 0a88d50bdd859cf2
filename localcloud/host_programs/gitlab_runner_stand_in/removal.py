"""Removing machines: each in the background, and at the end of the process all that are left."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Mapping
from typing import Any

from . import go_durations
from .docker_machine import DockerMachine, MachineError
from .log import say
from .machines import Machine, Machines

_ATTEMPTS = 30
_PAUSE_SECONDS = 30.0
_DRAIN_CONCURRENCY = 3
_DRAIN_RETRIES = 3
_DRAIN_BACKOFF_SECONDS = 5.0


class Removal:
    """Removes machines with docker-machine, and forgets them."""

    def __init__(self, machines: Machines, docker_machine: DockerMachine) -> None:
        self._machines, self._docker_machine = machines, docker_machine
        self._stuck = threading.Lock()

    def start(self, machine: Machine, reason: str) -> bool:
        """Remove a machine in the background; False where it is gone already."""
        with self._machines.lock:
            if not self._machines.holds(machine):
                return False
            machine.state, machine.removal_failures, machine.used_at = "removing", 0, time.monotonic()
            machine.in_flight = done = threading.Event()
        facts = {"name": machine.name, "reason": reason, "usedCount": machine.used_count}
        say("Requesting machine removal", "WARNING", **facts)
        threading.Thread(target=self._finish, args=(machine, done), daemon=True).start()
        return True

    def drain(self, settings: Mapping[str, Any], seconds: float) -> None:
        """Remove every machine that this process knows, by force, those included that are just being made."""
        deadline = time.monotonic() + seconds
        concurrency = settings.get("concurrency", 0)
        left: queue.SimpleQueue[Machine] = queue.SimpleQueue()
        for machine in self._machines.all():
            left.put(machine)

        def drain_next() -> None:
            with contextlib.suppress(queue.Empty):
                while time.monotonic() < deadline:
                    self._drain_one(left.get_nowait(), settings, deadline)

        # Not a pool of threads: a second signal must not wait for them.
        threads = [
            threading.Thread(target=drain_next, daemon=True)
            for _ in range(concurrency if concurrency > 0 else _DRAIN_CONCURRENCY)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _finish(self, machine: Machine, done: threading.Event) -> None:
        attempts = machine.most_removals if machine.most_removals > 0 else _ATTEMPTS
        failed = True
        while failed and attempts > 0:
            failed, attempts = not self._removed(machine), attempts - 1
        if failed:
            machine.gave_up = True
            say("Giving up on machine removal. The remote VM may be orphaned.", "WARNING", name=machine.name)
            try:
                self._docker_machine.remove(machine.name, force=True)
            except MachineError as error:
                say("ForceRemove on give-up failed", "WARNING", name=machine.name, error=error)
        self._machines.forget(machine)
        if failed:
            say("Machine state cleared after give-up", "WARNING", name=machine.name)
        else:
            say("Machine removed", name=machine.name, retries=machine.removal_failures)
        done.set()

    def _removed(self, machine: Machine) -> bool:
        if not self._docker_machine.exists(machine.name):
            say("Skipping machine removal, because it doesn't exist", "WARNING", name=machine.name)
            return True
        if machine.counted_as == "stuck-on-removing":
            with self._stuck:
                return self._tried(machine)
        return self._tried(machine)

    def _tried(self, machine: Machine) -> bool:
        say("Stopping machine", "WARNING", name=machine.name)
        try:
            self._docker_machine.stop(machine.name)
        except MachineError as error:
            say("Error while stopping machine", "WARNING", name=machine.name, error=error)
        say("Removing machine", "WARNING", name=machine.name)
        try:
            self._docker_machine.remove(machine.name)
        except MachineError as error:
            machine.removal_failures += 1
            say("Error while removing machine", "WARNING", name=machine.name, error=error)
            time.sleep(_PAUSE_SECONDS)
            return False
        return True

    def _drain_one(self, machine: Machine, settings: Mapping[str, Any], deadline: float) -> None:
        if not self._settled(machine, deadline):
            text = "In-flight operation did not settle before shutdown timeout; cloud VM may still exist"
            say(text, "WARNING", machine=machine.name)
            return
        if not self._machines.holds(machine):
            return
        machine.state = "removing"
        retries = settings.get("max_retries", 0)
        attempts = (retries if retries > 0 else _DRAIN_RETRIES) + 1
        backoff = go_durations.seconds(settings.get("retry_backoff"), 0)
        for attempt in range(1, attempts + 1):
            try:
                if self._docker_machine.exists(machine.name):
                    self._docker_machine.remove(machine.name, force=True)
            except MachineError as error:
                say("Failed to drain machine", "WARNING", machine=machine.name, error=error, attempt=attempt)
            else:
                self._machines.forget(machine)
                say("Machine drained successfully", machine=machine.name)
                return
            pause = (backoff if backoff > 0 else _DRAIN_BACKOFF_SECONDS) * attempt
            if attempt < attempts:
                time.sleep(max(0.0, min(pause, deadline - time.monotonic())))
            if time.monotonic() >= deadline:
                break
        say("Failed to drain machine after all retries", "ERROR", machine=machine.name)

    def _settled(self, machine: Machine, deadline: float) -> bool:
        """Wait for what is under way; a creation that fails is followed by a removal."""
        while self._machines.holds(machine) and machine.state in ("creating", "removing"):
            under_way = machine.in_flight
            if under_way is None or under_way.is_set():
                return True
            if not under_way.wait(max(0.0, deadline - time.monotonic())):
                return False
        return True
