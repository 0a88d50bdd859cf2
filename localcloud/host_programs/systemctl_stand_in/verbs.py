"""Stand-in for systemctl: the verbs that change something. Each returns an exit code or raises `SystemctlError`."""

from __future__ import annotations

import argparse
import signal
import subprocess
import time

from .processes import alive, send, session
from .supervisor import spawn
from .units import WANTS, SystemctlError, Unit, signal_number

Options = argparse.Namespace


def start(unit: Unit, options: Options) -> int:
    """Start a service that does not run; return when its process exists."""
    _require(unit, "start")
    condition = unit.setting("ConditionFileIsExecutable")
    if unit.supervisor or (condition and not _is_executable(condition)):
        return 0
    unit.refuse_unsupported()
    spawn(unit)
    return 0


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
    main = unit.state["MainPID"]
    variables = {**unit.environment(), "MAINPID": str(main)}
    command = unit.command("ExecReload", variables)
    if not command:
        raise SystemctlError(f"Failed to reload {unit.name}: Job type reload is not applicable for unit {unit.name}.")
    if not main:
        raise SystemctlError(f"{unit.name} is not active, cannot reload.")
    return subprocess.run(command, env=variables, check=False).returncode


def kill(unit: Unit, options: Options) -> int:
    """Send a signal to the processes of a service: all of them, unless the caller says otherwise."""
    _require(unit, "kill unit", "not loaded", code=1)
    number = signal_number(options.signal)
    main = unit.state["MainPID"]
    if main:
        send(number, [main] if options.kill_whom == "main" else session(main))
    return 0


def enable(unit: Unit, options: Options) -> int:
    """Have a service started at boot; with --now also at once."""
    _require_file(unit, "enable")
    link = WANTS / unit.name
    if unit.file_state == "disabled":
        WANTS.mkdir(parents=True, exist_ok=True)
        link.symlink_to(unit.path)
        options.say(f"Created symlink {link} → {unit.path}.")
    return start(unit, options) if options.now else 0


def disable(unit: Unit, options: Options) -> int:
    """Undo `enable`; with --now also stop the service."""
    _require_file(unit, "disable")
    link = WANTS / unit.name
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
