"""What gitlab-runner does not tell of its groups: why AWS launches no instance, and which instances wait in vain.

It asks a group for a size and waits; the reason is in the group's activities alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ...aws.api import Aws
from ...programs import journal
from . import groups

_OLDEST_SECONDS = 3600
"""What failed longer ago is not told of a group that is looked at for the first time."""
_SHORT_SECONDS = 600
_UNUSED_SECONDS = 24 * 3600
_MOST_IDS = 5
_JOB_BEGINS = "Dialing instance"
"""What gitlab-runner logs then (`Prepare` in executors/internal/autoscaler/acquisition.go)."""
# In each of its log formats, one of which is coloured.
_INSTANCE = re.compile(r"""instance-id\S{0,10}?[=:]\s*"?(i-[0-9a-z]+)""")


class Kept(NamedTuple):
    """What is known from the looks before; times are seconds since 1970."""

    told: dict[str, float]
    """Ids of failed activities of which has been told."""
    short: dict[str, float]
    """Groups with fewer instances than wanted, and since when, or when it was last told."""
    used: dict[str, float]
    """Instances, and when a job last began there; without any, when they were first seen."""
    unused: dict[str, float]
    """Groups with instances on which no job begins, and when that was last told."""


class Found(NamedTuple):
    """What one look at the groups has found."""

    lines: list[str]
    failures: int
    """How many launches failed of which no look before has told."""
    unused: int
    """How many instances have waited for a job too long."""
    kept: Kept


def look(aws: Aws, names: Iterable[str], before: Kept, began: Mapping[str, float], now: float) -> Found:
    """Look at groups; `began` is when a job last began on which instance, as far as is known since the look before.

    Raises `AwsError`.
    """
    lines: list[str] = []
    failures = unused = 0
    kept = Kept({}, {}, {}, {})
    for name in names:
        group = groups.describe(aws, name)
        if group is None:
            lines.append(f"group {name} of config.toml does not exist; run `pulumi up --refresh`")
            continue
        failed = [each for each in groups.activities(aws, name) if each.failed]
        kept.told.update({each.id: before.told.get(each.id, now) for each in failed})
        new = [each for each in reversed(failed) if each.id not in before.told and each.started > now - _OLDEST_SECONDS]
        lines += [f"group {name} can't launch an instance: {each.reason}" for each in new]
        failures += len(new)
        running = [each.id for each in group.instances if each.in_service]
        if len(running) < group.desired:
            since = min(before.short.get(name, now), now)
            if now - since > _SHORT_SECONDS:
                since = now
                lines.append(
                    f"group {name} has {len(running)} of {group.desired} instances for more than "
                    f"{_SHORT_SECONDS // 60} minutes; its activities in EC2 say why"
                )
            kept.short[name] = since
        kept.used.update({each: min(now, began.get(each, before.used.get(each, now))) for each in running})
        waiting = [each for each in running if now - kept.used[each] > _UNUSED_SECONDS]
        unused += len(waiting)
        if waiting:
            last = min(before.unused.get(name, 0), now)
            if now - last > _UNUSED_SECONDS:
                last = now
                lines.append(_in_vain(name, waiting))
            kept.unused[name] = last
    return Found(lines, failures, unused, kept)


def _in_vain(name: str, waiting: list[str]) -> str:
    ids = ", ".join(waiting[:_MOST_IDS])
    more = len(waiting) - _MOST_IDS
    return (
        f"group {name}: no job has begun on {len(waiting)} of its instances for {_UNUSED_SECONDS // 3600} hours "
        f"({ids}{f' and {more} more' if more > 0 else ''}); if no job runs there so long, lower the pool's IdleCount, "
        "or idle_count, which keeps them waiting"
    )


def jobs_began(since: float) -> dict[str, float]:
    """Return on which instances jobs have begun since a time, and when the last one has. Raises `StepError`."""
    found = {}
    for time, message in journal.messages(since):
        instance = _INSTANCE.search(message) if _JOB_BEGINS in message else None
        if instance:
            found[instance[1]] = time
    return found
