"""The `run` command: the process that keeps machines, runs jobs and follows its config file."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import jobs, metrics, settings
from .fleet import Fleet, NoFreeMachineError
from .log import FatalError, say, short_token
from .system_id import system_id

_RELOAD_SECONDS = 3.0
_DEFAULT_CHECK_SECONDS = 3
_DEFAULT_SHUTDOWN_SECONDS = 30
_TICK_SECONDS = 0.1


class Process:
    """One `gitlab-runner run`; `config` is the file it follows."""

    def __init__(self, config: Path, listen_address: str = "") -> None:
        """Without `listen_address` the one of the file counts."""
        self._path, self._listen_address = config, listen_address
        self._config: settings.Config = {"concurrent": 1, "runners": []}
        self._seen_mtime: int | None = None
        self._system_id = ""
        self._fleet = Fleet()
        self._health = jobs.Health()
        self._jobs: list[tuple[threading.Thread, str]] = []
        self._abort = threading.Event()
        self._signals: list[int] = []

    def serve(self) -> int:
        """Run until a signal ends it; return the exit code. Raises `ConfigError` and `FatalError`."""
        for caught in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM, signal.SIGINT):
            signal.signal(caught, lambda received, _: self._signals.append(received))
        self._say(f"Starting multi-runner from {self._path}...")
        self._load_at_start()
        self._serve_metrics()
        next_check = next_reload = time.monotonic()
        stop: int | None = None
        while stop is None:
            if time.monotonic() >= next_reload:
                self._follow_file()
                next_reload = time.monotonic() + _RELOAD_SECONDS
            if time.monotonic() >= next_check:
                self._check()
                next_check = time.monotonic() + self._check_seconds()
            time.sleep(_TICK_SECONDS)
            while self._signals:
                number = self._signals.pop(0)
                if number == signal.SIGHUP:
                    next_reload = 0.0
                else:
                    stop = number
        return self._stop(stop)

    def _say(self, message: str, level: str = "", **fields: object) -> None:
        say(message, level, builds=len(self._running()), max_builds=self._config["concurrent"], **fields)

    def _check_seconds(self) -> int:
        configured = int(self._config.get("check_interval", 0))
        return configured if configured > 0 else _DEFAULT_CHECK_SECONDS

    def _running(self) -> list[tuple[threading.Thread, str]]:
        before = len(self._jobs)
        self._jobs = [job for job in self._jobs if job[0].is_alive()]
        if len(self._jobs) < before:
            self._say("Removed job from processing list")
        return self._jobs

    def _load_at_start(self) -> None:
        if self._path.exists():
            self._seen_mtime = self._path.stat().st_mtime_ns
            self._take(settings.load(self._path))

    def _serve_metrics(self) -> None:
        address = self._listen_address or self._config.get("listen_address", "")
        if not address:
            self._say("listen_address not defined, metrics & debug endpoints disabled")
            return
        metrics.serve(
            address, lambda: metrics.exposition(self._fleet, self._config["concurrent"], len(self._running()))
        )
        self._say("Metrics server listening", address=address)

    def _take(self, config: settings.Config) -> None:
        self._config = config
        self._system_id = self._system_id or system_id(self._path)
        self._say("Configuration loaded")

    def _follow_file(self) -> None:
        try:
            mtime = self._path.stat().st_mtime_ns
        except OSError as error:
            self._say(f"Failed to load config stat {self._path}: {str(error.strerror).lower()}", "ERROR")
            return
        if mtime == self._seen_mtime:
            return
        # A broken file is not read again before it changes again.
        self._seen_mtime = mtime
        try:
            self._take(settings.load(self._path))
        except settings.ConcurrentError:
            raise
        except settings.ConfigError as error:
            self._say(f"Failed to load config {error}", "ERROR")

    def _check(self) -> None:
        for entry in self._config["runners"]:
            running = self._running()
            own = sum(token == entry["token"] for _, token in running)
            if len(running) >= self._config["concurrent"] or 0 < entry.get("limit", 0) <= own:
                continue
            if self._health.may_ask(entry):
                self._ask(entry)

    def _ask(self, entry: Mapping[str, Any]) -> None:
        machine = None
        if entry.get("executor") == "docker+machine":
            try:
                machine = self._fleet.acquire(entry)
            except NoFreeMachineError as error:
                say(f"Failed to process runner: {error}", "WARNING", runner=short_token(entry["token"]))
                return
        job = jobs.request(entry, self._system_id, self._health)
        if job is None:
            self._fleet.release(machine)
            return
        arguments = (entry, job, self._fleet, machine, self._abort)
        thread = threading.Thread(target=jobs.execute, args=arguments, daemon=True)
        thread.start()
        self._jobs.append((thread, entry["token"]))
        self._say("Added job to processing list", job=job["id"])

    def _stop(self, number: int) -> int:
        graceful = number == signal.SIGQUIT
        kind = "graceful" if graceful else "forceful"
        self._say(f"Starting {kind} shutdown", "WARNING", StopSignal=signal.Signals(number).name)
        limit = self._config.get("shutdown_timeout") or _DEFAULT_SHUTDOWN_SECONDS
        deadline = float("inf") if graceful else time.monotonic() + limit
        if not graceful:
            self._abort.set()
        while self._running() and time.monotonic() < deadline:
            time.sleep(_TICK_SECONDS)
            if self._ends_at_once():
                raise FatalError("forced exit by a second signal")
        drain = self._config.get("machine", {}).get("shutdown_drain", {})
        if drain.get("enabled"):
            self._fleet.drain(drain)
        self._say("All workers stopped.")
        return 0

    def _ends_at_once(self) -> bool:
        return any(number != signal.SIGHUP for number in self._signals)
