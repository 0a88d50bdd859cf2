"""A group of the stand-in for Auto Scaling: what is launched, refused, reported and ended."""

import time
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from .emulated_fleet import TAGGED, Account, account, refusal, until

NO_SPOT = {"code": "InsufficientInstanceCapacity", "market": "spot"}
NO_CAPACITY = (
    "Could not launch Spot Instances. InsufficientInstanceCapacity - There is no Spot capacity available that matches "
    "your request. Launching EC2 instance failed."
)


@pytest.fixture(scope="module")
def made() -> Iterator[Account]:
    with account() as made:
        yield made


@pytest.fixture
def aws(made: Account) -> Account:
    made.clear()
    return made


def test_instances_are_pending_before_they_are_in_service(aws: Account) -> None:
    aws.control("auto-scaling", {"boot": 3600})
    aws.group()

    aws.resize(2)

    assert len(aws.members("Pending")) == 2
    assert {aws.instance(each)["State"]["Name"] for each in aws.members("Pending")} == {"pending"}
    assert {each["StatusCode"] for each in aws.activities()} == {"InProgress"}


def test_instances_become_in_service_and_run(aws: Account) -> None:
    aws.group()

    found = aws.running(3)

    assert {aws.instance(each)["State"]["Name"] for each in found} == {"running"}
    assert {each["StatusCode"] for each in aws.activities()} == {"Successful"}
    assert {each["ProtectedFromScaleIn"] for each in aws.described()["Instances"]} == {True}


def test_an_instance_has_all_that_the_template_and_the_group_say(aws: Account) -> None:
    key = aws.ec2.create_key_pair(KeyName="k")["KeyName"]
    tag = {"Key": "Name", "Value": "ci-pool", "PropagateAtLaunch": True}
    own = {"Key": "Own", "Value": "x", "PropagateAtLaunch": False}
    aws.group(template=aws.template(KeyName=key, Monitoring={"Enabled": True}, EbsOptimized=True), Tags=[tag, own])

    (identity,) = aws.running(1)

    found = aws.instance(identity)
    tags = {each["Key"]: each["Value"] for each in found["Tags"]}
    (volume,) = aws.ec2.describe_volumes(VolumeIds=[found["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]])["Volumes"]
    (interface,) = found["NetworkInterfaces"]
    kept = aws.ec2.describe_network_interfaces(NetworkInterfaceIds=[interface["NetworkInterfaceId"]])
    assert (found["ImageId"], found["KeyName"], found["EbsOptimized"]) == (aws.image, "k", True)
    assert [each["GroupId"] for each in found["SecurityGroups"]] == [aws.firewall]
    assert found["IamInstanceProfile"]["Arn"].endswith("/worker")
    assert found["MetadataOptions"]["HttpTokens"] == "required"
    assert found["Monitoring"]["State"] == "enabled"
    assert (tags["Team"], tags["Name"], tags["aws:autoscaling:groupName"]) == ("ci", "ci-pool", "pool")
    assert "Own" not in tags
    assert (volume["Encrypted"], volume["Size"], volume["VolumeType"], volume["Iops"]) == (True, 30, "gp3", 4000)
    for tagged in (volume["Tags"], kept["NetworkInterfaces"][0]["TagSet"], _request(aws, identity)["Tags"]):
        assert {"Key": "Team", "Value": "ci"} in tagged
    assert len(TAGGED) == 4


def _request(aws: Account, instance: str) -> dict[str, Any]:
    wanted = [{"Name": "instance-id", "Values": [instance]}]
    (found,) = aws.ec2.describe_spot_instance_requests(Filters=wanted)["SpotInstanceRequests"]
    return dict(found)


def test_spot_instances_have_a_request_and_others_have_none(aws: Account) -> None:
    aws.group(distribution={"OnDemandBaseCapacity": 1, "OnDemandPercentageAboveBaseCapacity": 0})

    first, second = aws.running(2)

    assert "InstanceLifecycle" not in aws.instance(first)
    found = aws.instance(second)
    assert found["InstanceLifecycle"] == "spot"
    assert _request(aws, second)["SpotInstanceRequestId"] == found["SpotInstanceRequestId"]
    assert (_request(aws, second)["State"], _request(aws, second)["Status"]["Code"]) == ("active", "fulfilled")


@pytest.mark.parametrize(("base", "percentage", "wanted"), [(0, 0, 0), (2, 0, 2), (0, 100, 5), (1, 50, 3), (0, 25, 2)])
def test_on_demand_instances_are_as_many_as_base_and_percentage_say(
    aws: Account, base: int, percentage: int, wanted: int
) -> None:
    aws.group(distribution={"OnDemandBaseCapacity": base, "OnDemandPercentageAboveBaseCapacity": percentage})

    found = [aws.instance(each) for each in aws.running(5)]

    assert sum("InstanceLifecycle" not in each for each in found) == wanted


def test_the_subnets_zones_get_equal_shares(aws: Account) -> None:
    aws.group()

    zones = Counter(aws.instance(each)["Placement"]["AvailabilityZone"] for each in aws.running(4))

    assert zones == {"eu-central-1a": 2, "eu-central-1b": 2}
    assert sorted(aws.described()["AvailabilityZones"]) == ["eu-central-1a", "eu-central-1b"]


def test_without_capacity_of_one_type_the_next_override_is_launched(aws: Account) -> None:
    aws.group()
    aws.refuse({**NO_SPOT, "instanceType": "m6i.large"})

    assert {aws.instance(each)["InstanceType"] for each in aws.running(2)} == {"m5.large"}


def test_without_capacity_in_one_zone_the_other_has_all(aws: Account) -> None:
    aws.group()
    aws.refuse({**NO_SPOT, "zone": "eu-central-1a"})

    zones = {aws.instance(each)["Placement"]["AvailabilityZone"] for each in aws.running(3)}

    assert zones == {"eu-central-1b"}


def test_a_launch_without_capacity_is_a_failed_activity_and_is_tried_again(aws: Account) -> None:
    aws.group()
    aws.refuse(NO_SPOT)

    aws.resize(1)

    first = aws.activities()[0]
    assert (first["StatusCode"], first["StatusMessage"]) == ("Failed", NO_CAPACITY)
    assert first["Description"] == f"Launching a new EC2 instance.  Status Reason: {NO_CAPACITY}"
    assert "increasing the capacity from 0 to 1" in first["Cause"]
    until(lambda: len(aws.activities()) > 1)
    assert (aws.members(), aws.described()["DesiredCapacity"]) == ([], 1)
    aws.refuse()
    until(aws.members)


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (
            {"code": "MaxSpotInstanceCountExceeded"},
            "Could not launch Spot Instances. MaxSpotInstanceCountExceeded - Max",
        ),
        ({"code": "VcpuLimitExceeded"}, "Could not launch Spot Instances. VcpuLimitExceeded - You have requested more"),
    ],
)
def test_a_quota_is_a_failed_activity(aws: Account, rule: dict[str, str], text: str) -> None:
    aws.group()
    aws.refuse(rule)

    aws.resize(1)

    assert aws.activities()[0]["StatusMessage"].startswith(text)


def test_an_image_that_is_gone_is_a_failed_activity(aws: Account) -> None:
    image = aws.ec2.register_image(Name="own", RootDeviceName="/dev/sda1")["ImageId"]
    aws.group(template=aws.template(ImageId=image))
    aws.ec2.deregister_image(ImageId=image)

    aws.resize(1)

    text = f"The image id '[{image}]' does not exist. Launching EC2 instance failed."
    assert (aws.activities()[0]["StatusCode"], aws.activities()[0]["StatusMessage"]) == ("Failed", text)


def test_a_group_launches_from_the_latest_version_or_from_the_default_or_a_given_one(aws: Account) -> None:
    template = aws.template()
    aws.ec2.create_launch_template_version(LaunchTemplateId=template, LaunchTemplateData=aws.content(EbsOptimized=True))
    aws.group(template=template)

    latest = aws.running(1)[0]
    assert aws.instance(latest)["EbsOptimized"] is True

    specification = {"LaunchTemplateId": template, "Version": "$Default"}
    policy = aws.described()["MixedInstancesPolicy"]
    policy["LaunchTemplate"]["LaunchTemplateSpecification"] = specification
    aws.groups.update_auto_scaling_group(AutoScalingGroupName="pool", MixedInstancesPolicy=policy)
    other = ({*aws.running(2)} - {latest}).pop()
    assert aws.instance(other)["EbsOptimized"] is False
    aws.ec2.modify_launch_template(LaunchTemplateId=template, DefaultVersion="2")
    third = ({*aws.running(3)} - {latest, other}).pop()
    assert aws.instance(third)["EbsOptimized"] is True
    versions = {each["InstanceId"]: each["LaunchTemplate"]["Version"] for each in aws.described()["Instances"]}
    assert versions == {latest: "2", other: "1", third: "2"}


def test_a_templates_own_tags_are_not_those_of_what_it_launches(aws: Account) -> None:
    own = [{"ResourceType": "launch-template", "Tags": [{"Key": "N", "Value": "1"}]}]
    made = aws.ec2.create_launch_template(
        LaunchTemplateName="t", LaunchTemplateData={"ImageId": aws.image}, TagSpecifications=own
    )["LaunchTemplate"]
    identity = made["LaunchTemplateId"]

    aws.ec2.create_tags(Resources=[identity], Tags=[{"Key": "N", "Value": "2"}])

    (version,) = aws.ec2.describe_launch_template_versions(LaunchTemplateId=identity)["LaunchTemplateVersions"]
    (template,) = aws.ec2.describe_launch_templates(LaunchTemplateIds=[identity])["LaunchTemplates"]
    assert version["LaunchTemplateData"] == {"ImageId": aws.image}
    assert template["Tags"] == [{"Key": "N", "Value": "2"}]


def test_a_capacity_out_of_bounds_is_refused(aws: Account) -> None:
    aws.group(most=3, MinSize=1)

    above, below = refusal(lambda: aws.resize(4)), refusal(lambda: aws.resize(0))

    text = "New SetDesiredCapacity value {} for the AutoScalingGroup."
    assert above == ("ValidationError", text.format("4 is above max value 3"))
    assert below == ("ValidationError", text.format("0 is below min value 1"))
    assert aws.described()["DesiredCapacity"] == 1


def test_a_smaller_maximum_takes_the_desired_capacity_with_it(aws: Account) -> None:
    aws.group(NewInstancesProtectedFromScaleIn=False)
    aws.running(3)

    aws.groups.update_auto_scaling_group(AutoScalingGroupName="pool", MaxSize=1)

    assert aws.described()["DesiredCapacity"] == 1
    until(lambda: len(aws.described()["Instances"]) == 1)


def test_protected_instances_stay_when_the_group_is_scaled_in(aws: Account) -> None:
    aws.group()
    kept = aws.running(2)

    aws.resize(0)

    assert aws.members() == kept
    (activity,) = [each for each in aws.activities() if each["StatusCode"] == "Cancelled"]
    assert "protected from scale-in" in activity["StatusMessage"]
    aws.groups.set_instance_protection(AutoScalingGroupName="pool", InstanceIds=kept[:1], ProtectedFromScaleIn=False)
    until(lambda: aws.members() == kept[1:])


def test_ending_an_instance_in_the_group_ends_protected_ones_too(aws: Account) -> None:
    aws.group()
    first, second = aws.running(2)

    answer = _end(aws, first)

    assert (answer["StatusCode"], aws.described()["DesiredCapacity"]) == ("InProgress", 1)
    assert aws.members("Terminating") == [first]
    assert aws.instance(first)["State"]["Name"] == "terminated"
    until(lambda: len(aws.described()["Instances"]) == 1)
    assert aws.members() == [second]


def _end(aws: Account, identity: str, *, decrement: bool = True) -> dict[str, Any]:
    answer = aws.groups.terminate_instance_in_auto_scaling_group(
        InstanceId=identity, ShouldDecrementDesiredCapacity=decrement
    )
    return dict(answer["Activity"])


def test_an_instance_ended_without_a_smaller_capacity_is_replaced(aws: Account) -> None:
    aws.group()
    (first,) = aws.running(1)

    _end(aws, first, decrement=False)

    until(lambda: len(aws.members()) == 1)
    assert aws.members() != [first]


def test_an_instance_can_be_ended_once(aws: Account) -> None:
    aws.group()
    (first,) = aws.running(1)
    _end(aws, first)

    while_ending = refusal(lambda: _end(aws, first))
    until(lambda: not aws.described()["Instances"])
    afterwards = refusal(lambda: _end(aws, first))

    text = f"Instance Id not found - No managed instance found for instance ID: {first}"
    assert while_ending == afterwards == ("ValidationError", text)


def test_no_instance_is_ended_below_the_minimum(aws: Account) -> None:
    aws.group(MinSize=1)
    until(aws.members)

    code, text = refusal(lambda: _end(aws, aws.members()[0]))

    assert code == "ValidationError"
    assert text.startswith("Currently, desiredSize equals minSize (1). Terminating instance without replacement will")


def test_a_reclaimed_spot_instance_is_replaced(aws: Account) -> None:
    aws.group()
    (first,) = aws.running(1)
    aws.control("auto-scaling", {"warn": first})
    assert _request(aws, first)["Status"]["Code"] == "marked-for-termination"

    aws.control("auto-scaling", {"reclaim": first})

    assert _request(aws, first)["Status"]["Code"] == "instance-terminated-no-capacity"
    assert aws.instance(first)["StateReason"]["Code"] == "Server.SpotInstanceTermination"
    until(lambda: len(aws.members()) == 1)
    assert aws.members() != [first]
    assert any("EC2 health check" in each["Cause"] for each in aws.activities())


def test_an_instance_ended_in_ec2_is_replaced_unless_that_is_suspended(aws: Account) -> None:
    aws.group()
    (first,) = aws.running(1)
    aws.groups.suspend_processes(AutoScalingGroupName="pool", ScalingProcesses=["ReplaceUnhealthy"])

    aws.ec2.terminate_instances(InstanceIds=[first])

    (left,) = aws.described()["Instances"]
    assert (left["InstanceId"], left["HealthStatus"]) == (first, "Unhealthy")
    aws.groups.resume_processes(AutoScalingGroupName="pool", ScalingProcesses=["ReplaceUnhealthy"])
    until(lambda: aws.members() not in ([], [first]))


def test_nothing_is_launched_while_that_is_suspended(aws: Account) -> None:
    aws.group()
    aws.groups.suspend_processes(AutoScalingGroupName="pool", ScalingProcesses=["Launch", "AZRebalance"])

    aws.resize(1)

    assert aws.described()["Instances"] == []
    assert [each["ProcessName"] for each in aws.described()["SuspendedProcesses"]] == ["AZRebalance", "Launch"]
    aws.groups.resume_processes(AutoScalingGroupName="pool", ScalingProcesses=["Launch"])
    until(aws.members)


def test_a_group_with_instances_is_deleted_by_force_alone(aws: Account) -> None:
    aws.group()
    found = aws.running(2)

    code, text = refusal(lambda: aws.groups.delete_auto_scaling_group(AutoScalingGroupName="pool"))
    assert code == "ResourceInUse"
    assert text.startswith("You cannot delete an AutoScalingGroup while there are instances")

    aws.groups.delete_auto_scaling_group(AutoScalingGroupName="pool", ForceDelete=True)
    assert aws.described()["Status"] == "Delete in progress"
    until(lambda: not aws.groups.describe_auto_scaling_groups()["AutoScalingGroups"])
    assert {aws.instance(each)["State"]["Name"] for each in found} == {"terminated"}
    of_group = [{"Name": "group-id", "Values": [aws.firewall]}]
    assert aws.ec2.describe_volumes()["Volumes"] == []
    assert aws.ec2.describe_network_interfaces(Filters=of_group)["NetworkInterfaces"] == []


def test_calls_of_auto_scaling_can_be_refused_like_others(aws: Account) -> None:
    aws.group()
    aws.refuse({"service": "autoscaling", "action": "SetDesiredCapacity", "code": "Throttling"})

    assert refusal(lambda: aws.resize(1))[0] == "Throttling"
    assert aws.described()["DesiredCapacity"] == 0


def test_a_group_is_slow_to_retry_and_not_to_forget(aws: Account) -> None:
    aws.control("auto-scaling", {"retry": 3600})
    aws.group()
    aws.refuse(NO_SPOT)
    aws.resize(1)
    aws.refuse()

    time.sleep(0.1)

    assert (aws.members("Pending"), len(aws.activities())) == ([], 1)
