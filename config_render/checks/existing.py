"""Whether settings fit to what is in the account. Pure: asking AWS is the caller's part."""

from collections.abc import Iterator, Mapping

from ..base.instance_types import architecture
from ..base.problems import Location, Problem, problem
from ..executors.entries import pool_placements
from ..executors.registry import pool_executor
from ..settings.existing import ExistingNetwork, ExistingResources
from ..settings.stack import Settings


def existing_problems(settings: Settings, region: str, found: ExistingResources) -> list[Problem]:
    """Return what does not fit the existing resources; `settings` are those before `with_existing_zones`."""
    problems = [*_image_problems(settings, found.images)]
    if found.network is not None:
        problems += [*_subnet_problems(settings, found.network), *_zone_problems(settings, region, found.network)]
    return problems


def _image_problems(settings: Settings, images: Mapping[str, str]) -> Iterator[Problem]:
    named: list[tuple[Location, str | None, str]] = [
        (("pools", index, "ami"), pool.ami, pool.instance_types[0]) for index, pool in enumerate(settings.pools)
    ]
    named.append((("manager", "ami"), settings.manager.ami, settings.manager.instance_type))
    for at, image, instance_type in named:
        built_for = images.get(image or "")
        if built_for and built_for != architecture(instance_type):
            message = f"is for {built_for}, while {instance_type} is {architecture(instance_type)}; take another image"
            yield problem(at, message, image)


def _subnet_problems(settings: Settings, network: ExistingNetwork) -> Iterator[Problem]:
    given = settings.network.subnet_ids or ()
    zones: dict[str, str] = {}
    for index, subnet in enumerate(network.subnets):
        at = ("network", "subnetIds", index) if given else ("network", "zones", index)
        if subnet.vpc_id != network.vpc_id:
            message = f"is in {subnet.vpc_id}, not in vpcId {network.vpc_id}; take a subnet of that one"
            yield problem(at, message, subnet.id)
        if subnet.zone in zones:
            message = f"is in {subnet.zone}, as {zones[subnet.zone]} is; there can be one subnet for each zone"
            yield problem(at, message, subnet.id)
        zones.setdefault(subnet.zone, subnet.id)
    outside = network.manager_subnet
    if outside.vpc_id != network.vpc_id and outside.id == settings.network.manager_subnet_id:
        message = f"is in {outside.vpc_id}, not in vpcId {network.vpc_id}; take a subnet of that one"
        yield problem(("network", "managerSubnetId"), message, outside.id)


def _zone_problems(settings: Settings, region: str, network: ExistingNetwork) -> Iterator[Problem]:
    by_zone = {subnet.zone.removeprefix(region): subnet for subnet in network.subnets}
    wanted = dict.fromkeys(by_zone, 0)
    for index, pool in enumerate(settings.pools):
        for place, zone in enumerate(pool.zones or ()):
            if zone not in by_zone:
                message = f"has no subnet; those of network are in the zones {', '.join(by_zone)}"
                yield problem(("pools", index, "zones", place), message, zone)
        # All of a pool's machines may be in one zone when the others have no capacity.
        for zone in dict.fromkeys(placement.zone for placement in pool_placements(pool, tuple(by_zone))):
            wanted[zone] = wanted.get(zone, 0) + pool_executor(settings, pool).most_machines(pool)
    for zone, subnet in by_zone.items():
        if wanted[zone] > subnet.free_addresses:
            message = (
                f"has {subnet.free_addresses} free addresses, while the limits of the pools allow {wanted[zone]} "
                f"machines in zone {zone}; lower the limits or take a larger subnet"
            )
            place = list(by_zone).index(zone)
            at = ("network", "subnetIds" if settings.network.subnet_ids else "zones", place)
            yield problem(at, message, subnet.id)
