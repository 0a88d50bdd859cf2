"""Stand-in for systemctl: the verbs that change something. Each returns an exit code or raises `SystemctlError`."""

from __future__ import annotations

import argparse
import signal
import subprocess
import time
from contextlib import suppress

from . import timers
from .processes import alive, send, session
from .supervisor import spawn
from .units import SystemctlError, Unit, signal_number

Options = argparse.Namespace

_REASONS = {
    "exit-code": "the control process exited with error code",
    "signal": "a fatal signal was delivered to the control process",
    "timeout": "a timeout was exceeded",
}


def start(unit: Unit, options: Options) -> int:
    """Start a service or timer that does not run; return when its process exists, or a oneshot one has ended."""
    _require(unit, "start")
    for name in " ".join(unit.values("Wants")).split():
        # One that is not there, or fails, is no failure of this unit: systemd.unit(5).
        wanted = Unit(name)
        if wanted.exists and not wanted.supervisor:
            with suppress(SystemctlError):
                start(wanted, options)
    condition = unit.setting("ConditionFileIsExecutable")
    if unit.is_timer:
        if not unit.supervisor:
            timers.start(unit)
        return 0
    if not unit.supervisor:
        if condition and not _is_executable(condition):
            return 0
        unit.refuse_unsupported()
        spawn(unit)
    return _ended(unit) if unit.is_oneshot else 0


def _ended(unit: Unit) -> int:
    while unit.supervisor:
        time.sleep(0.02)
    result = unit.state["Result"]
    if result == "success":
        return 0
    raise SystemctlError(
        f"Job for {unit.name} failed because {_REASONS.get(result, result)}.\n"
        f'See "systemctl status {unit.name}" and "journalctl -xeu {unit.name}" for details.'
    )


def stop(unit: Unit, options: Options) -> int:
    """Stop a service and return when it has ended."""
    _require(unit, "stop", "not loaded")
    supervisor = unit.supervisor
    if supervisor:
        send(signal.SIGTERM, [supervisor])
        while alive(supervisor):
            time.sleep(0.02)
    return 0


def restart(unit: Unit, options: Options) -> int:
    """Stop a service, if it runs, and start it."""
    _require(unit, "restart")
    stop(unit, options)
    return start(unit, options)


def reload(unit: Unit, options: Options) -> int:
    """Run a service's ExecReload."""
    _require(unit, "reload")
    main = unit.state.get("MainPID", 0)
    variables = {**unit.environment(), "MAINPID": str(main)}
    commands = unit.commands("ExecReload", variables)
    if not commands:
        raise SystemctlError(f"Failed to reload {unit.name}: Job type reload is not applicable for unit {unit.name}.")
    if not main:
        raise SystemctlError(f"{unit.name} is not active, cannot reload.")
    return max(subprocess.run(command, env=variables, check=False).returncode for command in commands)


def kill(unit: Unit, options: Options) -> int:
    """Send a signal to the processes of a service: all of them, unless the caller says otherwise."""
    _require(unit, "kill unit", "not loaded", code=1)
    number = signal_number(options.signal)
    main = unit.state.get("MainPID", 0)
    if main:
        send(number, [main] if options.kill_whom == "main" else session(main))
    return 0


def enable(unit: Unit, options: Options) -> int:
    """Have a unit started at boot; with --now also at once."""
    _require_file(unit, "enable")
    for link in unit.links:
        if not link.is_symlink():
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(unit.path)
            options.say(f"Created symlink {link} → {unit.path}.")
    return start(unit, options) if options.now else 0


def disable(unit: Unit, options: Options) -> int:
    """Undo `enable`; with --now also stop the unit."""
    _require_file(unit, "disable")
    for link in unit.links:
        if link.is_symlink():
            link.unlink()
            options.say(f"Removed {link}.")
    return stop(unit, options) if options.now else 0


def _is_executable(path: str) -> bool:
    return subprocess.run(["test", "-x", path], check=False).returncode == 0


def _require(unit: Unit, verb: str, problem: str = "not found", code: int = 5) -> None:
    if not unit.exists:
        raise SystemctlError(f"Failed to {verb} {unit.name}: Unit {unit.name} {problem}.", code)


def _require_file(unit: Unit, verb: str) -> None:
    if not unit.exists:
        raise SystemctlError(f"Failed to {verb} unit: Unit file {unit.name} does not exist.")
