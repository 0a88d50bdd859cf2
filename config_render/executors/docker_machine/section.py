"""What is particular in the `[[runners]]` of docker+machine: `[runners.machine]`."""

from typing import TypeVar

from ...base.tags import DEPLOYMENT_TAG, MANAGER_TAG
from ...settings.machine import Autoscaling, Machine
from ...settings.pool import Pool, user_data_path
from ...settings.stack import Settings
from ..created import CreatedResources
from ..entries import Entry, Placement
from .entries import machine_name
from .options import MachineSpec, machine_options

_Numbers = TypeVar("_Numbers", Machine, Autoscaling)


def machine_table(settings: Settings, created: CreatedResources, pool: Pool, entry: Entry) -> dict[str, object]:
    machine = pool.machine
    growth = machine.max_growth_rate
    return machine.table(
        **_shares(machine, entry),
        max_growth_rate=max(1, entry.share(growth)) if growth else growth,
        machine_name=machine_name(pool.name, machine.machine_name, entry.home.label),
        machine_options=placed_options(settings, created, pool, entry.home),
        autoscaling=[period.table(**_shares(period, entry)) for period in machine.autoscaling or ()] or None,
    )


def placed_options(
    settings: Settings, created: CreatedResources, pool: Pool, placement: Placement, *, fallback: bool = False
) -> list[str]:
    """Return MachineOptions of a pool for one of its placements, on demand for the `fallback` of spot machines."""
    spec = MachineSpec(
        region=created.region,
        zone=placement.zone,
        vpc_id=created.vpc_id,
        subnet_id=created.subnets[created.region + placement.zone],
        security_group=created.security_group,
        instance_type=placement.instance_type,
        instance_profile=created.instance_profile,
        ami=pool.ami or created.images[pool.image_key(placement.instance_type)],
        spot_price=pool.spot.cap(placement.instance_type) if pool.spot and not fallback else None,
        tags={MANAGER_TAG: pool.name, DEPLOYMENT_TAG: created.deployment, **settings.tags},
        private=settings.network.private,
        user_data=user_data_path(pool.name) if pool.user_data else None,
        by_key=settings.identity.by_key,
    )
    return machine_options(spec, pool.driver, pool.machine.machine_options or ())


def _shares(numbers: _Numbers, entry: Entry) -> dict[str, int | None]:
    least = numbers.idle_count_min
    return {
        "idle_count": entry.share(numbers.idle_count),
        "idle_count_min": None if least is None else entry.share(least),
    }
