"""The executors that there are, and what each has to bring: a further one is a class here."""

from typing import Protocol

from ..settings.pool import Pool
from ..settings.runner import Executor
from ..settings.stack import Settings
from .docker_machine.entries import machine_entries
from .docker_machine.section import machine_table
from .entries import Entry
from .facts import Facts


class PoolExecutor(Protocol):
    """How the pools of one executor become `[[runners]]`."""

    def entries(self, settings: Settings, pool: Pool) -> tuple[Entry, ...]:
        """Return the entries that a pool becomes, one or more."""

    def tables(self, settings: Settings, facts: Facts, pool: Pool, entry: Entry) -> dict[str, object]:
        """Return the tables of an entry that no other executor has, by the names of the fields of `RunnerKeys`.

        Those that it has not are None.
        """

    def most_machines(self, pool: Pool) -> int:
        """Return the most machines that a pool may have at a time, less those that are being removed."""

    def on_demand_on_top(self, pool: Pool) -> int:
        """Return how many of them are on demand and come on top of the limit, while there is no spot capacity."""

    def feature_flags(self, pool: Pool) -> dict[str, bool]:
        """Return the feature flags that a pool needs, whatever its settings say."""


class _DockerMachine:
    def entries(self, settings: Settings, pool: Pool) -> tuple[Entry, ...]:
        return machine_entries(settings, pool)

    def tables(self, settings: Settings, facts: Facts, pool: Pool, entry: Entry) -> dict[str, object]:
        return {"machine": machine_table(settings, facts, pool, entry)}

    def most_machines(self, pool: Pool) -> int:
        return pool.limit + pool.on_demand_limit

    def on_demand_on_top(self, pool: Pool) -> int:
        return pool.on_demand_limit

    def feature_flags(self, pool: Pool) -> dict[str, bool]:
        return {}


_EXECUTORS: dict[Executor, PoolExecutor] = {
    "docker+machine": _DockerMachine(),
}


def pool_entries(settings: Settings, pool: Pool) -> tuple[Entry, ...]:
    """Return the runner entries that a pool of the settings becomes."""
    return _EXECUTORS[settings.executor_of(pool)].entries(settings, pool)


def tables(settings: Settings, facts: Facts, pool: Pool, entry: Entry) -> dict[str, object]:
    """Return the tables of an entry that only its executor has."""
    return _EXECUTORS[settings.executor_of(pool)].tables(settings, facts, pool, entry)


def most_machines(settings: Settings, pool: Pool) -> int:
    """Return the most machines that a pool of the settings may have at a time, less those that are being removed."""
    return _EXECUTORS[settings.executor_of(pool)].most_machines(pool)


def on_demand_on_top(settings: Settings, pool: Pool) -> int:
    """Return how many on-demand machines of a pool come on top of its limit, while there is no spot capacity."""
    return _EXECUTORS[settings.executor_of(pool)].on_demand_on_top(pool)


def feature_flags(settings: Settings, pool: Pool) -> dict[str, bool]:
    """Return the feature flags that a pool of the settings needs."""
    return _EXECUTORS[settings.executor_of(pool)].feature_flags(pool)
