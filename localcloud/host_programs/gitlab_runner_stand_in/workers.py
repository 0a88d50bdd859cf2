"""The workers, of which there are as many as `concurrent` says, and the feeder that offers them the entries.

`feedRunners`, `processRunners` and `processRunner` in commands/multi.go. A worker that runs a job takes no entry: with
as many jobs as workers nothing is looked at, neither what machines are missing nor which have to go.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from .autoscaler import AUTOSCALED, Autoscaler, Slot
from .counters import Counters
from .execution import Execution
from .fleet import AcquireError, Fleet, NoFreeMachineError
from .handover import Handover
from .health import Health
from .jobs import Job, Jobs
from .log import say, short_token
from .machines import Machine
from .places import DockerMachines, Instances

_DEFAULT_CHECK_SECONDS = 3.0
_STOP_PATIENCE_SECONDS = 0.1

Entry = Mapping[str, Any]
Config = Mapping[str, Any]


class Workers:
    """All workers of the process; `config` answers with what holds now."""

    def __init__(
        self,
        config: Callable[[], Config],
        fleet: Fleet,
        jobs: Jobs,
        health: Health,
        autoscaler: Autoscaler | None = None,
    ) -> None:
        self._config, self._fleet, self._jobs, self._health = config, fleet, jobs, health
        self._autoscaler = autoscaler or Autoscaler(Path())
        self._counters, self._handover = Counters(), Handover()
        self._lock = threading.Lock()
        self._running: list[Job] = []
        self._threads: list[threading.Thread] = []
        self._number = 0
        self._stopping, self._abort = threading.Event(), threading.Event()

    def jobs(self) -> int:
        """How many jobs are being run."""
        with self._lock:
            return len(self._running)

    def feed(self) -> None:
        """Offer the entries, one after the other, until the end.

        The pause does not start before a worker has taken the entry. A change of the file shows from the next round on.
        """
        while not self._stopping.is_set():
            config = self._config()
            entries, seconds = config["runners"], _check_seconds(config)
            if not entries:
                self._stopping.wait(seconds)
            for entry in entries:
                if entry.get("token", "").strip() and self._health.may_ask(entry):
                    self._handover.offer(entry)
                self._stopping.wait(seconds / len(entries))

    def fit(self, wanted: int, begin: Callable[[Callable[[], None]], threading.Thread]) -> bool:
        """Start or stop workers; False where one has to be stopped and all run jobs. To be called again then."""
        while self._number > wanted:
            if not self._handover.stop_one(_STOP_PATIENCE_SECONDS):
                return False
            self._number -= 1
        while self._number < wanted:
            self._threads = [*(thread for thread in self._threads if thread.is_alive()), begin(self._work)]
            self._number += 1
        return True

    def stop(self) -> None:
        """Take no more entries. Jobs go on."""
        self._stopping.set()
        self._handover.close()

    def abort_jobs(self) -> None:
        """End all jobs that are past their preparation."""
        self._abort.set()

    def join(self) -> None:
        """Wait until all workers have ended."""
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        while not self._stopping.is_set():
            entry = self._handover.take()
            if entry is None:
                return
            self._process(entry)

    def _process(self, entry: Entry) -> None:
        if not self._counters.acquire_build(entry):
            return
        try:
            if self._counters.acquire_request(entry):
                self._acquire(entry)
        finally:
            self._counters.release_build(entry)

    def _acquire(self, entry: Entry) -> None:
        machine, slot = None, None
        try:
            if entry.get("executor") == "docker+machine":
                machine = self._fleet.acquire(entry)
            elif entry.get("executor") in AUTOSCALED:
                slot = self._autoscaler.acquire(entry)
        except NoFreeMachineError:
            self._counters.release_request(entry)
            return
        except AcquireError as error:
            self._counters.release_request(entry)
            self._say("Failed to process runner", "WARNING", error=error, runner=short_token(entry["token"]))
            return
        try:
            self._request(entry, machine, slot)
        finally:
            self._fleet.release(entry, machine)
            if slot is not None:
                self._autoscaler.release(slot)

    def _request(self, entry: Entry, machine: Machine | None, slot: Slot | None) -> None:
        job, slowed_down = self._jobs.request(entry)
        self._counters.release_request(entry, has_job=job is not None, slowed_down=slowed_down)
        if job is None:
            return
        with self._lock:
            self._running.append(job)
        self._say("Added job to processing list", job=job["id"], runner=short_token(entry["token"]))
        try:
            if not entry.get("strict_check_interval", False):
                # More may wait: another worker asks at once, if there is one.
                self._handover.offer_if_awaited(entry)
            place = Instances(entry, job, slot) if slot else DockerMachines(entry, job, self._fleet, machine)
            Execution(entry, job, self._jobs, place).run(self._abort)
        finally:
            with self._lock:
                self._running.remove(job)
            self._say("Removed job from processing list", job=job["id"], runner=short_token(entry["token"]))

    def _say(self, message: str, level: str = "", **fields: object) -> None:
        say(message, level, builds=self.jobs(), max_builds=self._config()["concurrent"], **fields)


def _check_seconds(config: Config) -> float:
    configured: float = config.get("check_interval", 0)
    return configured if configured > 0 else _DEFAULT_CHECK_SECONDS
