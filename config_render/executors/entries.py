"""Where a pool's machines may be started, and the `[[runners]]` that it becomes: the same for each executor."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..settings.pool import Pool


@dataclass(frozen=True)
class Placement:
    """A zone and an instance type: the driver takes one of each."""

    zone: str
    """As a suffix: `a`, `-lax-1a`."""
    instance_type: str
    label: str
    """Distinguishes it from the pool's other placements; empty for the only one."""


@dataclass(frozen=True)
class Entry:
    """One `[[runners]]` of a pool, with a share of the pool's numbers."""

    name: str
    placements: tuple[Placement, ...]
    """Where it may start machines, in the order in which it tries them; at home first."""
    index: int
    count: int
    """How many entries the pool has; `index` counts them from 0."""

    @property
    def home(self) -> Placement:
        """Return the placement that it starts machines in as long as there is capacity."""
        return self.placements[0]

    def share(self, total: int) -> int:
        """Return this entry's part of a number of machines; the first ones take the remainder."""
        return total // self.count + (1 if self.index < total % self.count else 0)


def placements(zones: Sequence[str], instance_types: Sequence[str]) -> tuple[Placement, ...]:
    """Return all placements: zone after zone for each type, so that neighbours are in different zones."""
    pairs = [(zone, instance_type) for instance_type in instance_types for zone in zones]
    only = len(pairs) == 1
    return tuple(Placement(*pair, "" if only else _label(*pair)) for pair in pairs)


def entries(pool: str, found: Sequence[Placement], most: int = 1) -> tuple[Entry, ...]:
    """Lay out a pool in at most `most` entries, each at home in another placement."""
    count = max(1, min(most, len(found)))
    return tuple(
        Entry(
            name=pool if count == 1 else f"{pool}-{found[index].label}",
            placements=(*found[index:], *found[:index]),
            index=index,
            count=count,
        )
        for index in range(count)
    )


def pool_placements(pool: Pool, network_zones: Sequence[str]) -> tuple[Placement, ...]:
    """Return where a pool's machines may be started."""
    return placements(pool.zones or network_zones, pool.instance_types)


def _label(zone: str, instance_type: str) -> str:
    return f"{zone.lstrip('-')}-{instance_type.replace('.', '-')}"
