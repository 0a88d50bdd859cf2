"""What is left of sections that are no longer in config.toml: their machines, and their runners in GitLab's lists.

gitlab-runner lets the jobs of such a section end, but then nobody removes its machines, nor asks for jobs with its
token. The step that takes a section away begins with it, and the watch continues, until nothing is left.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Set

from ...config import drift
from ...config.machine_names import beginnings, prefix_of, template_of
from ...gitlab import tokens
from ...host import run, warn
from ...texts import COLORS
from . import machines
from .folders import folders, talked_to

# What gitlab-runner's executor says of a machine when a job begins to use it, and when it is done with it.
_BEGINS = ("Using existing docker-machine", "Created docker-machine", "Starting docker-machine build")
_ENDS = "Cleaned up docker-machine"
_STARTED = "Starting multi-runner from"
_NAME = re.compile(r"""\bname["']?[=:]\s*["']?([\w.-]+)""")
_RELOAD_SECONDS = 4
_LOOK_SECONDS = 0.5


def sweep() -> None:
    """Remove idle machines of sections that are gone, and leave the runners that were only theirs.

    Raises `StepError`, with nothing removed, where config.toml does not say which sections there are.
    """
    named = [name for name in machines.names() if template_of(name)]
    wanted = beginnings(drift.wanted_machines() if named else ())
    stray = [name for name in named if not name.startswith(wanted)]
    # Until the service has read its file again, a section that is gone may still ask for a job.
    busy = _connected(_RELOAD_SECONDS) if stray or tokens.any_leaving() else set()
    used = in_use(stray, busy)
    for name in used:
        print(f"machine {name} of a removed section goes when its job has ended")
    for failure in machines.remove(name for name in stray if name not in used):
        warn(f"machine of a removed section could not be removed, the watch tries again: {failure}")
    # With machines left, jobs may still run.
    left = machines.names()
    tokens.leave(lambda token: any(name.startswith(prefix_of(token)) for name in left))


def _connected(seconds: float) -> set[str]:
    """Wait, and return the addresses to whose Docker there was a connection: between its stages a job has none."""
    found = talked_to()
    for _ in range(round(seconds / _LOOK_SECONDS)):
        time.sleep(_LOOK_SECONDS)
        found |= talked_to()
    return found


def in_use(names: Iterable[str], busy: Set[str]) -> set[str]:
    """Those of the machines that are being made or on which a job runs; all, where the journal can't be read.

    `busy` are the addresses to whose Docker there was a connection of late. The journal may name the machine that was
    meant for a job instead of the one on which it runs (`log` in executors/docker/machine/machine.go).
    """
    names = {*names}
    if not names:
        return names
    code, journal = run("journalctl", "--unit", "gitlab-runner", "--output", "cat", "--no-pager", check=False)
    if code != 0:
        return names
    return names & (_told(journal) | _seen(busy))


def _told(journal: str) -> set[str]:
    used: set[str] = set()
    for line in COLORS.sub("", journal).split("\n"):
        if _STARTED in line:
            used.clear()
        machine = _NAME.search(line)
        if machine and any(text in line for text in _BEGINS):
            used.add(machine[1])
        elif machine and _ENDS in line:
            used.discard(machine[1])
    return used


def _seen(busy: Set[str]) -> set[str]:
    """Machines without an instance yet, and those to whose Docker there was a connection."""
    return {each.name for each in folders() if (each.on_ec2 and not each.instance) or busy & {*each.addresses}}
