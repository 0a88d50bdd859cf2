"""What a deployment's network is made of, or taken from, when its settings say so."""

import json
from typing import Any

import pulumi
import pytest

from components.manager_tool.executors.docker_machine import overrides

from .conftest import SSH
from .registered import named, options, policy_of


@pytest.mark.parametrize(
    ("given", "gateways", "tables"),
    [
        ({}, {"network-nat"}, {"network-public", "network-private"}),
        (
            {"natGateways": "perZone"},
            {"network-nat-a", "network-nat-b"},
            {"network-public", "network-private-a", "network-private-b"},
        ),
    ],
)
def test_private_workers_get_out_through_nat_gateways(
    deployed_with: Any, given: dict[str, Any], gateways: set[str], tables: set[str]
) -> None:
    recorder = deployed_with(network={"zones": ["a", "b"], "private": True, **given})

    assert set(named(recorder, "NatGateway")) == set(named(recorder, "Eip")) == gateways
    assert set(named(recorder, "RouteTable")) == tables
    assert len(named(recorder, "VpcEndpoint")["network-s3"]["routeTableIds"]) == len(tables)
    subnets = named(recorder, "Subnet")
    assert subnets["network-public-a"]["cidrBlock"] == "10.0.0.0/20"
    assert subnets["network-private-b"]["cidrBlock"] == "10.0.144.0/20"
    assert not any("mapPublicIpOnLaunch" in subnet for subnet in subnets.values())
    assert recorder.named("runner-manager-instance")["subnetId"] == "runner-network-public-a-id"
    assert "amazonec2-subnet-id=runner-network-private-a-id" in recorder.named("runner-registration-config")["stdin"]
    assert "amazonec2-private-address-only=true" in recorder.named("runner-registration-config")["stdin"]


def test_a_private_manager_is_reached_at_its_private_address(deployed_with: Any) -> None:
    recorder = deployed_with(network={"private": True}, manager={**SSH, "publicAddress": False})

    instance = recorder.named("runner-manager-instance")
    assert (instance["associatePublicIpAddress"], instance["subnetId"]) == (False, "runner-network-private-a-id")
    assert recorder.secret("runner-registration-tool", "connection")["host"] == "10.0.0.9"


def test_ipv6_reaches_subnets_routes_and_groups(deployed_with: Any) -> None:
    recorder = deployed_with(network={"private": True, "ipv6": True})

    assert recorder.named("runner-network-vpc")["assignGeneratedIpv6CidrBlock"] is True
    subnets = named(recorder, "Subnet")
    assert subnets["network-public-a"]["ipv6CidrBlock"] == "2001:db8:1200::/64"
    assert subnets["network-private-a"]["ipv6CidrBlock"] == "2001:db8:1200:8::/64"
    assert recorder.named("runner-network-private-ipv6")["egressOnlyGatewayId"] == "runner-network-eigw-id"
    assert recorder.named("runner-network-internet-ipv6")["destinationIpv6CidrBlock"] == "::/0"
    assert recorder.named("runner-network-worker-out-ipv6")["cidrIpv6"] == "::/0"


def test_interface_endpoints_are_in_the_workers_subnets_and_open_to_the_vpc_alone(deployed_with: Any) -> None:
    recorder = deployed_with(network={"zones": ["a", "b"], "interfaceEndpoints": ["ec2", "ecr.api"]})

    endpoint = recorder.named("runner-network-endpoint-ecr.api")
    assert endpoint["serviceName"] == "com.amazonaws.eu-central-1.ecr.api"
    assert (endpoint["vpcEndpointType"], endpoint["privateDnsEnabled"]) == ("Interface", True)
    assert endpoint["subnetIds"] == ["runner-network-public-a-id", "runner-network-public-b-id"]
    assert '{"aws:PrincipalAccount": "123456789012"}' in endpoint["policy"]
    rule = recorder.named("runner-network-endpoints-https")
    assert (rule["cidrIpv4"], rule["fromPort"]) == ("10.0.0.0/16", 443)


def test_bounded_egress_leaves_the_manager_its_workers(deployed_with: Any) -> None:
    rules = named(deployed_with(network={"egressPorts": [80, 443]}), "SecurityGroupEgressRule")

    assert {name: (rule["ipProtocol"], rule["fromPort"]) for name, rule in rules.items()} == {
        "network-manager-out-80": ("tcp", 80),
        "network-manager-out-443": ("tcp", 443),
        "network-worker-out-80": ("tcp", 80),
        "network-worker-out-443": ("tcp", 443),
        "network-manager-to-worker-ssh": ("tcp", 22),
        "network-manager-to-worker-docker": ("tcp", 2376),
    }
    assert rules["network-manager-to-worker-ssh"]["referencedSecurityGroupId"] == "runner-network-worker-id"


@pytest.mark.parametrize(("address", "port"), [(":9999", 9999), ("10.0.0.9", 9252)])
def test_metrics_are_open_to_the_networks_that_may_read_them(deployed_with: Any, address: str, port: int) -> None:
    manager = {"sshFrom": ["203.0.113.0/24"], "metricsFrom": ["10.0.0.0/8", "2001:db8:1:2:3:4:5:0/112"]}
    rules = named(deployed_with(listen_address=address, manager=manager), "SecurityGroupIngressRule")

    (v4, v6) = (rules[f"network-manager-metrics-{network}"] for network in manager["metricsFrom"])
    assert (v4["cidrIpv4"], v4["fromPort"], v4["toPort"]) == ("10.0.0.0/8", port, port)
    assert (v6["cidrIpv6"], v6["fromPort"]) == ("2001:db8:1:2:3:4:5:0/112", port)
    assert v4["securityGroupId"] == "runner-network-manager-id"


def test_an_existing_network_is_taken_with_its_zones(deployed_with: Any) -> None:
    recorder = deployed_with(
        network={
            "vpcId": "vpc-old",
            "subnetIds": ["subnet-c", "subnet-a"],
            "managerSubnetId": "subnet-b",
            "workerSecurityGroup": "old-workers",
        }
    )

    assert not named(recorder, "Vpc")
    assert not named(recorder, "Subnet")
    assert not named(recorder, "VpcEndpoint")
    assert set(named(recorder, "SecurityGroup")) == {"network-manager"}
    assert recorder.named("runner-manager-instance")["subnetId"] == "subnet-b"
    assert {"amazonec2-zone=c", "amazonec2-subnet-id=subnet-c", "amazonec2-security-group=old-workers"} <= {
        *options(recorder)
    }
    breaker = json.loads(recorder.named("runner-registration-watch")["stdin"])["breaker"]
    (entry,) = overrides.planned(breaker).values()
    assert [each["label"] for each in entry["placements"]] == ["c-m5-large", "a-m5-large"]
    assert "subnet/subnet-c" in policy_of(recorder)
    assert "subnet/subnet-a" in policy_of(recorder)
    assert "security-group/sg-old" in policy_of(recorder)


def test_the_default_vpc_has_a_default_subnet_in_each_zone(deployed_with: Any) -> None:
    recorder = deployed_with(network={"vpcId": "default", "zones": ["b"]})

    assert {"amazonec2-vpc-id=vpc-old", "amazonec2-subnet-id=subnet-b", "amazonec2-zone=b"} <= {*options(recorder)}


def test_what_is_not_as_the_settings_say_is_told_before_anything_is_registered(deployed_with: Any) -> None:
    with pytest.raises(pulumi.RunError) as told:
        deployed_with(
            network={"vpcId": "vpc-old", "subnetIds": ["subnet-a", "subnet-a2", "subnet-bfar"]},
            pool={"zones": ["c"], "limit": 80, "ami": "ami-00000000", "instanceTypes": ["m6g.large"]},
        )

    assert str(told.value).splitlines()[1:] == [
        "  settings.pools[0].ami = ami-00000000: is for x86_64, while m6g.large is arm64; take another image",
        "  settings.network.subnetIds[1] = subnet-a2: is in eu-central-1a, as subnet-a is; "
        "there can be one subnet for each zone",
        "  settings.network.subnetIds[2] = subnet-bfar: is in vpc-far, not in vpcId vpc-old; take a subnet of that one",
        "  settings.pools[0].zones[0] = c: has no subnet; those of network are in the zones a, b",
    ]


def test_a_subnet_that_is_too_small_for_the_limits_is_told(deployed_with: Any) -> None:
    with pytest.raises(pulumi.RunError, match="has 20 free addresses, while the limits of the pools allow 80 machines"):
        deployed_with(network={"vpcId": "vpc-old", "subnetIds": ["subnet-a"]}, pool={"limit": 80})


def test_each_subnet_has_to_have_room_for_all_machines_for_the_others_may_have_no_capacity(deployed_with: Any) -> None:
    network = {"vpcId": "vpc-old", "subnetIds": ["subnet-a", "subnet-c"]}
    spot = {"maxPrice": 0.1, "onDemandLimit": 5}
    deployed_with(network=network, pool={"limit": 15, "spot": spot})
    with pytest.raises(pulumi.RunError) as told:
        deployed_with(network=network, pool={"limit": 16, "spot": spot})

    said = "has 20 free addresses, while the limits of the pools allow 21 machines"
    assert [said in line for line in str(told.value).splitlines()[1:]] == [True, True]
