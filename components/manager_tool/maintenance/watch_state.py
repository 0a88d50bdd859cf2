"""What the watch knows when it begins a look: its settings, and what it kept of the looks before."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any, NoReturn, cast

from ..contract.documents import WatchSettings
from ..executors.docker_machine import reaper
from ..host import STAGED, WATCH_SETTINGS, StepError, load, write

STATE = STAGED / "looks.json"
_OF_0_2 = STAGED / "watch-state.json"
"""What releases up to 0.2 keep; they can't read what later ones do."""


class _Told(dict[str, object]):
    """The settings: an earlier release's, until the step that brings them has run."""

    def __missing__(self, key: str) -> NoReturn:
        raise StepError(f"{WATCH_SETTINGS} says nothing of {key}: another release wrote it; run `pulumi up`")


@dataclass
class State:
    """What is kept from one pass to the next; times are seconds since 1970."""

    in_error: dict[str, float] = field(default_factory=dict)
    """Names of machines whose instance is gone, and since when that is known."""
    templates: dict[str, float] = field(default_factory=dict)
    """Names of machines, with %s, and when config.toml last led to them."""
    deployments: dict[str, float] = field(default_factory=dict)
    """What this deployment was called, and when it last was."""
    removed: dict[str, int] = field(default_factory=lambda: dict.fromkeys(reaper.KINDS, 0))
    failed: int = 0
    spot_failures: int = 0
    group_failures: int = 0
    """How many launches of Auto Scaling groups ever failed."""
    activities: dict[str, float] = field(default_factory=dict)
    """Ids of failed activities of groups of which has been told."""
    short: dict[str, float] = field(default_factory=dict)
    """Groups with fewer instances than wanted, and since when, or when that was last told."""
    used: dict[str, float] = field(default_factory=dict)
    """Instances of groups, and when a job last began there, or when they were first seen."""
    unused: dict[str, float] = field(default_factory=dict)
    """Groups with instances on which no job begins, and when that was last told."""
    groups_seen: float = 0.0
    """When groups were last looked at."""


def settings() -> WatchSettings | None:
    """Return the settings; None where no deployment has brought some yet. Raises `StepError`, at a missing key too."""
    return cast("WatchSettings | None", _Told(load(WATCH_SETTINGS)) or None)


def read() -> State:
    """Return what is kept, without what another release keeps besides, or otherwise."""
    try:
        found = load(STATE) or load(_OF_0_2)
    except StepError as error:
        print(f"{error}; it is begun anew")
        found = {}
    usual = asdict(State())
    state = State(**{key: _numbers(value) for key, value in found.items() if type(value) is type(usual.get(key))})
    state.removed = {kind: state.removed.get(kind, 0) for kind in reaper.KINDS}
    return state


def _numbers(value: object) -> Any:
    if not isinstance(value, dict):
        return value
    return {name: number for name, number in value.items() if type(number) in (int, float)}


def keep(state: State) -> None:
    """Keep it for the next pass."""
    write(STATE, json.dumps(asdict(state)))
