"""Stand-in for systemctl: the verbs that only tell something. Each returns an exit code or raises `SystemctlError`."""

from __future__ import annotations

import argparse
from typing import Any

from .units import SystemctlError, Unit

Options = argparse.Namespace

_NOT_RUNNING, _NO_SUCH_UNIT = 3, 4
_LINES = 10
"""How much of a service's output `status` shows."""


def is_active(unit: Unit, options: Options) -> int:
    """Print the state; 0 only for active."""
    state = unit.state["ActiveState"]
    options.say(state)
    return 0 if state == "active" else _NOT_RUNNING


def is_enabled(unit: Unit, options: Options) -> int:
    """Print whether the service starts at boot; 1 for disabled."""
    if not unit.exists:
        raise SystemctlError(f"Failed to get unit file state for {unit.name}: No such file or directory")
    options.say(unit.file_state)
    return int(unit.file_state == "disabled")


def status(unit: Unit, options: Options) -> int:
    """Print state and last output for people."""
    if not unit.exists:
        raise SystemctlError(f"Unit {unit.name} could not be found.", _NO_SUCH_UNIT)
    state = unit.state
    options.say(f"* {unit.name} - {unit.setting('Description', unit.name)}")
    options.say(f"     Loaded: loaded ({unit.path}; {unit.file_state})")
    since = state.get("ExecMainStartTimestamp") or state.get("LastTriggerUSec")
    options.say(f"     Active: {state['ActiveState']} ({state['SubState']}){f' since {since}' if since else ''}")
    if state.get("MainPID"):
        options.say(f"   Main PID: {state['MainPID']}")
    if unit.log.exists():
        options.say("")
        for line in unit.log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LINES:]:
            options.say(line)
    return 0 if state["ActiveState"] == "active" else _NOT_RUNNING


def show(unit: Unit, options: Options) -> int:
    """Print properties for programs; those that are not known are left out, as systemctl does."""
    known = _properties(unit)
    wanted = [name for names in options.property or [",".join(known)] for name in names.split(",")]
    for name in wanted:
        if name in known:
            options.say(str(known[name]) if options.value else f"{name}={known[name]}")
    return 0


def _properties(unit: Unit) -> dict[str, Any]:
    state = {key: value for key, value in unit.state.items() if key != "Supervisor"}
    if not unit.exists:
        return {"Id": unit.name, "LoadState": "not-found", **state}
    known = {"Id": unit.name, "LoadState": "loaded", "UnitFileState": unit.file_state, **state}
    return known if unit.is_timer else {**known, "KillSignal": int(unit.kill_signal())}
