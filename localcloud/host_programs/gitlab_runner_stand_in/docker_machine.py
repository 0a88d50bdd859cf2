"""Calling docker-machine, with the arguments that gitlab-runner gives it, and the names of its machines."""

from __future__ import annotations

import os
import re
import secrets
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .log import short_token

_HOUR = 3600.0
_STOP_SECONDS = 60.0
_ANSWER_HOLDS_SECONDS = 300.0
_UNFIT = re.compile(r"[^a-z0-9-]")
_KEYS = "{{.HostOptions.AuthOptions.StorePath}}"

Entry = Mapping[str, Any]


class MachineError(Exception):
    """docker-machine failed or is not there; the text is its own."""


def name_template(entry: Entry) -> str:
    """The names of an entry's machines, with %s for what tells them apart."""
    own = _UNFIT.sub("", short_token(entry["token"]).lower()).lstrip("-")
    return f"runner-{own}-{entry.get('machine', {}).get('MachineName', '')}"


def new_name(entry: Entry) -> str:
    """A name for a new machine; without %s in the template it is one that docker-machine refuses."""
    suffix = f"{int(time.time())}-{secrets.token_hex(4)}"
    template = name_template(entry)
    return template.replace("%s", suffix, 1) if "%s" in template else f"{template}%!(EXTRA string={suffix})"


def is_of(entry: Entry, name: str) -> bool:
    """Whether a machine of this name is the entry's.

    The real program asks Go's Sscanf, whose %s takes all that follows: what stands behind it in the template is never
    compared, so that the machines of `ci-large-%s` are those of `ci-%s`, too.
    """
    before, placeholder, _ = name_template(entry).partition("%s")
    return bool(placeholder) and name.startswith(before) and bool(name[len(before) :].strip())


class DockerMachine:
    """The program docker-machine. Its failures are raised as `MachineError`, unless a method says otherwise."""

    def __init__(self) -> None:
        self._answered: dict[str, float] = {}

    def existing(self) -> list[str]:
        """The names of all machines, which are folders: the real program does not ask docker-machine either."""
        folder = _folder()
        if not folder.is_dir():
            return []
        return sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))

    def create(self, entry: Entry, name: str) -> None:
        """Create a machine with the entry's options."""
        machine = entry.get("machine", {})
        options = list(machine.get("MachineOptions", []))
        options += [option.replace("%s", name) for option in machine.get("MachineOptionsWithName", [])]
        flags = [f"--{option}" for option in options]
        _call("create", "--driver", machine.get("MachineDriver", ""), *flags, name)

    def can_connect(self, name: str, *, anew: bool) -> bool:
        """Whether the machine is there and answers; without `anew` a yes of the last minutes will do."""
        if not anew and time.monotonic() - self._answered.get(name, float("-inf")) < _ANSWER_HOLDS_SECONDS:
            return True
        if not _succeeds("config", name):
            return False
        self._answered[name] = time.monotonic()
        return True

    def credentials(self, name: str) -> None:
        """Ask for what is needed to reach the machine's Docker."""
        if not self.can_connect(name, anew=True):
            raise MachineError("can't connect")
        _call("url", name)
        _call("inspect", name, "-f", _KEYS)

    def exists(self, name: str) -> bool:
        """Whether docker-machine knows the machine."""
        return (_folder() / name / "config.json").exists() and _succeeds("inspect", name)

    def stop(self, name: str) -> None:
        """Stop the machine; spot machines cannot be stopped."""
        _call("stop", name, seconds=_STOP_SECONDS)

    def remove(self, name: str, *, force: bool = False) -> None:
        """Remove the machine; by force even where AWS does not agree."""
        _call("rm", "-f" if force else "-y", name)
        self._answered.pop(name, None)


def _folder() -> Path:
    return Path(os.environ.get("MACHINE_STORAGE_PATH") or Path.home() / ".docker" / "machine") / "machines"


def _succeeds(*arguments: str) -> bool:
    try:
        _call(*arguments)
    except MachineError:
        return False
    return True


def _call(*arguments: str, seconds: float = _HOUR) -> None:
    command = ["docker-machine", "--bugsnag-api-token=no-report", *arguments]
    try:
        result = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
            # A signal to the service must not end a creation half-way: it would orphan the machine.
            start_new_session=True,
        )
    except FileNotFoundError:
        raise MachineError('exec: "docker-machine": executable file not found in $PATH') from None
    except subprocess.TimeoutExpired:
        raise MachineError("context deadline exceeded") from None
    if result.returncode != 0:
        lines = (result.stderr or result.stdout).strip().splitlines()
        raise MachineError(lines[-1] if lines else f"exit status {result.returncode}")
