"""The aws stand-in with IPv6: addresses, routes, and rules of security groups, in a VPC that has a block of its own."""

from ipaddress import IPv6Network
from typing import Any

import pytest

from .aws_stand_in import Resource, Stack, kinds

VPC, SUBNET, INSTANCE = "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet", "aws:ec2/instance:Instance"
GROUP, INGRESS = "aws:ec2/securityGroup:SecurityGroup", "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"


@pytest.fixture
def vpc(cloud: Stack) -> Resource:
    return cloud.create(VPC, {"cidrBlock": "10.0.0.0/16", "assignGeneratedIpv6CidrBlock": True})


def _blocks(vpc: Resource) -> list[str]:
    return [
        str(block) for _, block in zip(range(2), IPv6Network(vpc.outputs["ipv6CidrBlock"]).subnets(8), strict=False)
    ]


def _subnet(vpc: Resource, **more: Any) -> dict[str, Any]:
    return {"vpcId": vpc.id, "cidrBlock": "10.0.1.0/24", "ipv6CidrBlock": _blocks(vpc)[0], **more}


def _machine(cloud: Stack, subnet: Resource, **more: Any) -> dict[str, Any]:
    images = cloud.client("ec2").describe_images(Owners=["099720109477"])["Images"]
    return {"ami": images[0]["ImageId"], "instanceType": "t3.micro", "subnetId": subnet.id, **more}


def _unchanged(cloud: Stack, resource: Resource) -> bool:
    found = cloud.read(resource)
    return found is not None and kinds(cloud.diff(resource.token, found.inputs, found.outputs, resource.inputs)) == {}


def test_a_subnet_has_its_block_and_gives_addresses_out_of_it(cloud: Stack, vpc: Resource) -> None:
    subnet = cloud.create(SUBNET, _subnet(vpc, assignIpv6AddressOnCreation=True))
    machine = cloud.create(INSTANCE, _machine(cloud, subnet))

    assert subnet.outputs["ipv6CidrBlock"] == _blocks(vpc)[0]
    assert subnet.outputs["assignIpv6AddressOnCreation"] is True
    assert subnet.outputs["ipv6CidrBlockAssociationId"].startswith("subnet-cidr-assoc-")
    assert machine.outputs["ipv6AddressCount"] == len(machine.outputs["ipv6Addresses"]) == 1
    assert _unchanged(cloud, subnet)
    assert _unchanged(cloud, machine)


def test_another_block_of_a_subnet_is_changed_in_place(cloud: Stack, vpc: Resource) -> None:
    made = cloud.create(SUBNET, _subnet(vpc, assignIpv6AddressOnCreation=True))
    wanted = {**made.inputs, "ipv6CidrBlock": _blocks(vpc)[1]}
    without = {name: value for name, value in made.inputs.items() if not name.endswith(("6CidrBlock", "OnCreation"))}

    planned = cloud.diff(SUBNET, made.inputs, made.outputs, wanted)
    changed = cloud.update(made, wanted)
    emptied = cloud.update(Resource(SUBNET, made.id, wanted, changed), without)

    assert list(planned.replaces) == []
    assert (changed["ipv6CidrBlock"], changed["assignIpv6AddressOnCreation"]) == (_blocks(vpc)[1], True)
    assert (emptied["ipv6CidrBlock"], emptied["assignIpv6AddressOnCreation"]) == ("", False)


def test_an_instance_gets_as_many_addresses_as_asked_for(cloud: Stack, vpc: Resource) -> None:
    subnet = cloud.create(SUBNET, _subnet(vpc))
    made = cloud.create(INSTANCE, _machine(cloud, subnet, ipv6AddressCount=1, associatePublicIpAddress=True))

    unchanged = _unchanged(cloud, made)
    more = cloud.update(made, {**made.inputs, "ipv6AddressCount": 3})
    fewer = cloud.update(Resource(INSTANCE, made.id, made.inputs, more), {**made.inputs, "ipv6AddressCount": 2})

    assert [len(outputs["ipv6Addresses"]) for outputs in (made.outputs, more, fewer)] == [1, 3, 2]
    assert unchanged


def test_a_new_group_lets_nothing_out_by_itself(cloud: Stack, vpc: Resource) -> None:
    group = cloud.create(GROUP, {"vpcId": vpc.id})

    assert group.outputs["egress"] == []


@pytest.mark.parametrize(("source", "other"), [("cidrIpv6", "2600::/16"), ("prefixListId", "")])
def test_a_rule_for_ipv6_or_a_prefix_list(cloud: Stack, vpc: Resource, source: str, other: str) -> None:
    group = cloud.create(GROUP, {"vpcId": vpc.id})
    lists = cloud.client("ec2").describe_managed_prefix_lists()["PrefixLists"]
    first, second = ("::/0", other) if other else (each["PrefixListId"] for each in lists[:2])
    rule = {"securityGroupId": group.id, "ipProtocol": "tcp", "fromPort": 443, "toPort": 443}

    made = cloud.create(INGRESS, {**rule, source: first})
    planned = cloud.diff(INGRESS, made.inputs, made.outputs, {**rule, source: second})
    to_another_kind = cloud.diff(INGRESS, made.inputs, made.outputs, {**rule, "cidrIpv4": "10.0.0.0/8"})
    unchanged = _unchanged(cloud, made)
    changed = cloud.update(made, {**rule, source: second})

    assert made.outputs[source] == first
    assert unchanged
    assert kinds(planned) == {source: "UPDATE"}
    assert set(to_another_kind.replaces) == {source, "cidrIpv4"}
    assert changed[source] == second
