"""What pools promise in numbers: jobs at once, machines at most, and at how many placements at a time."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from config_render.base.tables import aligned

from ..executors.docker_autoscaler.policies import machines_that_wait
from ..executors.entries import pool_placements
from ..executors.registry import pool_entries, pool_executor
from ..settings.stack import Settings
from .document import pools_by_token

_HEADINGS = ("pool", "jobs at once", "machines at most", "on demand of these", "[[runners]]", "placements")


_COMPARED = ("machines that wait", "highest price")
"""Further columns where executors are compared; the price is in US dollars per hour."""


@dataclass(frozen=True, kw_only=True)
class PoolCapacity:
    """The numbers of one pool, or of all together."""

    pool: str
    jobs: int
    """The most jobs that run at a time, in all pools that have the same runner."""
    machines: int
    """The most machines at a time, less those that are being removed."""
    on_demand: int
    """How many of them are on demand: of docker-autoscaler always, of docker+machine while there is no spot capacity.
    0 for a pool that is on demand anyway."""
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
                machines=pool_executor(settings, pool).most_machines(pool),
                on_demand=pool.on_demand_limit,
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
    return aligned([_HEADINGS, *map(_row, found)], left=1)


def compared(now: Settings, then: Settings) -> list[str]:
    """Return a table of each pool's numbers now and, where it has another executor in `then`, in a second line then."""
    pairs = [[_compared_row(settings, each) for each in capacities(settings)] for settings in (now, then)]
    rows = itertools.chain.from_iterable(dict.fromkeys(map(tuple, pair)) for pair in zip(*pairs, strict=True))
    return aligned([(_HEADINGS[0], "executor", *_HEADINGS[1:], *_COMPARED), *rows], left=2)


def _row(each: PoolCapacity) -> list[str]:
    return [each.pool, *map(str, (each.jobs, each.machines, each.on_demand, each.entries, each.placements))]


def _compared_row(settings: Settings, each: PoolCapacity) -> list[str]:
    name, *numbers = _row(each)
    pool = next((pool for pool in settings.pools if pool.name == each.pool), None)
    if pool is None:
        executors = dict.fromkeys(map(settings.executor_of, settings.pools))
        return [name, " and ".join(executors), *numbers, "", ""]
    waiting = [min(each.idle_count, pool.most_instances) for each in machines_that_wait(pool)]
    caps = dict.fromkeys(pool_executor(settings, pool).price_caps(pool))
    return [name, settings.executor_of(pool), *numbers, _range(waiting), " or ".join(caps) or "on demand"]


def _range(numbers: Sequence[int]) -> str:
    least, most = min(numbers), max(numbers)
    return str(most) if least == most else f"{least} to {most}"
