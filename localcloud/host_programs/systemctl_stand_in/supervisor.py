"""Stand-in for systemd: the process that starts one service, starts it again, and stops it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from typing import Any

from .processes import send, session
from .units import STOPPED, Unit

_CLEAN_SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGPIPE)
_EXEC_FAILED = 203


def spawn(unit: Unit) -> None:
    """Start the service in the background, and return once its process was started or could not be."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        try:
            os.setsid()
            os.close(reader)
            nothing = os.open(os.devnull, os.O_RDWR)
            for stream in range(3):
                os.dup2(nothing, stream)
            Supervisor(unit, lambda: os.write(writer, b"\n")).run()
        finally:
            os._exit(0)
    os.close(writer)
    os.read(reader, 1)
    os.close(reader)


class Supervisor:
    """Runs one service until it ends for good. SIGTERM asks it to stop the service."""

    def __init__(self, unit: Unit, started: Callable[[], object]) -> None:
        """`started` is called whenever a process of the service was started or could not be."""
        self._unit = unit
        self._started = started
        self._stopping = False
        self._main = 0
        self._state: dict[str, Any] = {**STOPPED, "Supervisor": os.getpid()}

    def run(self) -> None:
        """Start the service, again and again if its unit says so."""
        signal.signal(signal.SIGTERM, lambda *_: self._stop())
        signal.signal(signal.SIGALRM, lambda *_: self._stop_by_force())
        signal.signal(signal.SIGPIPE, signal.SIG_IGN)  # nobody reads the news of a later start
        while True:
            self._state["Result"] = "success"
            result = self._outcome(self._run_once())
            if not self._will_restart(result):
                break
            self._state["NRestarts"] += 1
        self._tell(ActiveState="inactive" if result == "success" else "failed", SubState="dead", Result=result)

    def _run_once(self) -> int:
        """Run the service's process to its end and return its exit code, negative for a signal."""
        try:
            process = self._start()
        except OSError as error:
            with self._unit.log.open("a", encoding="utf-8") as log:
                log.write(f"{self._unit.name}: failed to execute: {error}\n")
            return _EXEC_FAILED
        finally:
            self._report_start()
        code = process.wait()
        signal.setitimer(signal.ITIMER_REAL, 0)
        self._main = 0
        if self._unit.setting("KillMode") not in ("process", "none"):
            send(signal.SIGKILL, session(process.pid))
        self._tell(MainPID=0)
        return code

    def _start(self) -> subprocess.Popen[bytes]:
        unit, variables = self._unit, self._unit.environment()
        unit.log.parent.mkdir(parents=True, exist_ok=True)
        with unit.log.open("ab") as log:
            process = subprocess.Popen(
                unit.command("ExecStart", variables),
                cwd=unit.setting("WorkingDirectory", "/").lstrip("-").replace("~", "/root"),
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._main = process.pid
        now = time.strftime("%a %Y-%m-%d %H:%M:%S %Z")
        self._tell(ActiveState="active", SubState="running", MainPID=self._main, ExecMainStartTimestamp=now)
        return process

    def _report_start(self) -> None:
        try:
            self._started()
        except BrokenPipeError:
            return
        finally:
            if self._stopping:  # asked for while the process was being made
                self._stop()

    def _outcome(self, code: int) -> str:
        if self._state["Result"] != "success" or code == 0 or -code in _CLEAN_SIGNALS:
            return str(self._state["Result"])
        return "exit-code" if code > 0 else "signal"

    def _will_restart(self, result: str) -> bool:
        """Wait as long as the unit says; False if it says no, or the service is stopped meanwhile."""
        policy = self._unit.setting("Restart", "no")
        if policy == "no" or (policy == "on-failure" and result == "success"):
            return False
        deadline = time.monotonic() + self._unit.seconds("RestartSec", "100ms")
        while time.monotonic() < deadline and not self._stopping:
            self._tell(ActiveState="activating", SubState="auto-restart", Result=result)
            time.sleep(0.02)
        return not self._stopping

    def _stop(self) -> None:
        self._stopping = True
        if not self._main:
            return
        self._tell(ActiveState="deactivating", SubState="stop-sigterm")
        all_of_them = self._unit.setting("KillMode", "control-group") == "control-group"
        send(self._unit.kill_signal(), session(self._main) if all_of_them else [self._main])
        timeout = self._unit.seconds("TimeoutStopSec", "90")
        if timeout != float("inf"):
            signal.setitimer(signal.ITIMER_REAL, max(timeout, 0.001))

    def _stop_by_force(self) -> None:
        self._tell(SubState="stop-sigkill", Result="timeout")
        send(signal.SIGKILL, session(self._main))

    def _tell(self, **changes: Any) -> None:
        self._state.update(changes)
        self._unit.save(self._state)
