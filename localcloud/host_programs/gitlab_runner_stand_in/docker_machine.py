"""Calling docker-machine, with the arguments that gitlab-runner gives it."""

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
_UNFIT = re.compile(r"[^a-z0-9-]")


class MachineError(Exception):
    """docker-machine failed or is not there; the text is its own."""


def name_template(entry: Mapping[str, Any]) -> str:
    """The names of an entry's machines, with %s for what tells them apart."""
    own = _UNFIT.sub("", short_token(entry["token"]).lower()).lstrip("-")
    return f"runner-{own}-{entry.get('machine', {}).get('MachineName', '')}"


def new_name(entry: Mapping[str, Any]) -> str:
    """A name for a new machine; without %s in the template it is one that docker-machine refuses."""
    suffix = f"{int(time.time())}-{secrets.token_hex(4)}"
    template = name_template(entry)
    return template.replace("%s", suffix, 1) if "%s" in template else f"{template}%!(EXTRA string={suffix})"


def is_of(entry: Mapping[str, Any], name: str) -> bool:
    """Whether a machine of this name is the entry's."""
    pattern = re.escape(name_template(entry)).replace("%s", r"\d+-[0-9a-f]{8}", 1)
    return re.fullmatch(pattern, name) is not None


def existing() -> list[str]:
    """The names of all machines, which are folders: the real program does not ask docker-machine either."""
    base = os.environ.get("MACHINE_STORAGE_PATH") or Path.home() / ".docker" / "machine"
    folder = Path(base) / "machines"
    return sorted(p.name for p in folder.iterdir() if not p.name.startswith(".")) if folder.is_dir() else []


def create(entry: Mapping[str, Any], name: str) -> None:
    """Create a machine with the entry's options. Raises `MachineError`."""
    machine = entry.get("machine", {})
    options = list(machine.get("MachineOptions", []))
    options += [option.replace("%s", name) for option in machine.get("MachineOptionsWithName", [])]
    _call("create", "--driver", machine["MachineDriver"], *(f"--{option}" for option in options), name)


def can_connect(name: str) -> bool:
    """Whether the machine is there and answers."""
    return _succeeds("config", name)


def exists(name: str) -> bool:
    """Whether docker-machine knows the machine."""
    return _succeeds("inspect", name)


def stop(name: str) -> None:
    """Stop the machine. Raises `MachineError`; spot machines cannot be stopped."""
    _call("stop", name, seconds=_STOP_SECONDS)


def remove(name: str, *, force: bool = False) -> None:
    """Remove the machine; by force even where AWS does not agree. Raises `MachineError`."""
    _call("rm", "-f" if force else "-y", name)


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
