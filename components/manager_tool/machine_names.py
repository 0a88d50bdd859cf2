"""The names that gitlab-runner gives to its machines, which tell whose a machine is.

runner-SHORT-NAME: SHORT is the part of the runner's token that may be shown, NAME the entry's MachineName, in which %s
stands for the time and eight digits. Source: executors/docker/machine/name.go, helpers/shorten_token.go and
helpers/dns of gitlab-runner.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

_NAME = re.compile(r"(runner-.*)(?<!\d)\d{9,11}-[0-9a-f]{8}(?![0-9a-f])(.*)")
_TOKEN_PREFIX = re.compile(r"^glrt-(t[123]_)?|^t[123]_|^glrtr-")
_UNFIT = re.compile(r"[^a-z0-9-]")
_KEY = re.compile(r'(token|MachineName) = ("(?:[^"\\]|\\.)*")')


def template_of(machine: str) -> str | None:
    """Return the name with %s in place of what makes it unique; None for a name that is not gitlab-runner's."""
    parts = _NAME.fullmatch(machine)
    return f"{parts[1]}%s{parts[2]}" if parts else None


def templates(config_toml: str) -> set[str]:
    """Return the names of the machines that a config.toml leads to, each with its %s."""
    sections: list[dict[str, str]] = []
    for line in map(str.strip, config_toml.splitlines()):
        pair = _KEY.fullmatch(line)
        if line == "[[runners]]":
            sections.append({})
        elif pair and sections:
            # The first counts: a script further down may hold a line that looks alike.
            sections[-1].setdefault(pair[1], json.loads(pair[2]))
    return {f"{prefix_of(keys['token'])}{keys['MachineName']}" for keys in sections if len(keys) == 2}


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
