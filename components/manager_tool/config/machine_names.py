"""The names that gitlab-runner gives to its machines, which tell whose a machine is.

runner-SHORT-NAME: SHORT is the part of the runner's token that may be shown, NAME the entry's MachineName, in which %s
stands for the time and eight digits. Source: executors/docker/machine/name.go, helpers/shorten_token.go and
helpers/dns of gitlab-runner.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..host import StepError
from .runners import AUTOSCALER

_NAME = re.compile(r"(runner-.*)(?<!\d)\d{9,11}-[0-9a-f]{8}(?![0-9a-f])(.*)")
_TOKEN_PREFIX = re.compile(r"^glrt-(t[123]_)?|^t[123]_|^glrtr-")
_UNFIT = re.compile(r"[^a-z0-9-]")


def template_of(machine: str) -> str | None:
    """Return the name with %s in place of what makes it unique; None for a name that is not gitlab-runner's."""
    parts = _NAME.fullmatch(machine)
    return f"{parts[1]}%s{parts[2]}" if parts else None


def templates(runners: Iterable[Mapping[str, object]]) -> set[str]:
    """Return the names of the machines that sections of a config.toml lead to, each with its %s.

    Raises `StepError` where none does and none has the executor docker-autoscaler either, or one does not say how: its
    machines would count as nobody's.
    """
    known = [*runners]
    found = {template for _, template in by_section(known)}
    if not found and not any(each.get("executor") == AUTOSCALER for each in known):
        raise StepError("config.toml has no [[runners]] with docker+machine, so no machines are known")
    return found


def by_section(runners: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """Yield the name of each section that makes machines, with that of its machines. Raises `StepError`.

    One with the executor docker-autoscaler makes none, even with a table of machines left over.
    """
    for runner in runners:
        executor = runner.get("executor")
        if executor == AUTOSCALER or ("machine" not in runner and executor != "docker+machine"):
            continue
        called, token = runner.get("name", ""), runner.get("token", "").strip()
        name = runner.get("machine", {}).get("MachineName", "")
        if not (name and token):
            lacking = "MachineName" if token else "token"
            raise StepError(f"the [[runners]] {called} of config.toml has no {lacking}, so its machines are unknown")
        yield called, f"{prefix_of(token)}{name}"


def beginnings(names: Iterable[str]) -> tuple[str, ...]:
    """Return with what machines begin that gitlab-runner takes for its own, by their names with %s.

    It compares no further (`matchesMachineFilter`), so that what stands behind %s, the placement, may change.
    """
    return tuple({name.partition("%s")[0] for name in names})


def prefix_of(token: str) -> str:
    """Return with what the names of all machines of a runner begin."""
    prefix = _TOKEN_PREFIX.match(token)
    shown = token[prefix.end() : prefix.end() + 9] if prefix else token[:8]
    return f"runner-{_UNFIT.sub('', shown.lower()).lstrip('-')}-"
