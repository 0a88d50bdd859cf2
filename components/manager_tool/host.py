"""The manager's files and programs, and how the tool handles both."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .contract.constants import WARNING
from .texts import COLORS, printable

HOME = Path("/etc/gitlab-runner")
LIVE = HOME / "config.toml"
STAGED = HOME / "staged"
"""What the tool itself keeps; gitlab-runner never looks here."""
LIFE = STAGED / "life.json"
"""Which life of the runner this host is in: that of the deployment's host that was last set up here, and since when."""
SECRETS = STAGED / "secrets.json"
"""The secrets, by their names."""
WATCH_SETTINGS = STAGED / "watch.json"
BINARIES = Path("/usr/local/bin")
INSTALLED = ("gitlab-runner", "docker-machine")
"""The programs that a deployment puts there."""

ENVIRONMENT = {**os.environ, "HOME": "/root", "PATH": f"{BINARIES}:/usr/sbin:/usr/bin:/sbin:/bin"}

VARIABLES = Path("/etc/default/gitlab-runner-aws")
"""Where an administrator of the manager can set variables for this tool, such as a proxy or AWS_ENDPOINT_URL."""


def say(text: str) -> None:
    """Tell whoever watches the deployment; nobody may be there any more."""
    with contextlib.suppress(OSError):
        print(text, flush=True)


def warn(text: str) -> None:
    """Say something that people have to read, in one line or several."""
    say("\n".join(f"{WARNING}{line}" for line in text.split("\n")))


_NO_WRITING = {
    errno.EROFS: "see the kernel's messages (dmesg), and mount it for writing again",
    errno.ENOSPC: "make room; `df -h` and `df -i` say whether bytes or inodes are used up",
    errno.EDQUOT: "make room, or raise the quota",
}

_NO_MEMORY = "`journalctl -k` and `free -m` say what uses it, and a larger manager.instanceType has more"


class StepError(Exception):
    """A step could not be done; the text says what was refused and how to continue, and is fit for a terminal."""

    def __init__(self, text: str) -> None:
        super().__init__(printable(text))


class MissingProgramError(StepError):
    """A program is not there."""


class KilledError(StepError):
    """A program was killed from outside, and so has answered nothing."""

    def __init__(self, *command: str) -> None:
        super().__init__(
            f"`{' '.join(command)}` was killed (signal 9), as the kernel does when memory runs out: {_NO_MEMORY}"
        )


def take_variables() -> None:
    """Have the variables of `VARIABLES`, lines of KEY=VALUE, in this process and in the programs that it runs."""
    for line in VARIABLES.read_text().splitlines() if VARIABLES.exists() else ():
        key, equals, value = line.strip().partition("=")
        if equals and not key.startswith("#"):
            os.environ[key] = ENVIRONMENT[key] = value.strip("\"'")


def run(*command: str, check: bool = True, hidden: Sequence[str] = (), **environment: str) -> tuple[int, str]:
    """Run a program; its output never shows a text of `hidden`.

    Raises `MissingProgramError` where it is missing, `KilledError` where it was killed, and, with `check`, `StepError`
    where it failed.
    """
    try:
        result = subprocess.run(
            command,
            env={**ENVIRONMENT, **environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            # The journal shows what came from others as it came.
            errors="replace",
            check=False,
        )
    except FileNotFoundError:
        if "/" in command[0]:
            raise
        again = "; set manager.rerun to another number and run `pulumi up`, which installs it again"
        fix = again if command[0] in INSTALLED else ""
        raise MissingProgramError(f"the program {command[0]} is missing on this manager{fix}") from None
    if result.returncode == -signal.SIGKILL:
        raise KilledError(*command)
    # gitlab-runner colours what it says, whoever reads it.
    output = COLORS.sub("", result.stdout).strip()
    for text in hidden:
        output = output.replace(text, "<hidden>")
    if check and result.returncode != 0:
        raise StepError(f"`{' '.join(command)}` ended with {result.returncode}:\n{output}")
    return result.returncode, output


def write(path: Path, text: str | bytes, mode: int = 0o600) -> None:
    """Replace `path` as a whole: a reader sees the old text or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.parent.chmod(0o700 if HOME in (path.parent, *path.parents) else 0o755)
    scratch = path.with_name(f".{path.name}.new")
    scratch.unlink(missing_ok=True)
    with open(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(text.encode() if isinstance(text, str) else text)
        file.flush()
        os.fsync(file.fileno())
    scratch.rename(path)


def load(path: Path) -> dict[str, Any]:
    """Return what a file of the tool's own holds; nothing where there is none. Raises `StepError` if it is damaged."""
    found = _json(path, {})
    if not isinstance(found, dict):
        raise _damaged(path, "it holds no table")
    return found


def load_list(path: Path) -> list[dict[str, Any]]:
    """Return the tables that a file of the tool's own holds, as `load` does."""
    found = _json(path, [])
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise _damaged(path, "it holds no list of tables")
    return found


def _json(path: Path, default: object) -> Any:
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        return default
    except (ValueError, RecursionError) as error:
        raise _damaged(path, str(error)) from None


def _damaged(path: Path, reason: str) -> StepError:
    return StepError(
        f"{path} is damaged ({reason}); delete it, set manager.rerun to another number, and run `pulumi up`, which "
        "writes it anew"
    )


def lacks_memory(error: Exception) -> bool:
    """Whether an error is one of those by which Python says that it got no memory."""
    return (
        isinstance(error, (MemoryError, SystemError))
        or (isinstance(error, OSError) and error.errno == errno.ENOMEM)
        or (isinstance(error, RuntimeError) and "start new thread" in str(error))
        or (isinstance(error, ImportError) and "failed to map segment" in str(error))
    )


def explain(error: Exception) -> str:
    """Return what to tell of an error; one cause has one text, whichever file it was met at."""
    if lacks_memory(error):
        return f"the manager has no memory left: {_NO_MEMORY}"
    if isinstance(error, OSError) and error.errno in _NO_WRITING and error.filename:
        folders = (path for path in Path(error.filename).parents if path.is_mount())
        folder = next(folders, error.filename)
        return f"nothing can be written below {folder}: {error.strerror}; {_NO_WRITING[error.errno]}"
    if isinstance(error, (StepError, OSError, ValueError)):
        return str(error)
    return f"{type(error).__name__}: {error}"
