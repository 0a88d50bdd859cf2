"""What gitlab-runner never learns of its groups: why AWS launches no instance.

It asks a group for a size and waits; the reason is in the group's activities alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ...aws.api import Aws
from . import groups

_OLDEST_SECONDS = 3600
"""What failed longer ago is not told of a group that is looked at for the first time."""
_SHORT_SECONDS = 600


class Found(NamedTuple):
    """What one look at the groups has found."""

    lines: list[str]
    failures: int
    """How many launches failed of which no look before has told."""
    told: dict[str, float]
    """Ids of failed activities of which has been told."""
    short: dict[str, float]
    """Groups with fewer instances than wanted, and since when, or when it was last told."""


def look(aws: Aws, names: Iterable[str], told: Mapping[str, float], short: Mapping[str, float], now: float) -> Found:
    """Look at groups; `told` and `short` are what the look before returned, `now` seconds since 1970.

    Raises `AwsError`.
    """
    found = Found([], 0, {}, {})
    failures = 0
    for name in names:
        group = groups.describe(aws, name)
        if group is None:
            found.lines.append(f"group {name} of config.toml does not exist; run `pulumi up --refresh`")
            continue
        failed = [each for each in groups.activities(aws, name) if each.failed]
        found.told.update({each.id: told.get(each.id, now) for each in failed})
        new = [each for each in reversed(failed) if each.id not in told and each.started > now - _OLDEST_SECONDS]
        found.lines.extend(f"group {name} can't launch an instance: {each.reason}" for each in new)
        failures += len(new)
        running = sum(each.in_service for each in group.instances)
        if running < group.desired:
            since = min(short.get(name, now), now)
            if now - since > _SHORT_SECONDS:
                since = now
                found.lines.append(
                    f"group {name} has {running} of {group.desired} instances for more than {_SHORT_SECONDS // 60} "
                    "minutes; its activities in EC2 say why"
                )
            found.short[name] = since
    return found._replace(failures=failures)
