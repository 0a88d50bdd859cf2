"""The entries with `executor = "docker-autoscaler"`: executors/internal/autoscaler/provider.go of gitlab-runner 19.3.0.

The real gitlab-runner with this executor has not been run; see `taskscaler_assumptions.py` for what is assumed.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import fleeting_plugins, go_durations
from . import taskscaler_assumptions as assumed
from .connector import ConnectError, Connection
from .fleet import AcquireError, NoFreeMachineError
from .log import say, short_token
from .plugin_process import PluginFailedError, PluginProcess
from .provisioner import Intervals, Provisioner
from .scaling import ScheduleError
from .slots import Worker
from .state_storage import StateStorage
from .taskscaler import NoCapacityError, Taskscaler

AUTOSCALED = ("docker-autoscaler", "instance")
_HEARTBEATS = "FF_USE_FLEETING_ACQUIRE_HEARTBEATS"
_PROTOCOLS = ("", "ssh", "winrm", "winrm+https")
_PORTS = range(65536)
_KEEPALIVE_SECONDS, _TIMEOUT_SECONDS = 30.0, 600.0

Entry = Mapping[str, Any]


@dataclass
class Slot:
    """The key of a reservation, and the instance once there is one."""

    key: str
    scaler: Taskscaler
    worker: Worker | None = None


@dataclass
class _Scaler:
    taskscaler: Taskscaler
    plugin: PluginProcess
    runner: str
    """The short token."""
    deletes: bool
    policies: Sequence[Mapping[str, Any]] | None = None
    refused: str = ""
    """Why its policies can't be read."""
    lock: threading.Lock = field(default_factory=threading.Lock)


class Autoscaler:
    """All such entries of the process; `folder` is that of the config file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._scalers: dict[str, _Scaler] = {}

    def acquire(self, entry: Entry) -> Slot:
        """Reserve a slot before a job is asked for. Raises `AcquireError` and `NoFreeMachineError`."""
        scaler = self._scaler(entry)
        self._configure(scaler, entry)
        key = short_token(entry["token"]) + secrets.token_hex(8)
        try:
            scaler.taskscaler.reserve(key)
        except NoCapacityError as error:
            raise NoFreeMachineError(f"reserving taskscaler capacity: {error}") from None
        return Slot(key, scaler.taskscaler)

    def release(self, slot: Slot) -> None:
        """Give back what `acquire` gave."""
        if slot.worker is None:
            slot.scaler.unreserve(slot.key)
        else:
            slot.scaler.release(slot.key)
            slot.worker = None

    def shut_down(self, seconds: float) -> None:
        """End all plugins, and instances where an entry says so, within `seconds`."""
        deadline = time.monotonic() + seconds
        with self._lock:
            scalers, self._scalers = list(self._scalers.values()), {}

        def end(scaler: _Scaler) -> None:
            scaler.taskscaler.shut_down(deadline, delete=scaler.deletes)
            scaler.plugin.kill()

        threads = [threading.Thread(target=end, args=(each,), daemon=True) for each in scalers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def counts(self) -> dict[str, dict[str, int]]:
        """Slots and instances by state, for the metrics, by the entries' short tokens."""
        with self._lock:
            return {each.runner: each.taskscaler.counts() for each in self._scalers.values()}

    def _scaler(self, entry: Entry) -> _Scaler:
        if "autoscaler" not in entry:
            raise AcquireError("initializing taskscaler: executor requires autoscaler config")
        # Read once: what a reload changes of all this has no effect.
        key = f"{entry['url']}|{entry['id']}" if entry.get("id") else entry["token"]
        with self._lock:
            if key not in self._scalers:
                try:
                    self._scalers[key] = self._started(entry)
                except (ConnectError, PluginFailedError, fleeting_plugins.PluginUnavailableError, OSError) as error:
                    raise AcquireError(f"initializing taskscaler: {error}") from None
            return self._scalers[key]

    def _started(self, entry: Entry) -> _Scaler:
        autoscaler, runner = entry["autoscaler"], short_token(entry["token"])
        store = StateStorage(self._state_folder(entry))
        try:
            program = fleeting_plugins.look_up(autoscaler.get("plugin", ""))
        except fleeting_plugins.PluginUnavailableError as error:
            raise PluginFailedError(f"running autoscaler plugin: loading fleeting plugin: {error}") from None
        try:
            plugin = PluginProcess(program, runner)
        except PluginFailedError as error:
            raise PluginFailedError(f"running autoscaler plugin: {error}") from None
        try:
            connector = _connector(autoscaler.get("connector_config") or {})
            taskscaler = self._taskscaler(entry, plugin, store, connector)
        except (ConnectError, PluginFailedError, OSError):
            plugin.kill()
            raise
        return _Scaler(taskscaler, plugin, runner, bool(autoscaler.get("delete_instances_on_shutdown")))

    def _state_folder(self, entry: Entry) -> Path | None:
        storage = entry["autoscaler"].get("state_storage") or {}
        if not storage.get("enabled"):
            return None
        return Path(storage.get("dir") or self._folder / ".taskscaler") / short_token(entry["token"])

    def _taskscaler(
        self, entry: Entry, plugin: PluginProcess, store: StateStorage, connector: dict[str, Any]
    ) -> Taskscaler:
        autoscaler, runner = entry["autoscaler"], short_token(entry["token"])
        command = autoscaler.get("instance_ready_command", "")
        external = bool((autoscaler.get("connector_config") or {}).get("use_external_addr"))

        def ready(info: dict[str, Any]) -> None:
            if not command:
                return
            try:
                Connection(info, external=external).run(command)
            except ConnectError as error:
                raise ConnectError(f"ready command: {error}") from None

        most, intervals = int(autoscaler.get("max_instances") or 0), Intervals.of(autoscaler)
        provisioner = Provisioner(plugin, intervals, most, runner)
        taskscaler = Taskscaler(provisioner, autoscaler, store, ready, runner)
        if (entry.get("feature_flags") or {}).get(_HEARTBEATS, False):
            taskscaler.heartbeat = lambda info: _ask(info, external=external)
        try:
            provisioner.start(autoscaler.get("plugin_config") or {}, connector, taskscaler.notice)
        except PluginFailedError as error:
            raise PluginFailedError(f"creating taskscaler: {error}") from None
        taskscaler.start()
        return taskscaler

    def _configure(self, scaler: _Scaler, entry: Entry) -> None:
        policies = entry["autoscaler"].get("policy") or []
        with scaler.lock:
            if policies != scaler.policies:
                scaler.policies, scaler.refused = policies, ""
                try:
                    scaler.taskscaler.configure(policies)
                except ScheduleError as error:
                    scaler.refused = f"configuring taskscaler schedules: {error}"
                    raise AcquireError(scaler.refused) from None
            if scaler.refused and assumed.BAD_SCHEDULE_STOPS:
                raise AcquireError(scaler.refused)


def _ask(info: dict[str, Any], *, external: bool) -> None:
    """Whether an instance answers. Raises `ConnectError`."""
    Connection({**info, "timeout": assumed.HEARTBEAT_SECONDS}, external=external).run("exit 0")


def _connector(given: Mapping[str, Any]) -> dict[str, Any]:
    """[runners.autoscaler.connector_config] with defaults, checked as by validateConnectorConfig in options.go."""
    if given.get("protocol", "") not in _PROTOCOLS:
        raise ConnectError("creating taskscaler: invalid protocol: must be either winrm, ssh, or winrm+https")
    if int(given.get("protocol_port", 0)) not in _PORTS:
        text = "protocol port is invalid: must be 0 (default) or in the range 1 through 65535"
        raise ConnectError(f"creating taskscaler: {text}")
    if given.get("use_static_credentials") and not given.get("username"):
        raise ConnectError("creating taskscaler: username is required when using static credentials")
    key = ""
    if given.get("key_path"):
        try:
            key = Path(given["key_path"]).read_text(encoding="utf-8")
        except OSError as error:
            reason = f"open {given['key_path']}: {str(error.strerror).lower()}"
            raise ConnectError(f"reading instance group connector key: {reason}") from None
    if given.get("use_static_credentials") and not (key or given.get("password")):
        say("no password or key is set although credentials are static", "WARNING")
    names = ("os", "arch", "protocol", "protocol_port", "username", "password", "use_static_credentials")
    return {
        **{name: given[name] for name in names if given.get(name)},
        "key": key,
        "keepalive": go_durations.seconds(given.get("keepalive"), 0.0) or _KEEPALIVE_SECONDS,
        "timeout": go_durations.seconds(given.get("timeout"), 0.0) or _TIMEOUT_SECONDS,
    }
