"""Stand-in for systemd: the process that waits for a timer's times and starts what it triggers.

It fires at the beginning of the window that AccuracySec= and RandomizedDelaySec= allow.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from . import journal
from .background import Started, in_background
from .calendar import next_time
from .supervisor import spawn
from .units import STOPPED_TIMER, SystemctlError, Unit

_POLL_SECONDS = 0.05
_MONOTONIC = ("OnActiveSec", "OnBootSec", "OnStartupSec", "OnUnitActiveSec", "OnUnitInactiveSec")
_OF_THE_UNIT = {"OnUnitActiveSec": "InactiveExit", "OnUnitInactiveSec": "InactiveEnter"}
_NEVER = float("inf")


def start(unit: Unit) -> None:
    """Start the timer in the background; raises `SystemctlError`."""
    timer = Timer(unit)
    timer.check()
    in_background(timer.run)


class Timer:
    """One active timer."""

    def __init__(self, unit: Unit) -> None:
        self._unit = unit
        self._watched = self._triggered()
        self._activated = time.monotonic()
        self._fired = -_NEVER
        self._state: dict[str, Any] = dict(STOPPED_TIMER)
        self._seen, self._due = 0, -_NEVER
        """The last change of what it triggers, and when it elapses if there is no other."""

    def check(self) -> None:
        """Raise `SystemctlError` for what systemd would not start."""
        name = self._unit.name
        if not any(self._unit.values(key) for key in (*_MONOTONIC, "OnCalendar")):
            raise SystemctlError(f"Failed to start {name}: Unit {name} has a bad unit file setting.")
        triggered = self._triggered()
        if not triggered.exists:
            raise SystemctlError(f"Failed to start {name}: Unit {triggered.name} not found.", 5)
        self._next()

    def run(self, started: Started) -> None:
        """Wait and trigger until SIGTERM ends this process."""
        signal.signal(signal.SIGTERM, lambda *_: sys.exit())
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # whoever it started ends unattended
        self._tell(ActiveState="active", SubState="waiting", Supervisor=os.getpid())
        journal.append(self._unit.name, f"Started {self._unit.title}.", 1)
        started()
        try:
            while True:
                self._wait_and_fire()
        finally:
            self._tell(ActiveState="inactive", SubState="dead")
            journal.append(self._unit.name, f"Stopped {self._unit.title}.", 1)

    def _triggered(self) -> Unit:
        return Unit(self._unit.setting("Unit", f"{self._unit.name.rpartition('.')[0]}.service"))

    def _wait_and_fire(self) -> None:
        change = self._watched.last_change
        if change == self._seen and self._due > time.monotonic():
            time.sleep(_POLL_SECONDS)
            return
        if self._triggered().supervisor:  # while what it triggers runs, a timer does not elapse
            time.sleep(_POLL_SECONDS)
            return
        self._seen, self._due = change, self._next()
        if self._due > time.monotonic():
            return
        self._fired = time.monotonic()
        self._tell(LastTriggerUSec=time.strftime("%a %Y-%m-%d %H:%M:%S %Z"))
        try:
            triggered = self._triggered()
            triggered.refuse_unsupported()
            spawn(triggered)
        except SystemctlError as error:
            journal.append(self._unit.name, f"Failed to queue unit startup job: {error}", 1)

    def _next(self) -> float:
        """When it elapses next, on the monotonic clock."""
        triggered, times = self._triggered().state, [_NEVER]
        for key in _MONOTONIC:
            for span in self._unit.spans(key):
                if key in _OF_THE_UNIT:
                    base = triggered[f"{_OF_THE_UNIT[key]}TimestampMonotonic"] / 1e6
                    # Nothing to count from before the unit ran for the first time.
                    times.append(max(base, self._fired) + span if base or self._fired > 0 else _NEVER)
                else:
                    once = (self._activated if key == "OnActiveSec" else _booted()) + span
                    times.append(once if once > self._fired else _NEVER)
        now, clock = time.monotonic(), time.time()
        since = clock - (now - max(self._fired, self._activated))
        times += [next_time(text, since) - clock + now for text in self._unit.values("OnCalendar")]
        return min(times)

    def _tell(self, **changes: Any) -> None:
        self._state.update(changes)
        self._unit.save(self._state)


def _booted() -> float:
    """When the host's first process began, on the monotonic clock."""
    ticks = int(Path("/proc/1/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19])
    return ticks / 100
