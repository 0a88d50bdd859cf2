"""Asking AWS, before anything is created, for what settings name as being there already."""

from collections.abc import Callable
from typing import TypeVar

import pulumi

from config_render import (
    DEFAULT_VPC,
    ExistingNetwork,
    ExistingResources,
    ExistingSubnet,
    Problem,
    Settings,
    existing_problems,
    problem,
)

from .. import aws

T = TypeVar("T")
Location = tuple[str | int, ...]


class Lookups:
    """Look-ups that collect what can't be found instead of stopping at it."""

    def __init__(self, opts: pulumi.InvokeOptions | None) -> None:
        self.problems: list[Problem] = []
        self._opts = opts

    def ask(self, at: Location, value: str, call: Callable[..., T], **which: object) -> T | None:
        """Return the answer, or None after taking down that `value`, which stands at `at`, can't be had."""
        try:
            return call(**which, opts=self._opts)
        # The SDK raises plain Exception when a look-up fails.
        except Exception as error:
            reason = str(error).rpartition("returned an error: ")[2].partition("\n")[0] or type(error).__name__
            self.problems.append(problem(at, f"can't be found in AWS: {reason}; check the id and aws:region", value))
            return None


def lookup_existing(
    settings: Settings, region: str, opts: pulumi.InvokeOptions | None = None, *, network_given: bool = False
) -> tuple[ExistingResources, list[Problem]]:
    """Return what the settings' VPC, subnets, group and images are, and what of it is not there or does not fit.

    Asks nothing where all is to be created, nor for a network that is given. `opts` say through which provider.
    """
    lookups = Lookups(opts)
    network = None if settings.network.is_new or network_given else _network(settings, region, lookups)
    images = {}
    named = [(("pools", index, "ami"), pool.ami) for index, pool in enumerate(settings.pools)]
    for at, ami in [*named, (("manager", "ami"), settings.manager.ami)]:
        if ami is not None and ami not in images:
            found = lookups.ask(at, ami, aws.get_ami, filters=[{"name": "image-id", "values": [ami]}])
            images[ami] = found.architecture if found else ""
    around = ExistingResources(network=network, images=images)
    return around, [*lookups.problems, *existing_problems(settings, region, around)]


def _network(settings: Settings, region: str, lookups: Lookups) -> ExistingNetwork | None:
    given = settings.network
    at: Location = ("network", "vpcId")
    default = given.vpc_id == DEFAULT_VPC
    which = {"default": True} if default else {"id": given.vpc_id}
    vpc = lookups.ask(at, str(given.vpc_id), aws.get_vpc, **which)
    if given.subnet_ids is None:
        subnets = [
            _subnet(lookups, ("network", "zones", index), zone, availability_zone=region + zone, default_for_az=True)
            for index, zone in enumerate(given.zones)
        ]
    else:
        subnets = [
            _subnet(lookups, ("network", "subnetIds", index), subnet_id, id=subnet_id)
            for index, subnet_id in enumerate(given.subnet_ids)
        ]
    manager = subnets[0]
    if given.manager_subnet_id is not None:
        manager = _subnet(lookups, ("network", "managerSubnetId"), given.manager_subnet_id, id=given.manager_subnet_id)
    group = None
    if given.worker_security_group is not None and vpc is not None:
        name = given.worker_security_group
        at = ("network", "workerSecurityGroup")
        found = lookups.ask(at, name, aws.get_security_group, name=name, vpc_id=vpc.id)
        group = found.arn if found else None
    if vpc is None or manager is None or None in subnets:
        return None
    return ExistingNetwork(
        vpc_id=vpc.id,
        vpc_arn=vpc.arn,
        subnets=tuple(subnet for subnet in subnets if subnet is not None),
        manager_subnet=manager,
        worker_group=group,
    )


def _subnet(lookups: Lookups, at: Location, value: str, **which: object) -> ExistingSubnet | None:
    found = lookups.ask(at, value, aws.get_subnet, **which)
    if found is None:
        return None
    return ExistingSubnet(
        id=found.id,
        arn=found.arn,
        zone=found.availability_zone,
        vpc_id=found.vpc_id,
        free_addresses=found.available_ip_address_count,
    )
