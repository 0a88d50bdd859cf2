"""The aws stand-in's operations on what exists: refresh, updates in place, tags."""

import json
from collections.abc import Iterator

import pytest
from pulumi.runtime.proto import provider_pb2

from .aws_stand_in import Network, Refused, Resource, Stack, emulated_aws, kinds, stack
from .aws_stand_in_prerequisites import TRUST

VPC, GROUP, ROLE = "aws:ec2/vpc:Vpc", "aws:ec2/securityGroup:SecurityGroup", "aws:iam/role:Role"
BUCKET, GATEWAY = "aws:s3/bucket:Bucket", "aws:ec2/internetGateway:InternetGateway"
ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"
TABLE, INGRESS = "aws:ec2/routeTable:RouteTable", "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with emulated_aws() as address:
        yield address


@pytest.fixture(scope="module")
def cloud(url: str) -> Stack:
    return stack(url)


@pytest.fixture
def network(cloud: Stack) -> Network:
    return Network.of(cloud)


def test_what_the_stack_does_not_know_any_more_is_dropped_at_refresh(cloud: Stack) -> None:
    vpc = cloud.create(VPC, {"cidrBlock": "10.1.0.0/16"})
    cloud.client("ec2").delete_vpc(VpcId=vpc.id)

    assert cloud.read(vpc) is None
    cloud.delete(vpc)


def _refresh_and_diff(cloud: Stack, resource: Resource) -> provider_pb2.DiffResponse:
    found = cloud.read(resource)
    assert found is not None
    return cloud.diff(resource.token, found.inputs, found.outputs, resource.inputs)


def test_a_refresh_shows_a_change_made_by_hand(cloud: Stack, network: Network) -> None:
    ec2 = cloud.client("ec2")
    ec2.create_tags(Resources=[network.vpc.id], Tags=[{"Key": "Name", "Value": "other"}, {"Key": "k", "Value": "v"}])
    ec2.modify_subnet_attribute(SubnetId=network.subnet.id, MapPublicIpOnLaunch={"Value": False})

    vpc, subnet = (_refresh_and_diff(cloud, each) for each in (network.vpc, network.subnet))

    assert kinds(vpc) == {"tags.Name": "UPDATE", "tags.k": "DELETE"}
    assert kinds(subnet) == {"mapPublicIpOnLaunch": "UPDATE"}


def test_tags_added_by_hand_to_an_untagged_resource_are_a_difference(cloud: Stack, network: Network) -> None:
    cloud.client("ec2").create_tags(Resources=[network.subnet.id], Tags=[{"Key": "k", "Value": "v"}])

    assert kinds(_refresh_and_diff(cloud, network.subnet)) == {"tags": "DELETE"}


def test_what_other_resources_add_is_no_difference(cloud: Stack, network: Network) -> None:
    group = cloud.create(GROUP, {"vpcId": network.vpc.id})
    table = cloud.create(TABLE, {"vpcId": network.vpc.id})
    gateway = cloud.create(GATEWAY, {"vpcId": network.vpc.id})
    rule = {"securityGroupId": group.id, "cidrIpv4": "10.0.0.0/8", "ipProtocol": "tcp", "fromPort": 1, "toPort": 2}
    cloud.create(INGRESS, rule)
    route = {"routeTableId": table.id, "destinationCidrBlock": "0.0.0.0/0", "gatewayId": gateway.id}
    cloud.create("aws:ec2/route:Route", route)

    found = cloud.read(group)

    assert found is not None
    assert found.outputs["ingress"][0]["cidrBlocks"] == ["10.0.0.0/8"]
    assert kinds(_refresh_and_diff(cloud, group)) == kinds(_refresh_and_diff(cloud, table)) == {}


def test_an_update_in_place_reaches_aws(cloud: Stack, network: Network) -> None:
    wanted = {"cidrBlock": "10.0.0.0/16", "enableDnsHostnames": True, "tags": {"Other": "x"}}

    outputs = cloud.update(network.vpc, wanted)

    assert outputs["enableDnsHostnames"] is True
    assert outputs["tags"] == outputs["tagsAll"] == {"Other": "x"}


def test_updates_of_security_rules_and_groups_reach_aws(cloud: Stack, network: Network) -> None:
    inline = {"fromPort": 22, "toPort": 22, "protocol": "tcp", "cidrBlocks": ["10.0.0.0/8"], "self": True}
    group = cloud.create(GROUP, {"vpcId": network.vpc.id, "ingress": [inline]})
    rule = {"securityGroupId": group.id, "cidrIpv4": "10.0.0.0/8", "ipProtocol": "tcp", "fromPort": 1, "toPort": 2}
    single = cloud.create(INGRESS, rule)

    wider = cloud.update(single, {**rule, "cidrIpv4": "192.168.0.0/16", "tags": {"a": "b"}})
    cloud.delete(single)
    emptied = cloud.update(group, {**group.inputs, "ingress": []})

    assert (group.outputs["ingress"][0]["self"], group.outputs["ingress"][0]["fromPort"]) == (True, 22)
    assert (wider["cidrIpv4"], wider["tags"]) == ("192.168.0.0/16", {"a": "b"})
    assert emptied["ingress"] == []


def test_an_association_gets_a_new_id_with_another_table_and_is_found_by_it(cloud: Stack, network: Network) -> None:
    tables = [cloud.create(TABLE, {"vpcId": network.vpc.id}).id for _ in range(2)]
    made = cloud.create(ASSOCIATION, {"subnetId": network.subnet.id, "routeTableId": tables[0]})

    outputs = cloud.update(made, {"subnetId": network.subnet.id, "routeTableId": tables[1]})
    found = cloud.read(Resource(ASSOCIATION, made.id, made.inputs, outputs))

    assert outputs["id"] != made.id
    assert found is not None
    assert (found.id, found.outputs["routeTableId"]) == (outputs["id"], tables[1])


def test_default_tags_are_on_every_resource_and_not_among_its_own(url: str) -> None:
    defaults = {"tags": {"team": "a", "Name": "d"}}
    tagging = stack(url, defaultTags=defaults)

    made = tagging.create(VPC, {"cidrBlock": "10.2.0.0/16", "tags": {"Name": "n"}})
    other = stack(url, defaultTags={"tags": {"team": "b"}})
    changed = other.diff(VPC, made.inputs, made.outputs, made.inputs)

    assert made.outputs["tags"] == {"Name": "n"}
    assert made.outputs["tagsAll"] == {"Name": "n", "team": "a"}
    assert kinds(_refresh_and_diff(tagging, made)) == {}
    assert kinds(changed) == {"tagsAll": "UPDATE"}
    assert other.update(made, made.inputs)["tagsAll"] == {"Name": "n", "team": "b"}


def test_a_bucket_with_objects_is_destroyed_only_by_force(cloud: Stack) -> None:
    made = cloud.create(BUCKET, {"bucket": "with-objects"})
    cloud.client("s3").put_object(Bucket="with-objects", Key="a", Body=b"x")

    with pytest.raises(Refused, match="api error BucketNotEmpty"):
        cloud.delete(made)
    forced = cloud.update(made, {**made.inputs, "forceDestroy": True})
    cloud.delete(Resource(BUCKET, made.id, made.inputs, forced))

    assert cloud.read(made) is None


def test_changes_of_roles_and_profiles_reach_aws(cloud: Stack) -> None:
    other = TRUST.replace("ec2.amazonaws.com", "lambda.amazonaws.com")
    role = cloud.create(ROLE, {"assumeRolePolicy": TRUST, "description": "d"})
    second = cloud.create(ROLE, {"assumeRolePolicy": TRUST, "name": "second"})
    profile = cloud.create("aws:iam/instanceProfile:InstanceProfile", {"role": role.id})

    changed = cloud.update(role, {**role.inputs, "assumeRolePolicy": other, "description": "e", "tags": {"a": "b"}})
    moved = cloud.update(profile, {**profile.inputs, "role": second.id})

    assert json.loads(changed["assumeRolePolicy"]) == json.loads(other)
    assert (changed["description"], changed["tags"]) == ("e", {"a": "b"})
    assert moved["role"] == second.id


def test_another_region_is_used_throughout(url: str) -> None:
    elsewhere = stack(url, region="eu-central-1")

    vpc = elsewhere.create(VPC, {"cidrBlock": "10.3.0.0/16"})
    bucket = elsewhere.create(BUCKET, {"bucket": "far-away"})
    zones = elsewhere.invoke("aws:index/getAvailabilityZones:getAvailabilityZones", {"state": "available"})

    assert vpc.outputs["arn"].startswith("arn:aws:ec2:eu-central-1:123456789012:vpc/")
    assert bucket.outputs["bucketRegionalDomainName"] == "far-away.s3.eu-central-1.amazonaws.com"
    assert zones["names"] == ["eu-central-1a", "eu-central-1b", "eu-central-1c"]
