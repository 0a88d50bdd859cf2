"""The provider's stand-in on a pool's launch template and group as docker-autoscaler needs them."""

import base64
from typing import Any

import pytest

from .aws_stand_in import Network, Refused, Resource, Stack, kinds, offline
from .aws_stand_in_fleet_errors import SCALING_GROUP, TEMPLATE
from .aws_stand_in_prerequisites import Prerequisites
from .emulated_fleet import TAGGED, until

NAME = {"Name": "ci-spot"}


def _template(given: Prerequisites, group: str, name: str) -> dict[str, Any]:
    disk = {"volumeSize": 30, "volumeType": "gp3", "encrypted": "true", "deleteOnTermination": "true"}
    return {
        "name": name,
        "updateDefaultVersion": True,
        "imageId": given.ids["ami"],
        "ebsOptimized": "true",
        "vpcSecurityGroupIds": [group],
        "iamInstanceProfile": {"name": "pre-prof1"},
        "metadataOptions": {
            "httpEndpoint": "enabled",
            "httpTokens": "required",
            "httpPutResponseHopLimit": 1,
            "instanceMetadataTags": "disabled",
        },
        "monitoring": {"enabled": False},
        "blockDeviceMappings": [{"deviceName": "/dev/sda1", "ebs": {**disk, "iops": 3000, "throughput": 125}}],
        "tagSpecifications": [{"resourceType": kind, "tags": NAME} for kind in TAGGED],
        "userData": base64.b64encode(b"#cloud-config\n").decode(),
        "tags": NAME,
    }


def _group(name: str, subnet: str, template: Resource, **changes: Any) -> dict[str, Any]:
    return {
        "name": name,
        "minSize": 0,
        "maxSize": 20,
        "protectFromScaleIn": True,
        "suspendedProcesses": ["AZRebalance"],
        "capacityRebalance": False,
        "vpcZoneIdentifiers": [subnet],
        "healthCheckType": "EC2",
        "healthCheckGracePeriod": 0,
        "maxInstanceLifetime": 0,
        "waitForCapacityTimeout": "0",
        "forceDelete": True,
        "mixedInstancesPolicy": {
            "instancesDistribution": {
                "onDemandBaseCapacity": 0,
                "onDemandPercentageAboveBaseCapacity": 0,
                "spotAllocationStrategy": "price-capacity-optimized",
            },
            "launchTemplate": {
                "launchTemplateSpecification": {
                    "launchTemplateId": template.id,
                    "version": str(template.outputs["latestVersion"]),
                },
                "overrides": [{"instanceType": "m6i.large"}, {"instanceType": "m5.large"}],
            },
        },
        "tags": [{"key": "Name", "value": name, "propagateAtLaunch": True}],
        **changes,
    }


class Pool:
    """A template and a group of it."""

    def __init__(self, cloud: Stack, given: Prerequisites, name: str, **changes: Any) -> None:
        self.cloud, self.name = cloud, name
        self.network = Network.of(cloud)
        firewall = cloud.create("aws:ec2/securityGroup:SecurityGroup", {"vpcId": self.network.vpc.id})
        self.template = cloud.create(TEMPLATE, _template(given, firewall.id, name))
        self.group = cloud.create(SCALING_GROUP, _group(name, self.network.subnet.id, self.template, **changes))
        cloud.client("autoscaling")

    def scaled(self, count: int) -> list[str]:
        scaling = self.cloud.client("autoscaling")
        scaling.set_desired_capacity(AutoScalingGroupName=self.name, DesiredCapacity=count)

        def running() -> list[str]:
            (group,) = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=[self.name])["AutoScalingGroups"]
            return [each["InstanceId"] for each in group["Instances"] if each["LifecycleState"] == "InService"]

        until(lambda: len(running()) == count)
        return running()

    def state(self, instance: str) -> str:
        answer = self.cloud.client("ec2").describe_instances(InstanceIds=[instance])
        return str(answer["Reservations"][0]["Instances"][0]["State"]["Name"])


def _refreshed(cloud: Stack, made: Resource) -> Resource:
    found = cloud.read(made)
    assert found is not None
    return found


def test_a_pool_that_was_made_shows_no_difference_after_a_refresh(cloud: Stack, given: Prerequisites) -> None:
    pool = Pool(cloud, given, "ci-same")

    for made in (pool.template, pool.group):
        found = _refreshed(cloud, made)
        assert found.inputs == made.inputs
        assert kinds(cloud.diff(made.token, found.inputs, found.outputs, made.inputs)) == {}


def test_the_number_of_instances_is_no_difference(cloud: Stack, given: Prerequisites) -> None:
    pool = Pool(cloud, given, "ci-scaled")
    pool.scaled(2)

    found = _refreshed(cloud, pool.group)

    assert found.outputs["desiredCapacity"] == 2
    assert kinds(cloud.diff(SCALING_GROUP, found.inputs, found.outputs, pool.group.inputs)) == {}


def test_a_change_of_the_template_is_a_version_that_the_group_takes_up(cloud: Stack, given: Prerequisites) -> None:
    pool = Pool(cloud, given, "ci-changed")
    wanted = {**pool.template.inputs, "userData": base64.b64encode(b"#cloud-config\n# 2\n").decode()}

    shown = cloud.update(pool.template, wanted, preview=True)
    outputs = cloud.update(pool.template, wanted)

    assert shown["latestVersion"] == shown["defaultVersion"] == "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
    assert (outputs["latestVersion"], outputs["defaultVersion"]) == (2, 2)
    changed = Resource(TEMPLATE, pool.template.id, wanted, outputs)
    after = _group(pool.name, pool.network.subnet.id, changed)
    assert set(kinds(cloud.diff(SCALING_GROUP, pool.group.inputs, pool.group.outputs, after)).values()) == {"UPDATE"}
    cloud.update(pool.group, after)
    (instance,) = pool.scaled(1)
    tags = cloud.client("ec2").describe_tags(Filters=[{"Name": "resource-id", "Values": [instance]}])["Tags"]
    assert {each["Key"]: each["Value"] for each in tags}["aws:ec2launchtemplate:version"] == "2"


def test_all_that_a_pool_may_change_is_changed_in_place(cloud: Stack, given: Prerequisites) -> None:
    pool = Pool(cloud, given, "ci-updated")
    tags = [{"key": "Other", "value": "x", "propagateAtLaunch": True}]
    policy = pool.group.inputs["mixedInstancesPolicy"]
    changed = {
        **pool.group.inputs,
        "maxSize": 3,
        "protectFromScaleIn": False,
        "suspendedProcesses": ["AZRebalance", "ReplaceUnhealthy"],
        "tags": tags,
        "mixedInstancesPolicy": {**policy, "instancesDistribution": {"onDemandBaseCapacity": 1}},
    }

    answer = cloud.diff(SCALING_GROUP, pool.group.inputs, pool.group.outputs, changed)
    outputs = cloud.update(pool.group, changed)

    assert list(answer.replaces) == []
    found = _refreshed(cloud, Resource(SCALING_GROUP, pool.group.id, changed, outputs))
    assert found.inputs == changed
    assert found.outputs["suspendedProcesses"] == ["AZRebalance", "ReplaceUnhealthy"]
    assert (found.outputs["maxSize"], found.outputs["tags"]) == (3, tags)


def test_a_group_is_deleted_with_protected_instances_by_force(cloud: Stack, given: Prerequisites) -> None:
    pool = Pool(cloud, given, "ci-forced")
    (instance,) = pool.scaled(1)

    cloud.delete(pool.group)

    assert cloud.read(pool.group) is None
    assert pool.state(instance) == "terminated"


def test_a_group_is_drained_before_it_is_deleted_without_force(cloud: Stack, given: Prerequisites) -> None:
    pool = Pool(cloud, given, "ci-drained", forceDelete=False)
    (instance,) = pool.scaled(1)

    cloud.delete(pool.group)

    assert cloud.read(pool.group) is None
    assert pool.state(instance) == "terminated"


def test_a_group_that_somebody_deleted_is_gone(cloud: Stack, given: Prerequisites) -> None:
    pool = Pool(cloud, given, "ci-gone")
    cloud.client("autoscaling").delete_auto_scaling_group(AutoScalingGroupName="ci-gone")

    assert cloud.read(pool.group) is None
    cloud.delete(pool.group)
    cloud.delete(pool.template)
    assert cloud.read(pool.template) is None


def test_a_group_waits_for_the_capacity_that_it_starts_with(cloud: Stack, given: Prerequisites) -> None:
    pool = Pool(cloud, given, "ci-waited", desiredCapacity=1, waitForCapacityTimeout="1m")

    scaling = cloud.client("autoscaling")
    (group,) = scaling.describe_auto_scaling_groups(AutoScalingGroupNames=["ci-waited"])["AutoScalingGroups"]

    assert [each["LifecycleState"] for each in group["Instances"]] == ["InService"]
    cloud.delete(pool.group)


def test_nothing_of_a_group_is_checked_while_its_template_is_unknown() -> None:
    unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
    distribution = {"onDemandPercentageAboveBaseCapacity": 101, "onDemandBaseCapacity": -1}

    def refused(identity: str) -> list[str]:
        specification = {"launchTemplateId": identity, "version": "1"}
        policy = {
            "instancesDistribution": distribution,
            "launchTemplate": {
                "launchTemplateSpecification": specification,
                "overrides": [{"instanceType": "m5.large", "weightedCapacity": "0"}],
            },
        }
        inputs = {"minSize": 0, "maxSize": 1, "mixedInstancesPolicy": policy}
        return offline().check(SCALING_GROUP, inputs)[1]

    assert refused(unknown) == []
    assert [each.partition(": ")[2][:40] for each in refused("lt-1")] == [
        "expected mixed_instances_policy.0.instan",
        "expected mixed_instances_policy.0.instan",
        "invalid value for mixed_instances_policy",
    ]


@pytest.mark.parametrize(
    ("inputs", "text"),
    [
        ({"blockDeviceMappings": [{"ebs": {"volumeType": "gp4"}}]}, "got gp4"),
        ({"metadataOptions": {"httpPutResponseHopLimit": 65}}, "to be in the range (1 - 64), got 65"),
        ({"tagSpecifications": [{"resourceType": "x"}]}, "expected resource_type to be one of"),
    ],
)
def test_a_template_is_checked_before_it_is_made(inputs: dict[str, Any], text: str) -> None:
    (refused,) = offline().check(TEMPLATE, inputs)[1]

    assert text in refused


def test_an_image_that_does_not_exist_is_refused_when_the_group_is_made(cloud: Stack, given: Prerequisites) -> None:
    network = Network.of(cloud)
    template = cloud.create(TEMPLATE, {"name": "ci-no-image", "imageId": "ami-00000000000000000"})

    with pytest.raises(Refused, match=r"creating Auto Scaling Group \(ci-no-image\): .*The image id '\[ami-0+\]'"):
        cloud.create(SCALING_GROUP, _group("ci-no-image", network.subnet.id, template))
