"""How a pool becomes runner entries, and where each of these may start its machines.

gitlab-runner counts jobs by token, not by entry (`getRunnerCounter` in commands/builds_helper.go): entries that share
a token share one `limit`. So a pool has one entry for each runner of its own: its machines are started at one
placement at a time, and the manager changes the placement where AWS has no capacity.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from ...settings.pool import Pool
from ...settings.stack import Settings

LONGEST_MACHINE_NAME = 30
"""Including the %s: the runner puts up to 34 characters around it, and a host name has at most 64."""

FALLBACK = "od-"
"""What the names of on-demand entries and their machines begin with: no name may begin like another one."""


@dataclass(frozen=True)
class Placement:
    """A zone and an instance type: the driver takes one of each."""

    zone: str
    """As a suffix: `a`, `-lax-1a`."""
    instance_type: str
    label: str
    """Tells it from the pool's other placements; empty for the only one."""


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

    @property
    def fallback_name(self) -> str:
        """Return the name of the entry with on-demand machines that stands in for this one."""
        return f"{FALLBACK}{self.name}"

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


def pool_entries(settings: Settings, pool: Pool) -> tuple[Entry, ...]:
    """Return the runner entries that a pool of the settings becomes; several where each has a runner of its own.

    Each of these keeps a machine waiting if any does: one without would ask GitLab for a job first, make its machine
    afterwards, and so take jobs from those that have machines.
    """
    own_runners = settings.own_runners and pool.token is None
    most = min(pool.limit, pool.machine.least_waiting or pool.limit) if own_runners else 1
    return entries(pool.name, pool_placements(pool, settings.network.zones), most)


def machine_name(pool: str, template: str | None, label: str = "", *, fallback: bool = False) -> str:
    """Return MachineName for a placement of a pool, whose template may be given.

    The placement stands behind the %s: gitlab-runner takes for its own what begins like its MachineName up to there
    (`matchesMachineFilter` in executors/docker/machine/name.go), so an entry keeps its machines when it changes its
    placement, and a machine's name tells where it was started.
    """
    given = template or f"{pool}-%s"
    placed = given.replace("%s", f"%s-{label}") if label else given
    return f"{FALLBACK}{placed}" if fallback else placed


def same_machines(one: str, other: str) -> bool:
    """Tell whether the runner would mix up the machines of two MachineNames.

    It takes for its own what begins like its MachineName up to the %s (`matchesMachineFilter` in
    executors/docker/machine/name.go scans the name, and %s takes all that follows).
    """
    prefixes = [name.partition("%s")[0] for name in (one, other)]
    return prefixes[0].startswith(prefixes[1]) or prefixes[1].startswith(prefixes[0])


def _label(zone: str, instance_type: str) -> str:
    return f"{zone.lstrip('-')}-{instance_type.replace('.', '-')}"
