"""Existing subnets and their ways to the internet: how route tables are read, and what is said of addresses."""

from typing import Any

import pytest

from planning.prices import Market, report
from planning.routes import WayOut, existing_subnets, ways_out

from .settings_samples import REGION, parsed, stack

LOCAL = {"DestinationCidrBlock": "10.0.0.0/16", "GatewayId": "local", "State": "active"}
S3 = {"DestinationPrefixListId": "pl-6da54004", "GatewayId": "vpce-0123", "State": "active"}
IPV6_LOCAL = {"DestinationIpv6CidrBlock": "fd00::/56", "GatewayId": "local", "State": "active"}
IPV6 = {"DestinationIpv6CidrBlock": "::/0", "EgressOnlyInternetGatewayId": "eigw-0123", "State": "active"}
LISTED = {"DestinationPrefixListId": "pl-0123", "TransitGatewayId": "tgw-0123", "State": "active"}
PRIVATE = "amazonec2-private-address-only"


def default(state: str = "active", **target: str) -> dict[str, str]:
    return {"DestinationCidrBlock": "0.0.0.0/0", "State": state, **target}


IGW, NAT, TGW = default(GatewayId="igw-0123"), default(NatGatewayId="nat-0123"), default(TransitGatewayId="tgw-0123")
GONE = default("blackhole", NatGatewayId="nat-0123")
HALVES = [{**NAT, "DestinationCidrBlock": f"{half}.0.0.0/1"} for half in (0, 128)]


@pytest.mark.parametrize(
    ("routes", "way"),
    [
        ([LOCAL, IGW], WayOut.GATEWAY),
        ([LOCAL, NAT], WayOut.OTHER),
        ([LOCAL, TGW], WayOut.OTHER),
        ([LOCAL, *HALVES], WayOut.OTHER),
        ([LOCAL], WayOut.NONE),
        ([LOCAL, S3, IPV6_LOCAL], WayOut.NONE),
        ([LOCAL, GONE], WayOut.NONE),
        ([LOCAL, IPV6, IGW], WayOut.GATEWAY),
        ([LOCAL, IPV6], None),
        ([LOCAL, LISTED], None),
    ],
)
def test_the_route_for_everything_else_tells_the_way_out(routes: list[Any], way: WayOut | None) -> None:
    table = {"Routes": routes, "Associations": [{"Main": False, "SubnetId": "subnet-a"}]}
    assert ways_out([table], ["subnet-a"]) == ({} if way is None else {"subnet-a": way})


def test_a_subnet_without_a_route_table_of_its_own_has_the_main_one() -> None:
    main = {"Routes": [LOCAL, IGW], "Associations": [{"Main": True}]}
    own = {"Routes": [LOCAL], "Associations": [{"Main": False, "SubnetId": "subnet-b"}, {"GatewayId": "igw-0123"}]}

    for tables in ([main, own], [own, main]):
        assert ways_out(tables, ["subnet-a", "subnet-b"]) == {"subnet-a": "internet gateway", "subnet-b": "none"}
    assert ways_out([own], ["subnet-a", "subnet-b"]) == {"subnet-b": "none"}  # the VPC's owner may be another account


def existing(
    *pools: dict[str, Any], manager: dict[str, Any] | None = None, subnets: str = "ab", **network: Any
) -> dict[str, Any]:
    each = [{"name": f"p{n}", "limit": 2, **pool} for n, pool in enumerate(pools or ({},))]
    network = {"vpcId": "vpc-1", "subnetIds": [f"subnet-{zone}" for zone in subnets], **network}
    return stack(pools=each, network=network, manager={"sshFrom": ["203.0.113.7/32"], **(manager or {})})


def told(raw: dict[str, Any], **ways: str) -> list[str]:
    settings = parsed(raw)
    zones = tuple(each.removeprefix("subnet-") for each in settings.network.subnet_ids or ())
    placed = settings.model_copy(update={"network": settings.network.model_copy(update={"zones": zones})})
    market = Market(ways_out={f"subnet-{name}": WayOut(way) for name, way in ways.items()})
    return [str(each).removeprefix("gitlab-runner-aws:") for each in report(placed, REGION, market).warnings]


NO_WAY = "has no route to the internet, so that"
ROUTE = "add one for 0.0.0.0/0, such as to a NAT gateway, or"
PUBLIC_ALONE = "leads to an internet gateway, which serves public addresses alone;"
BEHIND = "leads to no internet gateway of its own, so that"
SUBNET = "missing: subnet-a leads to no internet gateway of its own, so that the public address of each machine there"
CLOSED: dict[str, Any] = {"driver": {PRIVATE: True}}
INSIDE = {"publicAddress": False}
PROXY = {"url": "http://proxy.example.com:3128", "noProxy": ["10.0.0.0/16"]}


@pytest.mark.parametrize(
    ("raw", "ways", "expected"),
    [
        (existing(), {"a": "internet gateway", "b": "internet gateway"}, []),
        (existing(CLOSED, manager=INSIDE), {"a": "other", "b": "other"}, []),
        (existing(), {}, []),
        (
            existing({}, {}),
            {"a": "internet gateway", "b": "none"},
            [
                f"network.subnetIds[1] = subnet-b: {NO_WAY} machines there can fetch neither Docker nor images; "
                f"{ROUTE} take another subnet"
            ],
        ),
        (existing({"zones": ["a"]}), {"a": "internet gateway", "b": "none"}, []),
        (
            existing({"driver": {"engine-env": ["HTTPS_PROXY=http://proxy.example.com:3128"]}}),
            {"a": "internet gateway", "b": "none"},
            [],
        ),
        (
            existing(CLOSED, {}, manager=INSIDE, managerSubnetId="subnet-m"),
            {"a": "internet gateway", "b": "internet gateway", "m": "other"},
            [
                f"pools[0].driver.{PRIVATE} = true: leaves machines without a way out: subnet-a {PUBLIC_ALONE} leave "
                "it out, or take a subnet that leads to a NAT gateway"
            ],
        ),
        (
            existing(CLOSED, {}, manager=INSIDE),
            {"a": "other", "b": "other"},
            [f"pools[1].driver.{PRIVATE}: {SUBNET} costs and is of no use; set true"],
        ),
        (
            existing(managerSubnetId="subnet-m"),
            {"a": "internet gateway", "b": "internet gateway", "m": "none"},
            [
                f"network.managerSubnetId = subnet-m: {NO_WAY} the manager reaches neither GitLab nor AWS; {ROUTE} "
                "set manager.proxy"
            ],
        ),
        (
            existing(manager={"proxy": PROXY}, managerSubnetId="subnet-m"),
            {"m": "none"},
            [],
        ),
        (
            existing(manager=INSIDE),
            {"a": "internet gateway"},
            [
                f"manager.publicAddress = false: leaves it without a way out: subnet-a {PUBLIC_ALONE} set "
                "network.managerSubnetId, a subnet that leads to a NAT gateway"
            ],
        ),
        (
            existing(CLOSED, subnets="a"),
            {"a": "other"},
            [
                f"manager.publicAddress: is true, while subnet-a {BEHIND} nothing reaches the manager at a public "
                "address; set false, and run deployments from inside the network"
            ],
        ),
    ],
)
def test_machines_have_a_way_out_and_addresses_that_are_of_use(
    raw: dict[str, Any], ways: dict[str, str], expected: list[str]
) -> None:
    assert told(raw, **ways) == expected


def test_docker_autoscaler_has_the_same_ways_out() -> None:
    raw = {**existing(CLOSED, managerSubnetId="subnet-m"), "executor": "docker-autoscaler"}
    (found,) = told(raw, a="internet gateway")
    assert found.startswith(f"pools[0].driver.{PRIVATE} = true: leaves machines without a way out")


def test_only_subnets_that_settings_name_are_asked_for() -> None:
    assert existing_subnets(parsed(existing(managerSubnetId="subnet-m")).network) == (
        "vpc-1",
        ("subnet-a", "subnet-b", "subnet-m"),
    )
    for network in ({}, {"vpcId": "default", "zones": ["a"]}):
        assert existing_subnets(parsed(stack(network=network)).network) is None
