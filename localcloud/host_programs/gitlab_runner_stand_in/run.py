"""The `run` command: the process that keeps machines, runs jobs and follows its config file."""

from __future__ import annotations

import queue
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Union

from . import long_polling, metrics, rotation, schema, settings
from .autoscaler import Autoscaler
from .fleet import Fleet
from .health import Health
from .jobs import Jobs
from .log import FatalError, say
from .system_id import system_id
from .workers import Workers

_RELOAD_SECONDS = 3.0
_DEFAULT_SHUTDOWN_SECONDS = 30
_FINISHED = 0
_SKIPPED = (
    "Runner token is empty or whitespace; this runner will be skipped during job polling. "
    "Check the 'token' field in your config.toml for this runner."
)
_SIGNAL_NAMES = {signal.SIGQUIT: "quit", signal.SIGTERM: "terminated", signal.SIGINT: "interrupt"}

Event = Union[int, BaseException]


class Process:
    """One `gitlab-runner run`; `config` is the file it follows."""

    def __init__(self, config: Path, listen_address: str = "") -> None:
        """Without `listen_address` the one of the file counts."""
        self._path, self._listen_address = config, listen_address
        self._config: settings.Config = {"concurrent": 1, "runners": []}
        self._seen_mtime = 0
        self._fleet, self._health = Fleet(), Health()
        self._jobs = Jobs(self._health)
        self._autoscaler = Autoscaler(config.parent)
        self._workers = Workers(lambda: self._config, self._fleet, self._jobs, self._health, self._autoscaler)
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        """Signals, what ended a thread against all expectation, and `_FINISHED`."""

    def serve(self) -> int:
        """Run until a signal ends it; return the exit code. Raises `ConfigError` and `FatalError`."""
        for caught in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM, signal.SIGINT):
            signal.signal(caught, lambda received, _: self._events.put(received))
        self._say(f"Starting multi-runner from {self._path}...")
        self._reload()
        self._serve_metrics()
        self._begin(self._workers.feed)
        return self._stop(self._follow())

    def _say(self, message: str, level: str = "", **fields: object) -> None:
        say(message, level, builds=self._workers.jobs(), max_builds=self._config["concurrent"], **fields)

    def _begin(self, task: Callable[[], None]) -> threading.Thread:
        def guarded() -> None:
            try:
                task()
            except BaseException as error:
                self._events.put(error)

        thread = threading.Thread(target=guarded, daemon=True)
        thread.start()
        return thread

    def _next(self, seconds: float | None) -> int | None:
        """The next event, or None after so many seconds."""
        try:
            event = self._events.get(timeout=seconds)
        except queue.Empty:
            return None
        if isinstance(event, BaseException):
            raise event
        return event

    def _serve_metrics(self) -> None:
        address = self._listen_address or self._config.get("listen_address", "")
        if not address:
            self._say("listen_address not defined, metrics & debug endpoints disabled")
            return
        metrics.serve(
            address,
            lambda: metrics.exposition(
                self._fleet, self._config["concurrent"], self._workers.jobs(), self._autoscaler.counts()
            ),
        )
        self._say("Metrics server listening", address=address)

    def _follow(self) -> int:
        """Fit the workers to the file, look at the file, and so on; the signal that ends it."""
        reload_asked = False
        while True:
            # While more jobs run than a lowered `concurrent` allows, the file is not looked at either.
            fits = self._workers.fit(self._config["concurrent"], self._begin)
            event = self._next((0.0 if reload_asked else _RELOAD_SECONDS) if fits else 0.0)
            if event == signal.SIGHUP:
                reload_asked = True
            elif event is not None:
                return event
            elif fits:
                self._look_at_file(anew=reload_asked)
                reload_asked = False

    def _look_at_file(self, *, anew: bool) -> None:
        """Load the file if it is newer than what was loaded, or if asked to by a signal; exchange a token in time."""
        try:
            self._rotate()
            if anew:
                self._reload()
            else:
                self._reload_if_newer()
        except settings.ConcurrentError:
            raise
        except settings.ConfigError as error:
            self._say(f"Failed to load config {error}", "ERROR")
        except OSError as error:
            self._say(f"Failed to load config stat {self._path}: {str(error.strerror).lower()}", "ERROR")

    def _rotate(self) -> None:
        token = rotation.due(self._config["runners"])
        if token is not None and rotation.rotate(self._path, token):
            # What it has written itself it does not load as a change, and says nothing.
            self._seen_mtime, self._config = self._path.stat().st_mtime_ns, settings.load(self._path)

    def _reload_if_newer(self) -> None:
        mtime = self._path.stat().st_mtime_ns
        if mtime <= self._seen_mtime:
            return
        try:
            self._reload()
        except settings.ConfigError:
            # A broken file is not read again before it changes again.
            self._seen_mtime = mtime
            raise

    def _reload(self) -> None:
        mtime = self._path.stat().st_mtime_ns if self._path.exists() else 0
        self._config, self._seen_mtime = settings.load(self._path), mtime
        self._jobs.system_id = self._jobs.system_id or system_id(self._path)
        self._health.forget()
        self._say("Configuration loaded")
        for entry in self._config["runners"]:
            if not entry.get("token", "").strip():
                self._say(_SKIPPED, "WARNING", runner="", runner_name=entry.get("name", ""))
        for warning in (schema.warning(self._config), long_polling.warning(self._config)):
            if warning:
                self._say(warning, "WARNING")

    def _stop(self, number: int) -> int:
        self._workers.stop()
        self._begin(self._finish)
        event: int | None = number
        while event == signal.SIGQUIT:
            text = "Starting graceful shutdown, waiting for builds to finish"
            self._say(text, "WARNING", StopSignal=_SIGNAL_NAMES[signal.SIGQUIT])
            event = self._next_of_stop(None)
        if event:
            limit, name = self._shutdown_seconds(), _SIGNAL_NAMES[signal.Signals(event)]
            self._say("Starting forceful shutdown", "WARNING", StopSignal=name, **{"shutdown-timeout": f"{limit}s"})
            self._workers.abort_jobs()
            event = self._next_of_stop(limit)
        if event == _FINISHED:
            return 0
        timed_out = event is None
        why = "shutdown timed out" if timed_out else "forced exit by a second signal"
        self._say("Forceful shutdown not finished properly", "WARNING", error=why)
        raise FatalError(f"Service run failed: {why}")

    def _next_of_stop(self, seconds: float | None) -> int | None:
        """The next event except SIGHUP, which means nothing any more."""
        deadline = time.monotonic() + seconds if seconds is not None else None
        while True:
            event = self._next(None if deadline is None else max(0.0, deadline - time.monotonic()))
            if event != signal.SIGHUP:
                return event

    def _finish(self) -> None:
        """Wait for the workers, then drain."""
        self._workers.join()
        self._say("All workers stopped.")
        drain = self._config.get("machine", {}).get("shutdown_drain", {})
        if drain.get("enabled"):
            self._fleet.drain(drain, self._shutdown_seconds())
        self._autoscaler.shut_down(self._shutdown_seconds())
        self._say("All executor providers shut down.")
        self._events.put(_FINISHED)

    def _shutdown_seconds(self) -> int:
        configured = int(self._config.get("shutdown_timeout") or 0)
        return configured if configured > 0 else _DEFAULT_SHUTDOWN_SECONDS
