"""Deployments of other shapes than the default: each comes up, stays as it is, starts machines and goes."""

import json
import re
import time
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from localcloud import control

from .conftest import Deployment

NAMESPACE = "gitlab-runner-aws:"


def configure(deployment: Deployment, pool: dict[str, Any] | None = None, **settings: Any) -> None:
    """Lay settings over those of the local stack; tables are joined."""
    deployment.pool.update(pool or {})
    for key, value in settings.items():
        old = deployment.config.get(NAMESPACE + key)
        deployment.config[NAMESPACE + key] = {**old, **value} if isinstance(old, dict) else value
    deployment.configure()


def runners(deployment: Deployment) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tomllib.loads(deployment.live())["runners"]
    return found


def machine(deployment: Deployment) -> dict[str, Any]:
    """The first worker that runs, as EC2 describes it."""
    ec2 = control.aws(deployment.cloud, "ec2")
    filters = [
        {"Name": "tag-key", "Values": ["runner-manager-name"]},
        {"Name": "instance-state-name", "Values": ["running"]},
    ]
    deadline = time.monotonic() + 100
    while not (found := ec2.describe_instances(Filters=filters)["Reservations"]):
        assert time.monotonic() < deadline, "the runner started no machine"
        time.sleep(0.5)
    instance: dict[str, Any] = found[0]["Instances"][0]
    return instance


def nothing_changes(deployment: Deployment) -> None:
    """Neither a preview nor a look at what is really there proposes anything."""
    deployment.run("preview", "--expect-no-changes")
    deployment.run("refresh", "--yes", "--skip-preview", "--expect-no-changes")


def test_a_zone_is_removed_once_the_workers_in_it_are_gone(deployment: Deployment) -> None:
    ec2 = control.aws(deployment.cloud, "ec2")
    configure(deployment, {"zones": ["b"]}, network={"zones": ["a", "b"]})
    deployment.up()
    there = [{"Name": "subnet-id", "Values": [machine(deployment)["SubnetId"]]}]
    # Looked up now: while `up` runs, the engine may be writing the state that says which host it is.
    host = deployment.host()

    configure(deployment, {"zones": ["a"]}, network={"zones": ["a"]})
    with ThreadPoolExecutor() as pool:
        going = pool.submit(deployment.up)
        try:
            deadline = time.monotonic() + 180
            while "amazonec2-zone=eu-central-1b" in host.read("/etc/gitlab-runner/config.toml"):
                assert time.monotonic() < deadline, "the config without the zone did not arrive"
                time.sleep(0.2)
            # From here on only the workers are in the way, and they are idle for half an hour.
            with pytest.raises(TimeoutError):
                going.result(timeout=10)
        finally:
            found = ec2.describe_instances(Filters=there)["Reservations"]
            ec2.terminate_instances(InstanceIds=[each["Instances"][0]["InstanceId"] for each in found])
        going.result(timeout=300)

    subnets = [each for each in deployment.resources() if each["type"] == "aws:ec2/subnet:Subnet"]
    assert [each["outputs"]["availabilityZone"] for each in subnets] == ["eu-central-1a"]


READ_ONLY = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"


def policies_of_workers(deployment: Deployment) -> set[str]:
    """ARNs of what is attached to the only role there is."""
    iam = control.aws(deployment.cloud, "iam")
    (role,) = iam.list_roles()["Roles"]
    attached = iam.list_attached_role_policies(RoleName=role["RoleName"])["AttachedPolicies"]
    return {each["PolicyArn"] for each in attached}


@pytest.fixture
def further_policies(deployment: Deployment) -> Iterator[list[str]]:
    """ARNs of two managed policies of the account."""
    iam = control.aws(deployment.cloud, "iam")
    allow = {"Effect": "Allow", "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::ours/*"]}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    policies = [
        iam.create_policy(PolicyName=name, Path="/ci/", PolicyDocument=document)["Policy"]["Arn"]
        for name in ("further-one", "further-two")
    ]
    yield policies
    for policy in policies:
        iam.delete_policy(PolicyArn=policy)


def is_private_behind_a_gateway_of_its_zone(deployment: Deployment, worker: dict[str, Any]) -> None:
    ec2 = control.aws(deployment.cloud, "ec2")
    (subnet,) = ec2.describe_subnets(SubnetIds=[worker["SubnetId"]])["Subnets"]
    assert subnet["CidrBlock"] in ("10.0.128.0/20", "10.0.144.0/20")
    assert not subnet["MapPublicIpOnLaunch"]
    (table,) = ec2.describe_route_tables(Filters=[{"Name": "association.subnet-id", "Values": [subnet["SubnetId"]]}])[
        "RouteTables"
    ]
    ways = {
        route.get("DestinationCidrBlock") or route.get("DestinationIpv6CidrBlock"): route for route in table["Routes"]
    }
    assert ways["0.0.0.0/0"]["NatGatewayId"].startswith("nat-")
    assert len([n for n in ec2.describe_nat_gateways()["NatGateways"] if n["State"] == "available"]) == 2


def test_private_workers_with_a_nat_gateway_in_each_zone_and_ipv6_and_the_access_key_of_a_user_with_further_policies(
    deployment: Deployment, further_policies: list[str]
) -> None:
    one, other = further_policies
    network = {"zones": ["a", "b"], "private": True, "natGateways": "perZone", "ipv6": True}
    configure(
        deployment,
        network={**network, "interfaceEndpoints": ["ec2"], "egressPorts": [80, 443]},
        identity={"mode": "accessKey", "managerPolicies": [one], "workerPolicies": [one, other]},
    )
    deployment.up()
    worker = machine(deployment)
    is_private_behind_a_gateway_of_its_zone(deployment, worker)
    iam = control.aws(deployment.cloud, "iam")

    (user,) = iam.list_users()["Users"]
    (key,) = iam.list_access_keys(UserName=user["UserName"])["AccessKeyMetadata"]
    attached = iam.list_attached_user_policies(UserName=user["UserName"])["AttachedPolicies"]
    assert [re.sub(r"-[0-9a-f]+$", "", each["PolicyName"]) for each in attached] == [
        "further-one",
        "runner-identity-manager",
    ]
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_login_profile(UserName=user["UserName"])
    (runner,) = runners(deployment)
    assert runner["cache"]["s3"]["AccessKey"] == key["AccessKeyId"]
    secret = runner["cache"]["s3"]["SecretKey"]
    assert f"amazonec2-secret-key={secret}" in runner["machine"]["MachineOptions"]
    assert ":instance-profile/runner-identity-worker-" in worker["IamInstanceProfile"]["Arn"]
    exported = deployment.run("stack", "export").stdout
    assert secret not in exported
    assert policies_of_workers(deployment) == {one, other}
    nothing_changes(deployment)

    # A policy of somebody else's stays, one that the settings name no longer goes, and no role is replaced.
    configure(deployment, identity={"workerPolicies": [other]})
    (worker_role,) = iam.list_roles()["Roles"]
    iam.attach_role_policy(RoleName=worker_role["RoleName"], PolicyArn=READ_ONLY)
    deployment.up()
    assert policies_of_workers(deployment) == {other, READ_ONLY}
    iam.detach_role_policy(RoleName=worker_role["RoleName"], PolicyArn=READ_ONLY)

    deployment.destroy()
    assert control.leftovers(deployment.cloud) == ["further-one", "further-two"]


@pytest.fixture
def old_network(deployment: Deployment) -> Any:
    """A VPC with two subnets and a group for workers, and a bucket, made before and by others."""
    s3 = control.aws(deployment.cloud, "s3")
    s3.create_bucket(Bucket="our-old-cache", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    ec2 = control.aws(deployment.cloud, "ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.9.{n}.0/24", AvailabilityZone=f"eu-central-1{zone}")
        for n, zone in enumerate("cb")
    ]
    subnet_ids = [subnet["Subnet"]["SubnetId"] for subnet in subnets]
    group = ec2.create_security_group(GroupName="old-workers", Description="workers", VpcId=vpc)["GroupId"]
    yield {"vpcId": vpc, "subnetIds": subnet_ids}
    ec2.delete_security_group(GroupId=group)
    for subnet in subnet_ids:
        ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=vpc)
    s3.delete_bucket(Bucket="our-old-cache")


def test_a_network_and_a_bucket_that_are_there_already(deployment: Deployment, old_network: dict[str, Any]) -> None:
    before = control.leftovers(deployment.cloud)
    deployment.config[f"{NAMESPACE}network"] = {}
    deployment.config[f"{NAMESPACE}cache"] = {}
    configure(
        deployment,
        network={**old_network, "workerSecurityGroup": "old-workers"},
        cache={"s3": {"BucketName": "our-old-cache"}},
    )
    preview = deployment.run("preview").stdout
    for place, subnet in enumerate(old_network["subnetIds"]):
        assert f"network.subnetIds[{place}] = {subnet}: has no route to the internet" in preview
    deployment.up()

    worker = machine(deployment)
    assert worker["VpcId"] == old_network["vpcId"]
    assert worker["SubnetId"] in old_network["subnetIds"]
    assert [group["GroupName"] for group in worker["NetworkInterfaces"][0]["Groups"]] == ["old-workers"]
    assert [runner["name"] for runner in runners(deployment)] == ["local"]
    assert {runner["cache"]["s3"]["BucketName"] for runner in runners(deployment)} == {"our-old-cache"}
    nothing_changes(deployment)

    deployment.destroy()
    assert sorted(control.leftovers(deployment.cloud)) == sorted(before)


def test_what_does_not_fit_the_account_is_told_before_anything_is_created(
    deployment: Deployment, old_network: dict[str, Any]
) -> None:
    before = control.leftovers(deployment.cloud)
    deployment.config[f"{NAMESPACE}network"] = {}
    configure(
        deployment,
        {"limit": 600, "zones": ["b", "z"]},
        network={**old_network, "workerSecurityGroup": "no-such-group"},
    )
    failed = deployment.up(check=False)

    said = failed.stdout + failed.stderr
    assert failed.returncode != 0
    assert "network.workerSecurityGroup = no-such-group: can't be found in AWS" in said
    assert "pools[0].zones[1] = z: has no subnet; those of network are in the zones c, b" in said
    assert "has 251 free addresses, while the limits of the pools allow 600 machines in zone b" in said
    assert control.leftovers(deployment.cloud) == before


def test_twelve_places_and_on_demand_ones_behind_them_of_a_watched_manager_with_images_in_ecr_and_user_data(
    deployment: Deployment,
) -> None:
    types = ["m5.large", "m5a.large", "m6i.large", "m6a.large"]
    topic = "arn:aws:sns:eu-central-1:123456789012:ci"
    configure(
        deployment,
        {
            "instanceTypes": types,
            "limit": 30,
            "spot": {"maxPrice": 0.07, "onDemandLimit": 3},
            "machine": {"IdleCount": 1, "IdleTime": 1800, "MaxGrowthRate": 2},
            "userData": "#!/bin/sh\ntouch /ready\n",
        },
        network={"zones": ["a", "b", "c"]},
        concurrent=30,
        identity={"ecr": {}},
        manager={"alarms": {"topicArn": topic}, "logs": {"retentionDays": 7}, "monitoring": True, "ssm": True},
    )
    deployment.up()

    (live,) = runners(deployment)
    assert "amazonec2-spot-price=0.07" in live["machine"]["MachineOptions"]
    assert (live["name"], live["limit"], live["machine"]["IdleCount"]) == ("local", 30, 1)
    told = json.loads(deployment.host().read("/etc/gitlab-runner/staged/watch.json"))["breaker"]["pools"]["local"]
    assert {kind: len(placements) for kind, placements in told.items()} == {"placements": 12, "onDemand": 12}
    assert not any("request-spot" in option for each in told["onDemand"] for option in each["MachineOptions"])
    worker = machine(deployment)
    assert worker["InstanceLifecycle"] == "spot"

    alarms = control.aws(deployment.cloud, "cloudwatch").describe_alarms()["MetricAlarms"]
    manager = deployment.outputs()["manager_instance_id"]
    assert {alarm["Dimensions"][0]["Value"] for alarm in alarms} == {manager, "gitlab-runner-aws/local/runner"}
    assert {alarm["MetricName"] for alarm in alarms} == {
        "CPUUtilization",
        "StatusCheckFailed",
        "StatusCheckFailed_System",
        "MemoryUsedPercent",
        "MachinesInError",
        "SpotFailures",
        "PoolsPaused",
    }
    (group,) = control.aws(deployment.cloud, "logs").describe_log_groups()["logGroups"]
    assert group["retentionInDays"] == 7
    registry = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"
    assert json.loads(deployment.host().read("/root/.docker/config.json")) == {"credHelpers": {registry: "ecr-login"}}
    ec2 = control.aws(deployment.cloud, "ec2")
    attribute = ec2.describe_instance_attribute(InstanceId=worker["InstanceId"], Attribute="userData")["UserData"]
    assert attribute != {}
    nothing_changes(deployment)

    deployment.destroy()
    assert control.leftovers(deployment.cloud) == []
