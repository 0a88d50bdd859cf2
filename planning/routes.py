"""Where the route tables of existing subnets send what is for the internet."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from config_render.settings.network import DEFAULT_VPC, NetworkSettings


class WayOut(StrEnum):
    """Where a subnet's route table sends what is for the internet."""

    GATEWAY = "internet gateway"
    """Serves public addresses alone."""
    OTHER = "other"
    """A NAT gateway, or another VPC's by a transit gateway and the like: what is behind it can't be reached from
    outside."""
    NONE = "none"


_INTERNET = ("0.0.0.0/0", "0.0.0.0/1")
# From these it can't be told where they lead, unless they are a gateway endpoint's or stay inside.
_OBSCURE = ("DestinationPrefixListId", "DestinationIpv6CidrBlock")
_INSIDE = ("vpce-", "local")


def existing_subnets(network: NetworkSettings) -> tuple[str, tuple[str, ...]] | None:
    """Return the VPC that the settings name, with the subnets that they name; None where they name none."""
    if network.vpc_id in (None, DEFAULT_VPC) or not network.subnet_ids:
        return None
    manager = () if network.manager_subnet_id is None else (network.manager_subnet_id,)
    return str(network.vpc_id), tuple(sorted({*network.subnet_ids, *manager}))


def ways_out(tables: Iterable[Mapping[str, Any]], subnets: Iterable[str]) -> dict[str, WayOut]:
    """Return the ways out of subnets; those that the tables don't tell for certain are left out.

    Args:
        tables: Of one VPC, as EC2's DescribeRouteTables returns them.
        subnets: Ids.
    """
    main: WayOut | None = None
    own: dict[str, WayOut | None] = {}
    for table in tables:
        way = _way(table["Routes"])
        for each in table["Associations"]:
            if each.get("Main"):
                main = way
            elif "SubnetId" in each:
                own[each["SubnetId"]] = way
    found = {subnet: own.get(subnet, main) for subnet in subnets}
    return {subnet: way for subnet, way in found.items() if way is not None}


def _way(routes: Iterable[Mapping[str, Any]]) -> WayOut | None:
    # What led to a gateway that is gone is a blackhole.
    live = [route for route in routes if route.get("State") == "active"]
    for route in live:
        if route.get("DestinationCidrBlock") in _INTERNET:
            return WayOut.GATEWAY if _gateway(route).startswith("igw-") else WayOut.OTHER
    obscure = (route for route in live if any(key in route for key in _OBSCURE))
    return None if any(not _gateway(route).startswith(_INSIDE) for route in obscure) else WayOut.NONE


def _gateway(route: Mapping[str, Any]) -> str:
    return str(route.get("GatewayId", ""))
