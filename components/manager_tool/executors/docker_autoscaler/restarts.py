"""When gitlab-runner has to be started again to follow a change of config.toml.

Of a section with docker-autoscaler it rereads the policies, as all else but its table [runners.autoscaler]: the rest of
that is read at the section's first job request (`init` in executors/internal/autoscaler/provider.go of gitlab-runner
19.3), and what was begun by it continues as long as the process does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ...config.config_toml import facts
from ...config.drift import differing
from ...config.runners import AUTOSCALER, Runner
from .groups import sections_by_group

_REREAD = "policy"


def reasons(live: Sequence[Runner], new: Sequence[Runner]) -> list[str]:
    """Return why the process that runs by `live` can't follow `new`, a text each; nothing where it can."""
    before = {each.get("name", ""): each for each in live}
    after = {each.get("name", ""): each for each in new}
    return [f"{name}: {reason}" for name in before if (reason := _reason(before[name], after.get(name)))]


def _reason(was: Runner, now: Runner | None) -> str:
    if now is None:
        return "it is removed" if _autoscaled(was) else ""
    if _autoscaled(was) != _autoscaled(now):
        return f"its executor changes from {was.get('executor')} to {now.get('executor')}"
    keys = differing(_read_once(now), _read_once(was)) if _autoscaled(now) else []
    return f"{', '.join(keys)} changed" if keys else ""


def _autoscaled(section: Runner) -> bool:
    return section.get("executor") == AUTOSCALER


def _read_once(section: Mapping[str, Any]) -> dict[str, object]:
    table = section.get("autoscaler", {})
    return facts({"autoscaler": {key: value for key, value in table.items() if key != _REREAD}})


def leaving(live: Sequence[Runner], new: Sequence[Runner]) -> Iterator[str]:
    """Yield the groups that no section has any more."""
    stay = sections_by_group(new)
    yield from (name for name in sections_by_group(live) if name not in stay)
