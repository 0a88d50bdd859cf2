"""What pools promise in numbers: jobs at once, machines at most, and at how many placements at a time."""

from collections.abc import Sequence
from dataclasses import dataclass

from config_render.base.tables import aligned

from ..executors.entries import pool_placements
from ..executors.registry import most_machines, on_demand_on_top, pool_entries
from ..settings.stack import Settings
from .document import pools_by_token

_HEADINGS = ("pool", "jobs at once", "machines at most", "on demand of these", "[[runners]]", "placements")


@dataclass(frozen=True, kw_only=True)
class PoolCapacity:
    """The numbers of one pool, or of all together."""

    pool: str
    jobs: int
    """The most jobs that run at a time, in all pools that have the same runner."""
    machines: int
    """The most machines at a time, less those that are being removed."""
    on_demand: int
    """How many of them may be on demand, while there is no spot capacity; 0 for a pool that is on demand anyway."""
    entries: int
    """Sections of config.toml; each starts machines at one placement at a time."""
    placements: int
    """Zones times instance types."""


def capacities(settings: Settings) -> list[PoolCapacity]:
    """Return the numbers of each pool and, last, of all together."""
    jobs = [max(settings.pools[index].limit for index in sharing) for sharing in pools_by_token(settings).values()]
    found = []
    for pool in settings.pools:
        entries = pool_entries(settings, pool)
        found.append(
            PoolCapacity(
                pool=pool.name,
                jobs=min(settings.concurrent, pool.limit),
                machines=most_machines(settings, pool),
                on_demand=on_demand_on_top(settings, pool),
                entries=len(entries),
                placements=len(pool_placements(pool, settings.network.zones)),
            )
        )
    return [
        *found,
        PoolCapacity(
            pool="in all",
            jobs=min(settings.concurrent, sum(jobs)),
            machines=sum(each.machines for each in found),
            on_demand=sum(each.on_demand for each in found),
            entries=sum(each.entries for each in found),
            placements=sum(each.placements for each in found),
        ),
    ]


def as_lines(found: Sequence[PoolCapacity]) -> list[str]:
    """Return the numbers as a table."""
    rows = [
        (each.pool, *map(str, (each.jobs, each.machines, each.on_demand, each.entries, each.placements)))
        for each in found
    ]
    return aligned([_HEADINGS, *rows], left=1)
