"""What to ask AWS about a stack's machines before they are started, and what AWS said."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from config_render.base.disks import is_paid_by_speed
from config_render.base.problems import Location
from config_render.executors.entries import pool_placements
from config_render.executors.registry import pool_executor
from config_render.settings.pool import Pool
from config_render.settings.spot import ON_DEMAND, Spot
from config_render.settings.stack import Settings

from .fees import fees_of, network_rows, price_region
from .routes import WayOut, existing_subnets
from .spot_history import NO_CAP, SpotHistory
from .spot_quotas import spot_quota

MANAGER = "manager"

_PRICE = "amazonec2-spot-price"
_PRIVATE = "amazonec2-private-address-only"
_MANAGER_DISK = "gp3"
# What docker-machine asks for where spot is requested without a price.
_DRIVERS_CAP = 0.5


@dataclass(frozen=True, kw_only=True)
class Machines:
    """Machines of one pool, or the manager, that are alike in zone and instance type."""

    pool: str
    """The pool's name; `manager` for the manager."""
    at: Location
    """Where the pool, or the manager, is in the settings."""
    zone: str
    """Whole name: eu-central-1a, us-west-2-lax-1a."""
    instance_type: str
    type_at: Location
    image: str | None
    """The image that the settings name; None where a current Ubuntu is looked up."""
    count: int
    """The most that there may be at a time."""
    group: str
    """Those of one group are as many in all: each of the machines is in one of its placements."""
    cap: float | None
    """The highest spot price to pay, in US dollars per hour, or `NO_CAP`; None for on-demand."""
    cap_at: Location = ()
    said: float | None = None
    """What the settings say that such a machine costs on demand."""
    said_at: Location = ()
    disk_type: str
    """EBS type of the root disk."""
    disk_gib: int
    disk_paid_by_speed: bool = False
    """Whether operations or throughput of the disk cost besides its size."""
    public_address: bool

    @property
    def price_region(self) -> str:
        """The region code of the zone in AWS's price list."""
        return price_region(self.zone)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What to ask for; sorted, so that equal settings ask equal questions."""

    region: str
    instance_types: tuple[str, ...]
    zones: tuple[str, ...]
    priced: tuple[tuple[str, str], ...]
    """Instance types with the region codes to ask their on-demand prices for."""
    fees: tuple[tuple[str, str], ...]
    """What else is charged by time, as `fees_of` has it."""
    spot_types: tuple[str, ...]
    spot_zones: tuple[str, ...]
    quotas: tuple[str, ...]
    """Codes of spot quotas."""
    subnets: tuple[str, tuple[str, ...]] | None = None
    """An existing VPC, and those of its subnets whose ways to the internet are asked for."""


@dataclass(frozen=True)
class Failure:
    """A look-up that gave no answer."""

    what: str
    """As a plural: `spot prices`."""
    why: str


@dataclass(frozen=True, kw_only=True)
class Market:
    """What AWS said. What is missing could not be asked, or AWS does not have it; prices are US dollars per hour."""

    spot: Mapping[tuple[str, str], SpotHistory] = field(default_factory=dict)
    """By instance type and zone."""
    on_demand: Mapping[tuple[str, str], float] = field(default_factory=dict)
    """By instance type and region code."""
    fees: Mapping[tuple[str, str], float] = field(default_factory=dict)
    """By what is charged, and region code: for an hour; for disks, by their EBS type, for a GiB and month."""
    offered: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """The wanted zones that have a type, for each type that was asked for."""
    architectures: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """By instance type: x86_64, arm64, i386 and the like."""
    vcpus: Mapping[str, int] = field(default_factory=dict)
    quotas: Mapping[str, float] = field(default_factory=dict)
    """Virtual processors by quota code."""
    ways_out: Mapping[str, WayOut] = field(default_factory=dict)
    """By subnet id."""
    failures: tuple[Failure, ...] = ()


class Grouped(Protocol):
    """What belongs to a group of machines."""

    @property
    def group(self) -> str:
        """The group's name."""


_G = TypeVar("_G", bound=Grouped)


def by_group(every: Iterable[_G]) -> list[list[_G]]:
    """Return the members of each group."""
    found: dict[str, list[_G]] = {}
    for one in every:
        found.setdefault(one.group, []).append(one)
    return list(found.values())


def machines(settings: Settings, region: str) -> list[Machines]:
    """List all machines that the settings allow, those of the pools in their order and then the manager."""
    found = [each for index, pool in enumerate(settings.pools) for each in _pool(settings, region, pool, index)]
    manager = settings.manager
    if manager.host is not None:
        return found
    one = Machines(
        pool=MANAGER,
        at=(MANAGER,),
        zone=region + settings.network.zones[0],
        instance_type=manager.instance_type,
        type_at=(MANAGER, "instanceType"),
        image=manager.ami,
        count=1,
        group=f"the {MANAGER}",
        cap=None,
        disk_type=_MANAGER_DISK,
        disk_gib=manager.root_size,
        public_address=manager.public_address,
    )
    return [*found, one]


def wanted(settings: Settings, region: str) -> Wanted:
    """Return what `report` needs to know of a stack in `region`."""
    every = machines(settings, region)
    spot = [each for each in every if each.cap is not None]
    quotas = [quota for each in spot if (quota := spot_quota(each.instance_type))]
    return Wanted(
        region=region,
        instance_types=tuple(sorted({each.instance_type for each in every})),
        zones=tuple(sorted({each.zone for each in every})),
        priced=tuple(sorted({(each.instance_type, each.price_region) for each in every})),
        fees=fees_of(every, network_rows(settings.network, region)),
        spot_types=tuple(sorted({each.instance_type for each in spot})),
        spot_zones=tuple(sorted({each.zone for each in spot})),
        quotas=tuple(sorted({quota.code for quota in quotas})),
        subnets=existing_subnets(settings.network),
    )


def _pool(settings: Settings, region: str, pool: Pool, index: int) -> list[Machines]:
    found = _at(settings, region, pool, index)
    if pool.on_demand_limit:
        found += _at(settings, region, pool, index, on_demand=True)
    return found


def _at(settings: Settings, region: str, pool: Pool, index: int, *, on_demand: bool = False) -> list[Machines]:
    at: Location = ("pools", index)
    options, prices_at = _options(pool)
    most = pool_executor(settings, pool).most_machines(pool)
    found = []
    for placement in pool_placements(pool, settings.network.zones):
        kind, spot = placement.instance_type, None if on_demand else pool.spot
        # The driver takes a whole name too, where it has an endpoint of its own.
        zone = str(options.get("amazonec2-zone", placement.zone))
        cap, cap_at = options.get(_PRICE, _DRIVERS_CAP), prices_at
        said_at: Location = ("spot", "onDemandPrice")
        if spot:
            said_at = (*said_at, kind) if isinstance(spot.on_demand_price, dict) else said_at
            cap = _cap(spot, kind)
            cap_at = said_at if spot.max_price == ON_DEMAND else ("spot", "maxPrice")
        is_spot = spot or options.get("amazonec2-request-spot-instance")
        place = (pool.instance_types.index(kind),) if "instance_types" in pool.model_fields_set else ()
        found.append(
            Machines(
                pool=pool.name,
                at=at,
                zone=zone if zone.startswith(region) else region + zone,
                instance_type=kind,
                type_at=(*at, "instanceTypes", *place),
                image=pool.ami,
                count=pool.on_demand_limit if on_demand else most - pool.on_demand_limit,
                # No pool's name has a blank in it, so that no other pool's machines, nor the manager, are meant.
                group=f"{pool.name} on demand" if on_demand else pool.name,
                cap=float(cap) if is_spot else None,
                cap_at=(*at, *cap_at),
                said=spot.on_demand(kind) if spot else None,
                said_at=(*at, *said_at),
                disk_type=options["amazonec2-volume-type"],
                disk_gib=options["amazonec2-root-size"],
                disk_paid_by_speed=is_paid_by_speed(
                    options["amazonec2-volume-type"],
                    options.get("amazonec2-volume-iops"),
                    options.get("amazonec2-volume-throughput"),
                ),
                # The driver asks for an address unless it is told not to, whatever the subnet does by itself.
                public_address=not options.get(_PRIVATE, settings.network.private),
            )
        )
    return found


def _cap(spot: Spot, kind: str) -> str | float:
    if spot.max_price is None:
        return NO_CAP
    # AWS itself takes no more than the on-demand price, known here or not.
    known = spot.max_price != ON_DEMAND or spot.on_demand(kind) is not None
    return spot.cap(kind) if known else NO_CAP


def _options(pool: Pool) -> tuple[dict[str, Any], Location]:
    """Return the driver's options as a person has set them, and where a spot price among them stands."""
    return pool.given_options(), ("driver", _PRICE) if pool.driver.spot_price else ("machine", "MachineOptions")
