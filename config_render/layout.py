"""How a pool becomes runner entries: one for each zone and instance type, as the driver takes one of each."""

from collections.abc import Sequence
from dataclasses import dataclass

LONGEST_MACHINE_NAME = 30
"""Including the %s: the runner puts up to 34 characters around it, and a host name has at most 64."""


@dataclass(frozen=True)
class Entry:
    """One zone and one instance type of a pool, spot or on-demand, to be one `[[runners]]`."""

    name: str
    zone: str
    """As a suffix: `a`, `-lax-1a`."""
    instance_type: str
    position: int
    count: int
    """How many entries of its kind the pool has; `position` counts them from 0."""
    label: str = ""
    """What tells it from the pool's other entries; nothing if it is the only one."""
    takes_over: bool = False
    """Whether it is there to go on with on-demand machines where a spot pool finds no capacity."""

    def share(self, total: int) -> int:
        """Return this entry's part of a number of machines; the first ones take the remainder."""
        return total // self.count + (1 if self.position < total % self.count else 0)

    def limit(self, limit: int, on_demand_limit: int) -> int:
        """Return this entry's part of a pool's limit, of which `on_demand_limit` machines are for those taking over."""
        return self.share(on_demand_limit if self.takes_over else max(limit - on_demand_limit, 0))

    def machine_name(self, template: str | None) -> str:
        """Return this entry's MachineName: the template, told apart from the pool's other entries."""
        if template is None:
            return f"{self.name}-%s"
        return template.replace("%s", f"{self.label}-%s") if self.label else template


def entries(
    pool: str, zones: Sequence[str], instance_types: Sequence[str], on_demand_limit: int = 0
) -> tuple[Entry, ...]:
    """Lay out a pool: zones first, as given, and within a zone the types, as given.

    A spot pool of which some machines are on-demand ones has its places a second time for them, as many as get one.
    """
    places = [(zone, instance_type) for zone in zones for instance_type in instance_types]
    taking_over = places[:on_demand_limit]
    only = len(places) == 1 and not taking_over
    return (
        *(_entry(pool, place, n, len(places), "" if only else _label(*place)) for n, place in enumerate(places)),
        *(
            # Not at the end: a name must not begin like another one.
            _entry(pool, place, n, len(taking_over), f"od-{_label(*place)}", takes_over=True)
            for n, place in enumerate(taking_over)
        ),
    )


def _entry(
    pool: str, place: tuple[str, str], position: int, count: int, label: str, *, takes_over: bool = False
) -> Entry:
    name = f"{pool}-{label}" if label else pool
    return Entry(name, *place, position, count, label, takes_over)


def same_machines(one: str, other: str) -> bool:
    """Tell whether the runner would mix up the machines of two MachineNames.

    It takes for its own what begins like its MachineName up to the %s (`matchesMachineFilter` in
    executors/docker/machine/name.go scans the name, and %s takes all that follows).
    """
    prefixes = [name.partition("%s")[0] for name in (one, other)]
    return prefixes[0].startswith(prefixes[1]) or prefixes[1].startswith(prefixes[0])


def _label(zone: str, instance_type: str) -> str:
    return f"{zone.lstrip('-')}-{instance_type.replace('.', '-')}"
