"""Stand-in for systemd: unit files, and what is known of each service's state."""

from __future__ import annotations

import json
import re
import shlex
import signal
from contextlib import suppress
from pathlib import Path
from string import Template
from typing import Any

from .processes import alive

UNITS = Path("/etc/systemd/system")
WANTS = UNITS / "multi-user.target.wants"
_STATES = Path("/run/systemctl-stand-in")
_LOGS = Path("/var/log/journal-stand-in")

STOPPED: dict[str, Any] = {
    "ActiveState": "inactive",
    "SubState": "dead",
    "MainPID": 0,
    "Result": "success",
    "NRestarts": 0,
    "ExecMainStartTimestamp": "",
}
_ENDED = ("inactive", "failed")
_SECONDS = {"": 1, "s": 1, "sec": 1, "ms": 0.001, "m": 60, "min": 60, "h": 3600, "hr": 3600, "d": 86400}


class SystemctlError(Exception):
    """What the caller is told; `code` is the exit code."""

    def __init__(self, text: str, code: int = 1) -> None:
        super().__init__(text)
        self.code = code


class Unit:
    """A service: its settings, and its state as its supervisor last wrote it."""

    def __init__(self, name: str) -> None:
        self.name = name if "." in name else f"{name}.service"
        self.path = UNITS / self.name
        self.log = _LOGS / f"{self.name.rpartition('.')[0]}.log"
        self._state = _STATES / f"{self.name}.json"
        self._settings: dict[str, list[str]] = {}
        if self.exists:
            for file in [self.path, *sorted(Path(f"{self.path}.d").glob("*.conf"))]:
                self._read(file)

    def _read(self, file: Path) -> None:
        for line in file.read_text(encoding="utf-8").replace("\\\n", " ").splitlines():
            key, equals, value = (part.strip() for part in line.partition("="))
            if equals and not key.startswith(("#", ";")):
                # An empty value forgets what came before it.
                self._settings[key] = [*self._settings.get(key, []), value] if value else []

    @property
    def exists(self) -> bool:
        """Whether there is such a service; other kinds of units are not known here."""
        return self.name.endswith(".service") and self.path.is_file()

    def setting(self, key: str, default: str = "") -> str:
        """The last value that was given to `key`."""
        values = self._settings.get(key)
        return values[-1] if values else default

    def command(self, key: str, variables: dict[str, str]) -> list[str]:
        """The command line of ExecStart or ExecReload; empty where there is none."""
        words = shlex.split(self.setting(key).lstrip("-@:+!"))
        return [Template(word).safe_substitute(variables).replace("%%", "%") for word in words]

    def environment(self) -> dict[str, str]:
        """What the service sees. Not the caller's: systemd gives services little more than PATH, and no HOME."""
        variables = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin", "LANG": "C.UTF-8"}
        words = [word for line in self._settings.get("Environment", []) for word in shlex.split(line)]
        for file in self._settings.get("EnvironmentFile", []):
            path = Path(file.lstrip("-"))
            if path.exists() or not file.startswith("-"):
                words += shlex.split(path.read_text(encoding="utf-8"), comments=True)
        variables.update(dict(word.split("=", 1) for word in words if "=" in word))
        return variables

    def seconds(self, key: str, default: str) -> float:
        """A time span of systemd.time(7), such as 90, 5min or infinity."""
        text = self.setting(key, default)
        if text == "infinity":
            return float("inf")
        return sum(float(number) * _SECONDS[unit] for number, unit in re.findall(r"([\d.]+)\s*([a-z]*)", text))

    def kill_signal(self) -> int:
        """The signal that asks the service to end."""
        return signal_number(self.setting("KillSignal", "SIGTERM"))

    def refuse_unsupported(self) -> None:
        """Raise `SystemctlError` for settings with which the service would run differently here."""
        for key, known in (("Type", ("", "simple", "exec")), ("User", ("", "root")), ("Group", ("", "root"))):
            value = self.setting(key)
            if value not in known:
                raise SystemctlError(f"systemctl stand-in: {self.name}: {key}={value} is not supported")
        if not self.setting("ExecStart"):
            raise SystemctlError(f"Failed to start {self.name}: Unit {self.name} has a bad unit file setting.")

    @property
    def state(self) -> dict[str, Any]:
        """The properties of `STOPPED` with their present values."""
        state = dict(STOPPED)
        with suppress(FileNotFoundError):
            state.update(json.loads(self._state.read_text(encoding="utf-8")))
        # A supervisor that was killed could not say so.
        if state["ActiveState"] not in _ENDED and not alive(state["Supervisor"]):
            return dict(STOPPED)
        return state

    def save(self, state: dict[str, Any]) -> None:
        """Make `state` known to the other processes."""
        _STATES.mkdir(parents=True, exist_ok=True)
        scratch = self._state.with_suffix(".new")
        scratch.write_text(json.dumps(state), encoding="utf-8")
        scratch.rename(self._state)

    @property
    def supervisor(self) -> int:
        """The process id of the supervisor; 0 while the service is stopped."""
        state = self.state
        return 0 if state["ActiveState"] in _ENDED else int(state["Supervisor"])

    @property
    def file_state(self) -> str:
        """enabled, disabled, or static for a unit that can't be enabled."""
        if not self.setting("WantedBy"):
            return "static"
        return "enabled" if (WANTS / self.name).is_symlink() else "disabled"


def signal_number(name: str) -> int:
    """The number of a signal given as HUP, SIGHUP or 1; raises `SystemctlError`."""
    try:
        return signal.Signals(int(name)) if name.isdigit() else signal.Signals["SIG" + name.replace("SIG", "", 1)]
    except (KeyError, ValueError):
        raise SystemctlError(f"Failed to parse signal string {name}.") from None
