"""The unit of the service, as `gitlab-runner install` writes it.

gitlab-runner's own package writes another one in its place each time it is installed or upgraded: for its program in
/usr/bin, and another user. Source: packaging/root/usr/share/gitlab-runner/post-install of gitlab-runner 19.3.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from ..host import BINARIES, HOME, LIVE, StepError, run, say
from ..texts import printable
from .kept import PUT_BACK, version_of, wanted_version

NAME = "gitlab-runner"
PATH = Path(f"/etc/systemd/system/{NAME}.service")
_PROGRAM = str(BINARIES / NAME)
_OPTIONS = {"--config": str(LIVE), "--working-directory": "/root", "--user": "root"}
_LONGEST = 400


def put() -> None:
    """Have our unit in place, instead of any other; what runs continues. Raises `StepError`."""
    if is_ours():
        return
    if PATH.exists():
        say(printable(f"{PATH} is replaced: it had {'; '.join(_differences())}", _LONGEST))
    elif wanted_version(NAME):  # else it is the first one
        say(f"{PATH} was missing; it is put back")
    HOME.mkdir(mode=0o700, exist_ok=True)
    # gitlab-runner refuses to write over one.
    PATH.unlink(missing_ok=True)
    run(NAME, "install", "--user", "root", "--working-directory", "/root")
    run("systemctl", "daemon-reload")


def is_ours() -> bool:
    """Whether the unit runs the program that is installed here, on the live config.toml and as root."""
    return PATH.exists() and not any(True for _ in _differences())


def replaced() -> list[str]:
    """Return a line on the unit, if it is no longer the one that was put in place."""
    wanted = wanted_version(NAME)
    if not wanted or is_ours():
        return []
    if not PATH.exists():
        return [f"{PATH} is missing, by which gitlab-runner {wanted} is started: {PUT_BACK}"]
    return [printable(f"{PATH} was replaced: it has {'; '.join(_differences())}", _LONGEST) + f": {PUT_BACK}"]


def _differences() -> Iterator[str]:
    """Yield what would run otherwise than by our unit; order, comments and all other settings do not count."""
    settings = _settings()
    words = _words(settings.get("ExecStart", ""))
    program = words[0] if words else "no program"
    if program != _PROGRAM:
        wanted = wanted_version(NAME)
        yield f"{program}{_version(program)} for {_PROGRAM}{f' ({wanted})' if wanted else ''}"
    given = dict(zip(words, words[1:]))
    for option, value in _OPTIONS.items():
        if given.get(option) != value:
            yield f"{option} {given.get(option, 'left out')} for {value}"
    if settings.get("User", "root") not in ("root", "0", ""):
        yield f"User={settings['User']} for root"


def _settings() -> dict[str, str]:
    """Return the last value of each setting of the unit; its drop-ins are somebody's purpose."""
    lines = PATH.read_text(encoding="utf-8", errors="replace").replace("\\\n", " ").split("\n")
    pairs = (line.partition("=") for line in lines if not line.lstrip().startswith(("#", ";")))
    return {key.strip(): value.strip() for key, equals, value in pairs if equals}


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line.lstrip("-@:+!"))
    except ValueError:
        return line.split()


def _version(program: str) -> str:
    if Path(program).name != NAME:
        return ""
    try:
        return f" ({version_of(Path(program))})"
    except StepError:
        return " (which can't be run)"
