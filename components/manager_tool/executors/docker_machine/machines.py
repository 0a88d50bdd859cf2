"""The machines that docker-machine keeps, and their removal."""

from __future__ import annotations

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from ...host import KilledError, run
from ...texts import printable
from .folders import folders

MACHINES = Path("/root/.docker/machine/machines")
_AT_ONCE = 10
_TRIES = 3
_PAUSE_SECONDS = 2
_LONGEST_FAILURE = 1000


def names() -> list[str]:
    """All machines, as `docker-machine ls` would list them, which also takes warnings for lines of its list."""
    return sorted(path.parent.name for path in MACHINES.glob("*/config.json"))


def damaged() -> set[str]:
    """Those whose `config.json` can't be read: docker-machine removes them by force alone, and not their instances."""
    return {folder.name for folder in folders() if not folder.readable}


def remove(machines: Iterable[str]) -> list[str]:
    """Remove machines; return a line for each that stayed, with the reason.

    It continues as long as some go: AWS lets through a few removals a second, and docker-machine gives up soon.
    """
    waiting = [*machines]
    while waiting:
        stayed = {}
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            started = {pool.submit(_remove, name): name for name in waiting}
            for ended in as_completed(started):
                if why := ended.result():
                    stayed[started[ended]] = why
                else:
                    # Not by the threads, which would print into each other's lines.
                    print(f"removed machine {started[ended]}")
        if len(stayed) == len(waiting):
            return [*stayed.values()]
        waiting = [*stayed]
        if waiting:
            print(f"{len(waiting)} machine(s) stayed; once more")
    return []


def _remove(name: str) -> str:
    """Return why a machine stayed; nothing if it has gone."""
    for attempt in range(_TRIES):
        time.sleep(_PAUSE_SECONDS if attempt else 0)
        try:
            code, output = run("docker-machine", "rm", "-y", name, check=False)
        except KilledError as error:
            code, output = -1, str(error)
        if code == 0:
            return ""
    reason = output.splitlines()[-1] if output else "docker-machine gave no reason"
    return printable(f"{name}: {reason}", _LONGEST_FAILURE)
