"""The executors that there are, and what each has to bring: a further one is a class here."""

from typing import Protocol

from ..settings.pool import Pool
from ..settings.runner import Executor
from ..settings.stack import Settings
from .created import CreatedResources
from .docker_autoscaler.group import spot_max_price
from .docker_autoscaler.section import autoscaler_table, group_entry
from .docker_machine.entries import machine_entries
from .docker_machine.section import machine_table
from .entries import Entry


class PoolExecutor(Protocol):
    """How the pools of one executor become `[[runners]]`."""

    def entries(self, settings: Settings, pool: Pool) -> tuple[Entry, ...]:
        """Return the entries that a pool becomes, one or more."""

    def tables(self, settings: Settings, created: CreatedResources, pool: Pool, entry: Entry) -> dict[str, object]:
        """Return the tables of an entry that no other executor has, by the names of the fields of `RunnerKeys`.

        Those that it has not are None.
        """

    def most_machines(self, pool: Pool) -> int:
        """Return the most machines that a pool may have at a time, less those that are being removed."""

    def price_caps(self, pool: Pool) -> list[str]:
        """Return the highest prices, in US dollars per hour, at which machines start; none for those on demand."""

    def on_demand_on_top(self, pool: Pool) -> int:
        """Return how many of them are on demand and come on top of the limit, while there is no spot capacity."""

    def feature_flags(self, pool: Pool) -> dict[str, bool]:
        """Return the feature flags that a pool needs, whatever its settings say."""


class _DockerMachine:
    def entries(self, settings: Settings, pool: Pool) -> tuple[Entry, ...]:
        return machine_entries(settings, pool)

    def tables(self, settings: Settings, created: CreatedResources, pool: Pool, entry: Entry) -> dict[str, object]:
        return {"machine": machine_table(settings, created, pool, entry), "autoscaler": None}

    def most_machines(self, pool: Pool) -> int:
        return pool.limit + pool.on_demand_limit

    def price_caps(self, pool: Pool) -> list[str]:
        return [pool.spot.cap(each) for each in pool.instance_types] if pool.spot else []

    def on_demand_on_top(self, pool: Pool) -> int:
        return pool.on_demand_limit

    def feature_flags(self, pool: Pool) -> dict[str, bool]:
        return {}


class _DockerAutoscaler:
    def entries(self, settings: Settings, pool: Pool) -> tuple[Entry, ...]:
        return (group_entry(settings, pool),)

    def tables(self, settings: Settings, created: CreatedResources, pool: Pool, entry: Entry) -> dict[str, object]:
        return {"machine": None, "autoscaler": autoscaler_table(settings, created, pool)}

    def most_machines(self, pool: Pool) -> int:
        return pool.most_instances

    def price_caps(self, pool: Pool) -> list[str]:
        cap = spot_max_price(pool)
        return [] if cap is None else [cap]

    def on_demand_on_top(self, pool: Pool) -> int:
        return 0

    def feature_flags(self, pool: Pool) -> dict[str, bool]:
        # A machine that AWS took back would be sent jobs for six looks at its group.
        return {"FF_USE_FLEETING_ACQUIRE_HEARTBEATS": True} if pool.spot else {}


_EXECUTORS: dict[Executor, PoolExecutor] = {
    "docker+machine": _DockerMachine(),
    "docker-autoscaler": _DockerAutoscaler(),
}


def pool_executor(settings: Settings, pool: Pool) -> PoolExecutor:
    """Return the executor of a pool of the settings."""
    return _EXECUTORS[settings.executor_of(pool)]


def pool_entries(settings: Settings, pool: Pool) -> tuple[Entry, ...]:
    """Return the runner entries that a pool of the settings becomes."""
    return pool_executor(settings, pool).entries(settings, pool)
