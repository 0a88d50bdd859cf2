"""Stand-in for systemd: the process that starts one service, starts it again, and stops it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from typing import Any

from . import journal
from .background import Started, in_background
from .processes import send, session
from .units import STOPPED, Unit

_CLEAN_SIGNALS = (signal.SIGHUP, signal.SIGINT, signal.SIGTERM, signal.SIGPIPE)
_EXEC_FAILED = 203
_OUT_OF_MEMORY = "oom-kill"


def spawn(unit: Unit) -> None:
    """Start the service in the background, and return once its process was started or could not be."""
    in_background(lambda started: Supervisor(unit, started).run())


class Supervisor:
    """Runs one service until it ends for good. SIGTERM asks it to stop the service.

    SIGUSR1 tells it, as the service's cgroup would, that the kernel has killed a process of the service because memory
    had run out; whoever sends it has killed one.
    """

    def __init__(self, unit: Unit, started: Started) -> None:
        """`started` is called whenever a process of the service was started or could not be."""
        self._unit = unit
        self._started = started
        self._stopping = False
        self._main = 0
        self._state: dict[str, Any] = {**STOPPED, "Supervisor": os.getpid()}

    def run(self) -> None:
        """Start the service, again and again if its unit says so."""
        signal.signal(signal.SIGTERM, lambda *_: self._stop())
        signal.signal(signal.SIGUSR1, lambda *_: self._out_of_memory())
        signal.signal(signal.SIGALRM, lambda *_: self._out_of_time())
        self._tell(InactiveExitTimestampMonotonic=_now())
        while True:
            self._state["Result"] = "success"
            result = self._outcome(self._run_all())
            if result != "success":
                self._say(f"Failed with result '{result}'.")
            if not self._will_restart(result):
                break
            self._state["NRestarts"] += 1
        ended = {"ActiveState": "inactive" if result == "success" else "failed", "SubState": "dead", "Result": result}
        if result == "success":
            self._say("Deactivated successfully.")
        self._tell(**ended, InactiveEnterTimestampMonotonic=_now())

    def _run_all(self) -> int:
        """Run the service's commands, of which only one that is oneshot has several; return the last exit code."""
        code = 0
        for command in self._unit.commands("ExecStart", self._unit.environment()):
            code = self._run_once(command)
            if code != 0 or self._stopping:
                break
        return code

    def _run_once(self, command: list[str]) -> int:
        """Run one command to its end and return its exit code, negative for a signal."""
        start = self._length_of_log()
        try:
            process = self._start(command)
        except OSError as error:
            with self._unit.log.open("a", encoding="utf-8") as log:
                log.write(f"{self._unit.name}: failed to execute: {error}\n")
            self._say(f"Failed to execute {command[0]}: {error.strerror}")
            return _EXEC_FAILED
        finally:
            self._report_start()
        follower = journal.Follower(self._unit.name, self._unit.log, process.pid, command[0], start)
        code = process.wait()
        signal.setitimer(signal.ITIMER_REAL, 0)
        self._main = 0
        if self._unit.setting("KillMode") not in ("process", "none"):
            send(signal.SIGKILL, session(process.pid))
        follower.close()
        if code:
            how = f"exited, status={code}" if code > 0 else f"killed, status={-code}"
            self._say(f"Main process exited, code={how}")
        self._tell(MainPID=0)
        return code

    def _length_of_log(self) -> int:
        self._unit.log.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            return self._unit.log.stat().st_size
        return 0

    def _start(self, command: list[str]) -> subprocess.Popen[bytes]:
        unit = self._unit
        with unit.log.open("ab") as log:
            process = subprocess.Popen(
                command,
                cwd=unit.setting("WorkingDirectory", "/").lstrip("-").replace("~", "/root"),
                env=unit.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._main = process.pid
        now = time.strftime("%a %Y-%m-%d %H:%M:%S %Z")
        state = {"ActiveState": "active", "SubState": "running"}
        if unit.is_oneshot:
            state = {"ActiveState": "activating", "SubState": "start"}
            self._limit(unit.seconds("TimeoutStartSec", "infinity"))
        else:
            journal.append(unit.name, f"Started {unit.title}.", 1)
        self._tell(**state, MainPID=self._main, ExecMainStartTimestamp=now)
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
        # What a signal asked to end has ended well, unless it had something to finish.
        clean = code == 0 or (-code in _CLEAN_SIGNALS and not self._unit.is_oneshot)
        if self._state["Result"] != "success" or clean:
            return str(self._state["Result"])
        return "exit-code" if code > 0 else "signal"

    def _will_restart(self, result: str) -> bool:
        """Wait as long as the unit says; False if it says no, or the service is stopped meanwhile."""
        # By what the unit says now, like a stop.
        self._unit = Unit(self._unit.name)
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
        if self._main:
            self._end()

    def _end(self, number: int | None = None) -> None:
        """Have the processes end, by another signal than the unit's if one is given."""
        # As systemd after a daemon-reload, by what the unit says now, not by what it said at the start.
        self._unit = Unit(self._unit.name)
        self._tell(ActiveState="deactivating", SubState="stop-sigterm")
        all_of_them = self._unit.setting("KillMode", "control-group") == "control-group"
        all_of_them = all_of_them or number is not None
        send(number or self._unit.kill_signal(), session(self._main) if all_of_them else [self._main])
        self._limit(self._unit.seconds("TimeoutStopSec", "90"))

    def _out_of_memory(self) -> None:
        """Do as OOMPolicy= says; its default is `stop`, after which Restart= has its say."""
        self._say("A process of this unit has been killed by the OOM killer.")
        # As after a daemon-reload, like the settings of a stop.
        policy = Unit(self._unit.name).setting("OOMPolicy", "stop")
        if policy == "continue" or not self._main or self._stopping:
            return
        self._end(signal.SIGKILL if policy == "kill" else None)
        self._state["Result"] = _OUT_OF_MEMORY

    def _limit(self, seconds: float) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0 if seconds == float("inf") else max(seconds, 0.001))

    def _out_of_time(self) -> None:
        ending = self._stopping or self._state["Result"] == _OUT_OF_MEMORY
        if self._state["Result"] == "success":
            self._state["Result"] = "timeout"
        if not ending:  # a start that takes too long is ended as a stop would
            self._say("start operation timed out. Terminating.")
            self._stop()
            return
        self._tell(SubState="stop-sigkill")
        send(signal.SIGKILL, session(self._main))

    def _say(self, text: str) -> None:
        journal.append(self._unit.name, f"{self._unit.name}: {text}", 1)

    def _tell(self, **changes: Any) -> None:
        self._state.update(changes)
        self._unit.save(self._state)


def _now() -> int:
    return time.monotonic_ns() // 1000
