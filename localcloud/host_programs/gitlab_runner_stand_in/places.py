"""Where jobs run: on a machine of docker-machine's, on an instance of a group, or on the host itself.

executors/docker/machine/machine.go, executors/internal/autoscaler/executor.go and acquisition.go.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any, Protocol

from . import go_durations
from .autoscaler import Slot
from .connector import ConnectError, Connection
from .docker_machine import MachineError
from .fleet import Fleet
from .log import say, short_token
from .machines import Machine
from .plugin_process import PluginFailedError
from .taskscaler import AcquireTimeoutError

_ACQUIRE_SECONDS = 900.0
_LOOK_SECONDS = 1.0
_DIAL_STDIO = "docker system dial-stdio"

Entry = Mapping[str, Any]
Job = Mapping[str, Any]


class Place(Protocol):
    """What an executor has for one job."""

    def prepare(self) -> str:
        """Have it ready; the beginning of the job's log. Raises `MachineError`."""

    def wait(self, abort: threading.Event, seconds: float) -> bool:
        """Let the job take its time; whether it was aborted. Raises `MachineError` where the place is gone."""

    def clean_up(self) -> None:
        """Leave it."""


class DockerMachines:
    """Of `docker+machine`: the machine that was acquired, or another; of every other executor: the host itself."""

    def __init__(self, entry: Entry, job: Job, fleet: Fleet, acquired: Machine | None) -> None:
        self._entry, self._job, self._fleet, self._acquired = entry, job, fleet, acquired
        self._other: Machine | None = None
        self._is_used = entry.get("executor") == "docker+machine"

    def prepare(self) -> str:
        """Find or make a machine."""
        if not self._is_used:
            return "Running on this host ...\n"
        machine, other = self._fleet.use(self._entry, self._acquired)
        self._other = machine if other else None
        self._say("Created docker-machine" if other else "Using existing docker-machine")
        self._say("Starting docker-machine build...")
        return f"Running on {machine.name} ...\n"

    def wait(self, abort: threading.Event, seconds: float) -> bool:
        """Wait."""
        return abort.wait(seconds)

    def clean_up(self) -> None:
        """Give a machine back that was not acquired before the job."""
        if self._is_used:
            self._say("Cleaned up docker-machine")
            self._fleet.release(self._entry, self._other)
            self._other = None

    def _say(self, message: str) -> None:
        # Of two machines the real program names the acquired one, even if that could not be used.
        named = self._acquired or self._other
        facts: dict[str, object] = {"name": named.name, "usedCount": named.used_count} if named else {}
        say(message, "", job=self._job["id"], runner=short_token(self._entry["token"]), **facts)


class Instances:
    """Of `docker-autoscaler`: a slot on an instance, reached by SSH, with Docker on it."""

    def __init__(self, entry: Entry, job: Job, slot: Slot) -> None:
        self._entry, self._job, self._slot = entry, job, slot
        self._connection: Connection | None = None

    def prepare(self) -> str:
        """Acquire an instance, once for all tries, and connect to its Docker."""
        autoscaler = self._entry["autoscaler"]
        seconds = go_durations.seconds(autoscaler.get("instance_acquire_timeout"), 0.0) or _ACQUIRE_SECONDS
        slot = self._slot
        try:
            if slot.worker is None:
                slot.worker = slot.scaler.acquire(slot.key, seconds)
        except AcquireTimeoutError as error:
            within = f"the configured timeout of {go_durations.text(seconds)}"
            raise MachineError(f"unable to acquire instance within {within}: {error}") from None
        identity = slot.worker.identity
        try:
            info = slot.scaler.connect_info(slot.worker)
        except PluginFailedError as error:
            raise MachineError(f"getting instance connect info: {error}") from None
        self._say("Dialing instance", **{"instance-id": identity})
        try:
            external = bool((autoscaler.get("connector_config") or {}).get("use_external_addr"))
            self._connection = Connection(info, external=external)
        except ConnectError as error:
            raise MachineError(str(error)) from None
        if self._entry.get("executor") == "docker-autoscaler":
            self._connect_docker()
        return f"Dialing instance {identity}...\nInstance {identity} connected\nRunning on {identity} ...\n"

    def _connect_docker(self) -> None:
        try:
            if self._connection is not None:
                self._connection.run(_DIAL_STDIO)
        except ConnectError as error:
            where = 'Get "http://internal.tunnel.invalid/v1.44/info"'
            raise MachineError(f"error during connect: {where}: ssh tunnel: {error}") from None

    def wait(self, abort: threading.Event, seconds: float) -> bool:
        """Wait, as long as the instance is there."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if abort.wait(min(left, _LOOK_SECONDS)):
                return True
            if self._connection is not None and not self._connection.is_open():
                raise MachineError("error during connect: EOF")
        return False

    def clean_up(self) -> None:
        """Close the connection; the slot stays for another try."""
        self._connection = None

    def _say(self, message: str, **fields: object) -> None:
        say(message, "", job=self._job["id"], runner=short_token(self._entry["token"]), **fields)
