"""How a pool becomes runner entries: one for each zone and instance type, as the driver takes one of each."""

from collections.abc import Sequence
from dataclasses import dataclass

LONGEST_MACHINE_NAME = 30
"""Including the %s: the runner puts up to 34 characters around it, and a host name has at most 64."""


@dataclass(frozen=True)
class Entry:
    """One zone and one instance type of a pool, to be one `[[runners]]`."""

    name: str
    zone: str
    """As a suffix: `a`, `-lax-1a`."""
    instance_type: str
    position: int
    count: int
    """How many entries the pool has; `position` counts them from 0."""

    def share(self, total: int) -> int:
        """Return this entry's part of a number of machines; the first ones take the remainder."""
        return total // self.count + (1 if self.position < total % self.count else 0)

    def machine_name(self, template: str | None) -> str:
        """Return this entry's MachineName: the template, told apart from the pool's other entries."""
        if template is None:
            return f"{self.name}-%s"
        return template if self.count == 1 else template.replace("%s", f"{_place(self.zone, self.instance_type)}-%s")


def entries(pool: str, zones: Sequence[str], instance_types: Sequence[str]) -> tuple[Entry, ...]:
    """Lay out a pool: zones first, as given, and within a zone the types, as given."""
    places = [(zone, instance_type) for zone in zones for instance_type in instance_types]
    return tuple(
        Entry(
            name=pool if len(places) == 1 else f"{pool}-{_place(zone, instance_type)}",
            zone=zone,
            instance_type=instance_type,
            position=position,
            count=len(places),
        )
        for position, (zone, instance_type) in enumerate(places)
    )


def same_machines(one: str, other: str) -> bool:
    """Tell whether the runner would mix up the machines of two MachineNames.

    It takes for its own what begins like its MachineName up to the %s (`matchesMachineFilter` in
    executors/docker/machine/name.go scans the name, and %s takes all that follows).
    """
    prefixes = [name.partition("%s")[0] for name in (one, other)]
    return prefixes[0].startswith(prefixes[1]) or prefixes[1].startswith(prefixes[0])


def _place(zone: str, instance_type: str) -> str:
    return f"{zone.lstrip('-')}-{instance_type.replace('.', '-')}"
