"""The instances of one group: asked for, met, given up and ended. fleeting's provisioner.go, method by method.

Followed is fleeting of 2024-09-11; that of gitlab-runner 19.3.0 has the same loop.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import go_durations
from .log import say
from .plugin_process import PluginFailedError, PluginProcess

CREATING, RUNNING, DELETING, DELETED, TIMEOUT = "creating", "running", "deleting", "deleted", "timeout"
PREEXISTED, REQUESTED, UNEXPECTED = "preexisted", "requested", "unexpected"

_MOST_MISSED_UPDATES = 5
_RECONCILE_TRIES = 5
_UPDATE_SECONDS, _EXPECTING_SECONDS, _RETRY_SECONDS, _SHUTDOWN_SECONDS = 60.0, 2.0, 60.0, 10.0
_SHUTDOWN_RETRIES = 3
_SLEEP_SECONDS = 1.0


@dataclass
class Instance:
    """One instance of the group."""

    identity: str
    state: str
    cause: str = REQUESTED
    missed_updates: int = 0
    removing: bool = False
    updated_at: float = field(default_factory=time.monotonic)
    provisioned_at: float = field(default_factory=time.monotonic)
    deleted_at: float | None = None


@dataclass(frozen=True)
class Intervals:
    """Seconds, as the entry has them or by default."""

    update: float
    expecting: float
    deletion_retry: float
    shutdown_deletion: float
    shutdown_retries: int

    @classmethod
    def of(cls, autoscaler: Mapping[str, Any]) -> Intervals:
        """Read them from [runners.autoscaler]; what is 0 is the default."""

        def seconds(key: str, default: float) -> float:
            return go_durations.seconds(autoscaler.get(key), default) or default

        return cls(
            seconds("update_interval", _UPDATE_SECONDS),
            seconds("update_interval_when_expecting", _EXPECTING_SECONDS),
            seconds("deletion_retry_interval", _RETRY_SECONDS),
            seconds("shutdown_deletion_interval", _SHUTDOWN_SECONDS),
            int(autoscaler.get("shutdown_deletion_retries") or _SHUTDOWN_RETRIES),
        )


class Provisioner:
    """One group."""

    def __init__(self, plugin: PluginProcess, intervals: Intervals, most: int, runner: str) -> None:
        self._plugin, self._intervals, self.most, self._runner = plugin, intervals, most, runner
        self._notify: Callable[[Instance], None] = lambda _: None
        self._lock = threading.RLock()
        self._requests = self._pending = 0
        self._updated: list[Instance] = []
        self.instances: dict[str, Instance] = {}
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def start(
        self, config: Mapping[str, Any], connector: Mapping[str, Any], notify: Callable[[Instance], None]
    ) -> None:
        """Find the group and what it has, and begin; `notify` hears of each instance that is new or has changed.

        Raises `PluginFailedError`.
        """
        self._notify = notify
        try:
            info = self._plugin.call("init", config=config, connector=connector)
        except PluginFailedError as error:
            raise PluginFailedError(f"instance group init: {error}") from None
        self._say("plugin initialized", version=info["version"])
        if self.most > info["max"]:
            text = "max size option exceeds instance group's max size"
            raise PluginFailedError(f"{text}: {self.most} > {info['max']}")
        self.most = self.most or info["max"]
        for tried in range(_RECONCILE_TRIES):
            try:
                self._reconcile(first=True)
                break
            except PluginFailedError as error:
                if tried == _RECONCILE_TRIES - 1:
                    raise PluginFailedError(f"reconciling with instance group: {error}") from None
                time.sleep(self._intervals.expecting)
        self._thread = threading.Thread(target=self._loop, daemon=True)
        self._thread.start()

    def request(self, count: int) -> None:
        """Have so many instances more, as far as there may be."""
        with self._lock:
            if not self._closed.is_set():
                self._requests += count

    def delete(self, identity: str) -> None:
        """Have an instance removed."""
        with self._lock:
            if identity in self.instances:
                self.instances[identity].removing = True

    def connect_info(self, identity: str) -> dict[str, Any]:
        """How to reach an instance. Raises `PluginFailedError`."""
        info: dict[str, Any] = self._plugin.call("connect_info", instance=identity)
        return info

    @property
    def requested(self) -> int:
        """Instances that are asked for and not met yet."""
        with self._lock:
            return self._requests + self._pending

    def shut_down(self, deadline: float) -> None:
        """Stop, and end what is marked for removal, until `deadline` of the monotonic clock."""
        self._say("received shutdown signal; stopping provisioner")
        self._closed.set()
        if self._thread is not None:
            self._thread.join(max(0.0, deadline - time.monotonic()))
        for _ in range(self._intervals.shutdown_retries):
            if self._removal() == 0 or time.monotonic() >= deadline:
                break
            time.sleep(max(0.0, min(self._intervals.shutdown_deletion, deadline - time.monotonic())))
            try:
                self._reconcile(first=False)
            except PluginFailedError as error:
                self._say("reconcile", "ERROR", err=error)
        self._say("provisioner shutdown completed")

    def _loop(self) -> None:
        while not self._closed.is_set():
            started = time.monotonic()
            self._removal()
            try:
                self._reconcile(first=False)
                self._provision()
            except PluginFailedError as error:
                self._say("reconcile", "ERROR", err=error)
            # The best interval may change while this sleeps.
            while time.monotonic() - started < self._interval() and not self._closed.is_set():
                self._closed.wait(min(_SLEEP_SECONDS, self._intervals.expecting))

    def _interval(self) -> float:
        with self._lock:
            busy = any(each.removing or each.state != RUNNING for each in self.instances.values())
            expecting = self._requests > 0 or self._pending > 0 or busy
            return self._intervals.expecting if expecting else self._intervals.update

    def _removal(self) -> int:
        now = time.monotonic()
        with self._lock:
            due = [
                each.identity
                for each in self.instances.values()
                if each.state not in (DELETING, DELETED, TIMEOUT)
                and each.removing
                and (each.deleted_at is None or now - each.deleted_at > self._intervals.deletion_retry)
            ]
        if due:
            self._say("decreasing instances", amount=len(due))
            try:
                answer = self._plugin.call("decrease", instances=due)
            except PluginFailedError as error:
                answer = {"succeeded": [], "error": str(error)}
            if answer["error"]:
                self._say("decreasing instances", "ERROR", err=answer["error"])
            with self._lock:
                for identity in answer["succeeded"]:
                    self.instances[identity].deleted_at = time.monotonic()
        return len(due)

    def _reconcile(self, *, first: bool) -> None:
        started = time.monotonic()
        found = self._plugin.call("update")
        with self._lock:
            for identity, state in found:
                self._meet(identity, state, first=first)
            self._prune(started)
            updated, self._updated = self._updated, []
        for instance in updated:
            self._notify(instance)

    def _meet(self, identity: str, state: str, *, first: bool) -> None:
        instance = self.instances.get(identity)
        if instance is None:
            cause = PREEXISTED if first else REQUESTED if self._pending else UNEXPECTED
            instance = self.instances[identity] = Instance(identity, state, cause)
            self._updated.append(instance)
            self._say("instance discovery", id=identity, state=state, cause=cause)
            self._pending = max(0, self._pending - 1)
            return
        if state != instance.state:
            self._say("instance update", id=identity, state=state)
            self._updated.append(instance)
        instance.state, instance.updated_at, instance.missed_updates = state, time.monotonic(), 0

    def _prune(self, started: float) -> None:
        for identity, instance in list(self.instances.items()):
            if instance.updated_at >= started:
                continue
            if instance.state == DELETING or instance.removing:
                self._forget(instance, DELETED)
                self._say("instance pruned", id=identity)
                continue
            instance.missed_updates += 1
            if instance.missed_updates > _MOST_MISSED_UPDATES:
                self._forget(instance, TIMEOUT)
                self._say("instance pruned", "WARNING", id=identity, missed_updates=instance.missed_updates)

    def _forget(self, instance: Instance, state: str) -> None:
        instance.state = state
        del self.instances[instance.identity]
        self._updated.append(instance)

    def _provision(self) -> None:
        with self._lock:
            demand = min(self._requests, self.most - self._pending - len(self.instances))
        if demand <= 0:
            return
        self._say("increasing instances", amount=demand)
        try:
            added = int(self._plugin.call("increase", count=demand))
        except PluginFailedError as error:
            self._say("increasing instances failure", "ERROR", num_requested=demand, num_successful=0, err=error)
            return
        with self._lock:
            self._pending += added
            self._requests -= added
        self._say("increase update", pending=added, total_pending=self._pending, requesting=self._requests)

    def _say(self, message: str, level: str = "", **fields: object) -> None:
        say(message, level, runner=self._runner, subsystem="taskscaler", **fields)
