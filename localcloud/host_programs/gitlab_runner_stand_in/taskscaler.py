"""Slots on instances for the jobs of one entry: reserved, acquired, released; and how many instances that takes.

Reserve, Acquire and Release as gitlab-runner calls them are read in executors/internal/autoscaler of 19.3.0. How
taskscaler decides is put together from its documentation and from logs of others; what neither shows is in
`taskscaler_assumptions.py`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from . import minute_periods
from . import taskscaler_assumptions as assumed
from .connector import ConnectError
from .log import say
from .periods import PeriodError
from .plugin_process import PluginFailedError
from .provisioner import PREEXISTED, RUNNING, Instance, Provisioner
from .scaling import Demand, Policy, ScheduleError, policy
from .slots import Slots, Worker
from .state_storage import StateStorage
from .throttle import Throttle

_FAILURES = 3

Ready = Callable[[dict[str, Any]], None]
"""Makes an instance ready by what is known of how to reach it. Raises `ConnectError`."""


class NoCapacityError(Exception):
    """No job may be asked for now."""


class AcquireTimeoutError(Exception):
    """No slot became free in time."""


class Taskscaler:
    """The slots of one entry."""

    def __init__(
        self, provisioner: Provisioner, autoscaler: Mapping[str, Any], store: StateStorage, ready: Ready, runner: str
    ) -> None:
        self._provisioner, self._store, self._ready, self._runner = provisioner, store, ready, runner
        self._capacity = max(1, int(autoscaler.get("capacity_per_instance") or 0))
        self._slots = Slots(self._capacity, int(autoscaler.get("max_use_count") or 0))
        kept = (autoscaler.get("state_storage") or {}).get("keep_instance_with_acquisitions")
        self._keeps_acquired = bool(kept)
        throttle = autoscaler.get("scale_throttle") or {}
        self._failure_threshold = int(autoscaler.get("failure_threshold") or _FAILURES)
        self.heartbeat: Ready | None = None
        """Asks an instance before it gets a job."""
        self._throttle = Throttle(throttle.get("limit", 0), throttle.get("burst", 0), provisioner.most)
        self._changed = threading.Condition()
        self._policies: Sequence[Mapping[str, Any]] = ()
        self._reserved: set[str] = set()
        self._waiting: set[str] = set()
        self.operations: dict[str, int] = {}
        self._stopped = threading.Event()

    def start(self) -> None:
        """Begin to decide."""
        threading.Thread(target=self._loop, daemon=True).start()

    def configure(self, policies: Sequence[Mapping[str, Any]]) -> None:
        """Have other policies from now on. Raises `ScheduleError`."""
        try:
            for each in policies:
                minute_periods.check(each.get("periods") or (), each.get("timezone", ""))
        except PeriodError as error:
            raise ScheduleError(str(error)) from None
        with self._changed:
            self._policies = policies

    def reserve(self, key: str) -> None:
        """Make sure of a slot before a job is asked for. Raises `NoCapacityError`."""
        with self._changed:
            now, free = self._policy(), self._slots.free
            if now.preemptive and free <= len(self._reserved):
                raise NoCapacityError(self._shortage(free))
            if (
                self._slots.acquired + len(self._reserved) + len(self._waiting)
                >= self._provisioner.most * self._capacity
            ):
                raise NoCapacityError(self._shortage(free))
            self._reserved.add(key)
            self._count("reserve")

    def unreserve(self, key: str) -> None:
        """No job came."""
        with self._changed:
            self._reserved.discard(key)
            self._waiting.discard(key)
            self._count("unreserve")

    def acquire(self, key: str, seconds: float) -> Worker:
        """Wait for a slot, which the job has then. Raises `AcquireTimeoutError`."""
        deadline = time.monotonic() + seconds
        while True:
            worker = self._take(key, deadline)
            if self._is_alive(worker):
                return worker
            with self._changed:
                worker.acquisitions.discard(key)
                worker.uses -= 1
                self._waiting.add(key)

    def _take(self, key: str, deadline: float) -> Worker:
        with self._changed:
            self._reserved.discard(key)
            self._waiting.add(key)
            while True:
                worker = self._slots.next()
                if worker is not None:
                    break
                left = deadline - time.monotonic()
                if left <= 0 or self._stopped.is_set():
                    raise AcquireTimeoutError("context deadline exceeded")
                self._changed.wait(min(left, assumed.TICK_SECONDS))
            self._waiting.discard(key)
            worker.acquisitions.add(key)
            worker.uses += 1
            self._count("acquire")
            self._save(worker)
            return worker

    def _is_alive(self, worker: Worker) -> bool:
        """Whether an instance answers, where the entry has that looked after."""
        if self.heartbeat is None:
            return True
        try:
            self.heartbeat(self.connect_info(worker))
        except (ConnectError, PluginFailedError) as error:
            self._say("heartbeat failed", "WARNING", instance=worker.identity, err=error)
            with self._changed:
                worker.failures += 1
                if worker.failures >= self._failure_threshold:
                    self._remove(worker)
            return False
        worker.failures = 0
        return True

    def release(self, key: str) -> None:
        """The job is over."""
        with self._changed:
            self._waiting.discard(key)
            for worker in self._slots.holding(key):
                worker.acquisitions.remove(key)
                worker.idle_since = time.monotonic()
                self._count("release")
                self._save(worker)
            self._changed.notify_all()

    def connect_info(self, worker: Worker) -> dict[str, Any]:
        """How to reach an instance now; a key that was handed over and is stale is handed over again.

        Raises `PluginFailedError`.
        """
        if not worker.info or worker.info.get("expires", float("inf")) <= time.time():
            worker.info = self._provisioner.connect_info(worker.identity)
        return worker.info

    def shut_down(self, deadline: float, *, delete: bool) -> None:
        """Stop deciding, and with `delete` have all instances removed."""
        self._stopped.set()
        with self._changed:
            self._changed.notify_all()
            if delete:
                for identity in list(self._provisioner.instances):
                    self._provisioner.delete(identity)
                    self._store.forget(identity)
        self._provisioner.shut_down(deadline)

    def notice(self, instance: Instance) -> None:
        """An instance is new, or has changed."""
        with self._changed:
            known = self._slots.workers.get(instance.identity)
            if instance.state == RUNNING and known is None and not instance.removing:
                worker = self._slots.workers[instance.identity] = Worker(instance)
                threading.Thread(target=self._prepare, args=(worker,), daemon=True).start()
            elif instance.state not in (RUNNING, "creating") and known is not None:
                del self._slots.workers[instance.identity]
                self._store.forget(instance.identity)
            self._changed.notify_all()

    def _prepare(self, worker: Worker) -> None:
        try:
            self._restore(worker)
            if not worker.info:
                worker.info = self._provisioner.connect_info(worker.identity)
            self._ready(worker.info)
        except (ConnectError, PluginFailedError) as error:
            self._say("instance failed to become ready", "ERROR", instance=worker.identity, err=error)
            self._throttle.back_off()
            self._remove(worker)
            return
        self._throttle.recover()
        with self._changed:
            worker.ready, worker.ready_at = True, time.monotonic()
            self._save(worker)
            self._changed.notify_all()
        self._say("instance is ready", instance=worker.identity, took=f"{time.monotonic() - worker.idle_since:.3f}s")

    def _restore(self, worker: Worker) -> None:
        """Take up what is known of an instance from before. Raises `ConnectError` where it can't be trusted."""
        if worker.instance.cause != PREEXISTED:
            return
        kept = self._store.load(worker.identity)
        if kept is None:
            raise ConnectError("no data on pre-existing instance so removing for safety")
        if kept["acquisitions"] and not self._keeps_acquired:
            raise ConnectError("pre-existing instance has acquisition so removing for safety")
        worker.info, worker.uses = kept["info"], kept["uses"]
        if worker.info.get("expires", float("inf")) <= time.time():
            worker.info = {}

    def _loop(self) -> None:
        while not self._stopped.wait(assumed.TICK_SECONDS):
            with self._changed:
                self._decide()

    def _decide(self) -> None:
        for worker in self._slots.used_up():
            self._remove(worker)
        now = self._policy()
        required = self._demand().required(now)
        if required > 0:
            allowed = self._throttle.take(required)
            if allowed:
                self._count("scale_up")
                self._say("required scaling change", required=required, capacity=self._capacity)
                self._provisioner.request(allowed)
        elif required < 0:
            self._shrink(-required, now)

    def _shrink(self, most: int, now: Policy) -> None:
        for worker in self._slots.idle_for(now.idle_seconds)[:most]:
            self._count("scale_down")
            self._say("removing instance", instance=worker.identity)
            self._remove(worker)

    def _remove(self, worker: Worker) -> None:
        with self._changed:
            self._slots.workers.pop(worker.identity, None)
            self._store.forget(worker.identity)
            self._provisioner.delete(worker.identity)

    def _demand(self) -> Demand:
        living = [each for each in list(self._provisioner.instances.values()) if not each.removing]
        return Demand(
            instances=len(living) + self._provisioner.requested,
            most=self._provisioner.most,
            capacity=self._capacity,
            acquired=self._slots.acquired,
            unavailable=self._slots.unavailable,
            waiting=len(self._waiting),
            reserved=len(self._reserved),
        )

    def _policy(self) -> Policy:
        return policy(self._policies, datetime.now(timezone.utc))

    def _shortage(self, free: int) -> str:
        slots = self._slots
        facts = f"idle:{free},acquired:{slots.acquired},unavailable:{slots.unavailable}"
        return f"no immediately available capacity ({facts},unhealthy:0,unready:{slots.unready})"

    def counts(self) -> dict[str, int]:
        """Slots by state, and instances by theirs, for the metrics."""
        with self._changed:
            found = {"acquired": self._slots.acquired, "idle": self._slots.free, "reserved": len(self._reserved)}
            found["pending"] = len(self._waiting)
            for instance in list(self._provisioner.instances.values()):
                found[f"instances {instance.state}"] = found.get(f"instances {instance.state}", 0) + 1
            found["instances requested"] = self._provisioner.requested
            return found

    def _count(self, operation: str) -> None:
        self.operations[operation] = self.operations.get(operation, 0) + 1

    def _save(self, worker: Worker) -> None:
        self._store.save(worker.identity, info=worker.info, uses=worker.uses, acquisitions=sorted(worker.acquisitions))

    def _say(self, message: str, level: str = "", **fields: object) -> None:
        say(message, level, runner=self._runner, subsystem="taskscaler", **fields)
