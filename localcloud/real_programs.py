"""Real programs that a local cloud uses instead of its stand-ins: those in the folder that LOCALCLOUD_REAL names."""

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

VARIABLE = "LOCALCLOUD_REAL"
ON_MANAGER = ("gitlab-runner", "docker-machine")
PLUGINS = ("aws", "command", "tls")
NAMES = (*ON_MANAGER, *PLUGINS)
_LIKE_THE_STAND_INS = ("command", "tls")
"""Plugins that need nothing but themselves, so that those which Pulumi has installed do without being named."""
_VERSION_SECONDS = 60


class RealProgramError(Exception):
    """The folder has not what it should; the text says what to do."""


@dataclass(frozen=True)
class RealProgram:
    """One program, and which version it is."""

    path: Path
    version: str


def find(environment: Mapping[str, str] = os.environ) -> dict[str, RealProgram]:
    """Return what LOCALCLOUD_REAL offers, by the names in `NAMES`; nothing where it is not set.

    Programs of the manager lie in the folder itself. Plugins do too, or where `pulumi plugin install` puts them into a
    PULUMI_HOME, which the folder may be. Raises `RealProgramError` for a folder without any of them, for a plugin of
    another version than this project uses, and for what can't be run.
    """
    if not environment.get(VARIABLE):
        return {}
    folder = Path(environment[VARIABLE]).absolute()
    found = {name: _checked(folder / name) for name in ON_MANAGER if (folder / name).exists()}
    for name in PLUGINS:
        if path := plugin_path(folder, name):
            found[name] = RealProgram(_executable(path), version(f"pulumi-{name}"))
        elif others := [*_other_versions(folder, name)]:
            raise RealProgramError(
                f"{VARIABLE}={folder}: has plugin {name} in version {', '.join(others)}, wanted is "
                f"{version(f'pulumi-{name}')}; run: pulumi plugin install resource {name} {version(f'pulumi-{name}')}"
            )
    if not found:
        names = ", ".join([*ON_MANAGER, *(f"pulumi-resource-{name}" for name in PLUGINS)])
        raise RealProgramError(f"{VARIABLE}={folder}: has none of {names}; `make real` fetches them")
    return found


def installed_plugins(environment: Mapping[str, str] = os.environ) -> dict[str, RealProgram]:
    """Return the plugins of the person's own PULUMI_HOME that can replace stand-ins, in exactly the version wanted."""
    home = Path(environment.get("PULUMI_HOME") or Path.home() / ".pulumi")
    paths = {name: plugin_path(home, name) for name in _LIKE_THE_STAND_INS}
    # It may be the home of a local cloud, whose launchers of stand-ins are scripts.
    real = {name: path for name, path in paths.items() if path and _is_binary(path)}
    return {name: RealProgram(path, version(f"pulumi-{name}")) for name, path in real.items()}


def listed(versions: Mapping[str, str]) -> str:
    """Return the programs in a line, such as `command 1.2.1, gitlab-runner 19.3.0`."""
    return ", ".join(f"{name} {number}" for name, number in sorted(versions.items()))


def plugin_path(folder: Path, name: str) -> Path | None:
    """Where a plugin lies in a folder, or in a PULUMI_HOME, in the version that this project uses; None for nowhere."""
    program = f"pulumi-resource-{name}"
    own = f"resource-{name}-v{version(f'pulumi-{name}')}"
    # The engine leaves the file `.partial` where an installation did not come to its end.
    places = [each / own for each in (folder, folder / "plugins") if not (each / f"{own}.partial").exists()]
    return next((path for place in (folder, *places) if (path := place / program).is_file()), None)


def _is_binary(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4) == b"\x7fELF"


def _other_versions(folder: Path, name: str) -> Iterator[str]:
    for place in (folder, folder / "plugins"):
        for path in sorted(place.glob(f"resource-{name}-v*/pulumi-resource-{name}")):
            if (number := path.parent.name.removeprefix(f"resource-{name}-v")) != version(f"pulumi-{name}"):
                yield number


def _executable(path: Path) -> Path:
    if not os.access(path, os.X_OK):
        raise RealProgramError(f"{VARIABLE}: {path} is not executable; run: chmod +x {path}")
    return path


def _checked(path: Path) -> RealProgram:
    command = [str(_executable(path)), "--version"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=_VERSION_SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RealProgramError(f"{VARIABLE}: {path} can't be run here: {error}") from error
    # "Version:      19.3.0" and "docker-machine version 0.16.2-gitlab.48, build 1a2b3c4".
    number = re.search(r"version:?\s+v?(\d[^\s,]*)", answer.stdout, re.IGNORECASE)
    if answer.returncode != 0 or number is None:
        said = (answer.stdout + answer.stderr).strip().partition("\n")[0][:200]
        raise RealProgramError(f"{VARIABLE}: {path} --version names no version: {said!r}")
    return RealProgram(path, number[1])
