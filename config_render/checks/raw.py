"""Settings as they come from the stack file, before anything is known to be right.

Rules that join several values are checked on this view, so that they are reported together with errors of type:
each getter gives up what it can't use, which has been reported already.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from ..base.problems import Location
from ..executors.docker_machine.entries import FALLBACK, machine_name
from ..executors.entries import Placement, entries, placements
from ..settings.machine import check_machine_name
from ..settings.network import NetworkSettings
from ..settings.pool import Pool
from ..settings.runner import Executor
from ..settings.stack import Settings


def table(value: object) -> Mapping[str, object]:
    """Return a table, or an empty one in place of anything else."""
    # Not Mapping: to ask for that takes ten times as long, thousands of times.
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[object]:
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


@dataclass(frozen=True, slots=True)
class RawPool:
    """One entry of `pools`."""

    index: int
    content: Mapping[str, object]
    name: str | None
    limit: int | None
    docker: Mapping[str, object]
    machine: Mapping[str, object]
    machine_name: str | None
    driver: Mapping[str, object]
    options: Mapping[str, object]
    """What is given for the driver's options in either place; texts where they are written as such."""
    on_demand_limit: int
    zones: tuple[str, ...]
    instance_types: tuple[str, ...]
    executor: str
    """Its own, or that of all pools; not one of the known ones where that is mistaken."""
    placements: tuple[Placement, ...]

    def at(self, *keys: str | int) -> Location:
        """Locate a value of this pool."""
        return ("pools", self.index, *keys)

    @property
    def by_machine(self) -> bool:
        """Whether docker-machine makes its machines."""
        return self.executor == "docker+machine"

    @property
    def autoscaler(self) -> Mapping[str, object]:
        """The table of docker-autoscaler."""
        return table(self.content.get("autoscaler"))

    @property
    def on_demand_on_top(self) -> int:
        """How many on-demand machines come on top of limit."""
        return self.on_demand_limit if self.by_machine else 0

    @property
    def most_machines(self) -> int:
        """The most machines that the pool may have at a time."""
        if self.by_machine:
            return (self.limit or 0) + self.on_demand_limit
        jobs = whole(self.autoscaler.get("capacity_per_instance")) or 1
        return math.ceil((self.limit or 0) / max(jobs, 1))

    @property
    def machine_names(self) -> list[str]:
        """MachineName of each placement, on spot capacity or as the settings say, and on demand."""
        kinds = (False, True) if self.on_demand_on_top else (False,)
        return [
            machine_name(self.name or "", self.machine_name, placement.label, fallback=fallback)
            for fallback in kinds
            for placement in self.placements
        ]

    @property
    def machine_name_is_usable(self) -> bool:
        return self.machine_name is None or check_machine_name(self.machine_name) is None

    @property
    def machine_name_from(self) -> Location:
        """What the machines' names are made of."""
        return ("name",) if self.machine_name is None else ("machine", "MachineName")

    def option_at(self, name: str) -> Location:
        """Locate one of the driver's options in the place that it is given in."""
        for index, option in enumerate(items(self.machine.get("MachineOptions"))):
            if isinstance(option, str) and option.partition("=")[0] == name and name not in self.driver:
                return self.at("machine", "MachineOptions", index)
        return self.at("driver", name)


def _pool(index: int, content: Mapping[str, object], network_zones: tuple[str, ...], executor: str) -> RawPool:
    machine, driver = table(content.get("machine")), table(content.get("driver"))
    written = dict(option.partition("=")[::2] for option in texts(machine.get("MachineOptions")))
    name = text(content.get("name"))
    zones = texts(content.get("zones")) or network_zones
    types = texts(content.get("instanceTypes")) or _DEFAULT_TYPES
    on_demand = max(whole(table(content.get("spot")).get("onDemandLimit")) or 0, 0)
    return RawPool(
        index=index,
        content=content,
        name=name,
        limit=whole(content.get("limit")),
        docker=table(content.get("docker")),
        machine=machine,
        machine_name=text(machine.get("MachineName")),
        driver=driver,
        options={**written, **driver},
        on_demand_limit=on_demand,
        zones=zones,
        instance_types=types,
        executor=text(content.get("executor")) or executor,
        placements=placements(zones, types),
    )


@dataclass(frozen=True)
class RawStack:
    """All settings."""

    content: Mapping[str, object]

    def table(self, *keys: str) -> Mapping[str, object]:
        """Return the table that these keys lead to."""
        found = self.content
        for key in keys:
            found = table(found.get(key))
        return found

    def token_of(self, pool: RawPool) -> str | None:
        """Return what stands for the token of a pool's runner: equal for pools that share one."""
        own = text(pool.content.get("token"))
        each = self.table("createRunner").get("each", "deployment")
        return own or (None if each == "deployment" else pool.name)

    def section_names(self, pool: RawPool) -> list[str]:
        """Return what the pool's sections of config.toml may be called, those that are live at times included."""
        own = self.table("createRunner").get("each") == "entry" and text(pool.content.get("token")) is None
        names = [pool.name or ""]
        if own and pool.by_machine:  # How many of these there are, or one, follows from numbers that may be wrong.
            names += [entry.name for entry in entries(names[0], pool.placements, len(pool.placements))]
        return [*names, *(f"{FALLBACK}{name}" for name in names if pool.on_demand_on_top)]

    @cached_property
    def zones(self) -> tuple[str, ...]:
        """The zones of the network."""
        return texts(self.table("network").get("zones")) or _DEFAULT_ZONES

    @cached_property
    def pools(self) -> tuple[RawPool, ...]:
        """Those entries of `pools` that are tables."""
        given = enumerate(items(self.content.get("pools")))
        executor = text(self.content.get("executor")) or _DEFAULT_EXECUTOR
        return tuple(
            _pool(index, content, self.zones, executor) for index, content in given if isinstance(content, dict)
        )


_DEFAULT_TYPES: tuple[str, ...] = Pool.model_fields["instance_types"].default
_DEFAULT_EXECUTOR: Executor = Settings.model_fields["executor"].default
_DEFAULT_ZONES: tuple[str, ...] = NetworkSettings.model_fields["zones"].default


def walk(value: object, at: Location = ()) -> Iterator[tuple[Location, str]]:
    """Yield every text of the settings, keys included, with its place."""
    if isinstance(value, str):
        yield at, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield (*at, str(key)), str(key)
            yield from walk(item, (*at, str(key)))
    else:
        for index, item in enumerate(items(value)):
            yield from walk(item, (*at, index))
