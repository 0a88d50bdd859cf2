"""Stand-in for systemd: unit files, and what is known of each service's state."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
from contextlib import suppress
from pathlib import Path
from string import Template
from typing import Any

from .journal import FOLDER
from .processes import alive

UNITS = Path("/etc/systemd/system")
_STATES = Path("/run/systemctl-stand-in")
_KINDS = (".service", ".timer")

STOPPED: dict[str, Any] = {
    "ActiveState": "inactive",
    "SubState": "dead",
    "MainPID": 0,
    "Result": "success",
    "NRestarts": 0,
    "ExecMainStartTimestamp": "",
    "InactiveExitTimestampMonotonic": 0,
    "InactiveEnterTimestampMonotonic": 0,
}
STOPPED_TIMER: dict[str, Any] = {
    "ActiveState": "inactive",
    "SubState": "dead",
    "Result": "success",
    "LastTriggerUSec": "",
}
_ENDED = ("inactive", "failed")
_SPELLINGS = {
    1e-6: "us usec",
    1e-3: "ms msec",
    1: " s sec second seconds",
    60: "m min minute minutes",
    3600: "h hr hour hours",
    86400: "d day days",
}
_SECONDS = {word: number for number, words in _SPELLINGS.items() for word in words.split(" ")}
_SPAN = re.compile(r"\s*([\d.]+)\s*([a-z]*)")


class SystemctlError(Exception):
    """What the caller is told; `code` is the exit code."""

    def __init__(self, text: str, code: int = 1) -> None:
        super().__init__(text)
        self.code = code


class Unit:
    """A service or a timer: its settings, and its state as the process behind it last wrote it."""

    def __init__(self, name: str) -> None:
        self.name = name if "." in name else f"{name}.service"
        self.path = UNITS / self.name
        self.log = FOLDER / f"{self.name.rpartition('.')[0]}.log"
        self._state_file = _STATES / f"{self.name}.json"
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
        """Whether there is such a service or timer; other kinds of units are not known here."""
        return self.name.endswith(_KINDS) and self.path.is_file()

    @property
    def is_timer(self) -> bool:
        """Whether it is a timer."""
        return self.name.endswith(".timer")

    @property
    def title(self) -> str:
        """How systemd calls it in its messages."""
        description = self.setting("Description")
        return f"{self.name} - {description}" if description else self.name

    def values(self, key: str) -> list[str]:
        """All values that were given to `key`."""
        return self._settings.get(key, [])

    def setting(self, key: str, default: str = "") -> str:
        """The last value that was given to `key`."""
        values = self._settings.get(key)
        return values[-1] if values else default

    def commands(self, key: str, variables: dict[str, str]) -> list[list[str]]:
        """The command lines of ExecStart or ExecReload; none where there are none."""
        lines = [shlex.split(line.lstrip("-@:+!")) for line in self.values(key)]
        return [[Template(word).safe_substitute(variables).replace("%%", "%") for word in line] for line in lines]

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
        return self._span(key, self.setting(key, default))

    def spans(self, key: str) -> list[float]:
        """All time spans that were given to `key`."""
        return [self._span(key, text) for text in self.values(key)]

    def _span(self, key: str, text: str) -> float:
        if text == "infinity":
            return float("inf")
        parts = _SPAN.findall(text)
        if not parts or _SPAN.sub("", text).strip() or any(unit not in _SECONDS for _, unit in parts):
            # systemd would go on without the setting.
            raise SystemctlError(f"systemctl stand-in: {self.name}: {key}={text} is no time span")
        return sum(float(number) * _SECONDS[unit] for number, unit in parts)

    @property
    def is_oneshot(self) -> bool:
        """Whether it is a service that has started when its commands have ended."""
        return self.setting("Type") == "oneshot"

    def kill_signal(self) -> int:
        """The signal that asks the service to end."""
        return signal_number(self.setting("KillSignal", "SIGTERM"))

    def refuse_unsupported(self) -> None:
        """Raise `SystemctlError` for settings with which the service would run differently here."""
        types = ("", "simple", "exec", "oneshot")
        for key, known in (("Type", types), ("User", ("", "root")), ("Group", ("", "root"))):
            value = self.setting(key)
            if value not in known:
                raise SystemctlError(f"systemctl stand-in: {self.name}: {key}={value} is not supported")
        commands, restart = len(self.values("ExecStart")), self.setting("Restart", "no")
        allowed = restart not in ("always", "on-success") if self.is_oneshot else commands == 1
        if not commands or not allowed:
            raise SystemctlError(f"Failed to start {self.name}: Unit {self.name} has a bad unit file setting.")

    @property
    def state(self) -> dict[str, Any]:
        """The properties of `STOPPED`, or of `STOPPED_TIMER`, with their present values."""
        stopped = STOPPED_TIMER if self.is_timer else STOPPED
        state = dict(stopped)
        with suppress(FileNotFoundError):
            state.update(json.loads(self._state_file.read_text(encoding="utf-8")))
        # A supervisor that was killed could not say so.
        if state["ActiveState"] not in _ENDED and not alive(state["Supervisor"]):
            return dict(stopped)
        return state

    @property
    def last_change(self) -> int:
        """When its state was last written, in nanoseconds; 0 for never."""
        try:
            return os.stat(self._state_file).st_mtime_ns
        except FileNotFoundError:
            return 0

    def save(self, state: dict[str, Any]) -> None:
        """Make `state` known to the other processes."""
        _STATES.mkdir(parents=True, exist_ok=True)
        scratch = self._state_file.with_suffix(".new")
        scratch.write_text(json.dumps(state), encoding="utf-8")
        scratch.rename(self._state_file)

    @property
    def supervisor(self) -> int:
        """The process id of the process behind it; 0 while it is stopped."""
        state = self.state
        return 0 if state["ActiveState"] in _ENDED else int(state["Supervisor"])

    @property
    def links(self) -> list[Path]:
        """The links that have it started at boot, whether they are there or not."""
        targets = [target for line in self.values("WantedBy") for target in line.split()]
        return [UNITS / f"{target}.wants" / self.name for target in targets]

    @property
    def file_state(self) -> str:
        """enabled, disabled, or static for a unit that can't be enabled."""
        if not self.links:
            return "static"
        return "enabled" if all(link.is_symlink() for link in self.links) else "disabled"


def signal_number(name: str) -> int:
    """The number of a signal given as HUP, SIGHUP or 1; raises `SystemctlError`."""
    try:
        return signal.Signals(int(name)) if name.isdigit() else signal.Signals["SIG" + name.replace("SIG", "", 1)]
    except (KeyError, ValueError):
        raise SystemctlError(f"Failed to parse signal string {name}.") from None
