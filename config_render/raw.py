"""Settings as they come from the stack file, before anything is known to be right.

Rules that join several values are checked on this view, so that they are reported together with mistakes of type:
each getter gives up what it can't use, which has been reported already.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from .machine import check_machine_name
from .pool import Pool
from .problems import Location
from .sections import Entry, entries
from .settings import NetworkSettings


def table(value: object) -> Mapping[str, Any]:
    """Return a table, or an empty one in place of anything else."""
    return value if isinstance(value, Mapping) else {}


def items(value: object) -> list[Any]:
    """Return a list, or an empty one in place of anything else."""
    return list(value) if isinstance(value, list | tuple) else []


def texts(value: object) -> tuple[str, ...]:
    """Return the texts of a list, each once."""
    return tuple(dict.fromkeys(item for item in items(value) if isinstance(item, str)))


def text(value: object) -> str | None:
    """Return a text, or None in place of anything else."""
    return value if isinstance(value, str) else None


def whole(value: object) -> int | None:
    """Return a whole number, or None in place of anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


@dataclass(frozen=True)
class RawPool:
    """One entry of `pools`."""

    index: int
    content: Mapping[str, Any]
    network_zones: tuple[str, ...]

    def at(self, *keys: str | int) -> Location:
        """Locate a value of this pool."""
        return ("pools", self.index, *keys)

    @property
    def name(self) -> str | None:
        return text(self.content.get("name"))

    @property
    def limit(self) -> int | None:
        return whole(self.content.get("limit"))

    @property
    def machine(self) -> Mapping[str, Any]:
        return table(self.content.get("machine"))

    @property
    def machine_name(self) -> str | None:
        return text(self.machine.get("MachineName"))

    @property
    def machine_name_is_usable(self) -> bool:
        return self.machine_name is None or check_machine_name(self.machine_name) is None

    @property
    def machine_name_from(self) -> Location:
        """What the machines' names are made of."""
        return ("name",) if self.machine_name is None else ("machine", "MachineName")

    @property
    def options(self) -> tuple[str, ...]:
        return texts(self.machine.get("MachineOptions"))

    @property
    def zones(self) -> tuple[str, ...]:
        return texts(self.content.get("zones")) or self.network_zones

    @property
    def instance_types(self) -> tuple[str, ...]:
        default: tuple[str, ...] = Pool.model_fields["instance_types"].default
        return texts(self.content.get("instanceTypes")) or default

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The runner entries; a pool without a usable name still has as many."""
        return entries(self.name or "", self.zones, self.instance_types)


def network_zones(raw: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the zones of the network."""
    default: tuple[str, ...] = NetworkSettings.model_fields["zones"].default
    return texts(table(raw.get("network")).get("zones")) or default


def pools(raw: Mapping[str, Any]) -> list[RawPool]:
    """Return those entries of `pools` that are tables."""
    zones = network_zones(raw)
    return [
        RawPool(index, content, zones)
        for index, content in enumerate(items(raw.get("pools")))
        if isinstance(content, Mapping)
    ]


def walk(value: object, at: Location = ()) -> Iterator[tuple[Location, str]]:
    """Yield every text of the settings, keys included, with its place."""
    if isinstance(value, str):
        yield at, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield (*at, str(key)), str(key)
            yield from walk(item, (*at, str(key)))
    else:
        for index, item in enumerate(items(value)):
            yield from walk(item, (*at, index))
