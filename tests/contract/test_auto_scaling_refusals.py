"""What the stand-in for Auto Scaling refuses of a group, and the provider does not."""

from collections.abc import Iterator
from typing import Any

import pytest

from .emulated_fleet import SPOT, Account, account, refusal


@pytest.fixture(scope="module")
def aws() -> Iterator[Account]:
    with account() as made:
        made.clear()
        made.template("well-formed")
        yield made


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"MinSize": 11}, "Min bound, 11, must be less than or equal to max bound, 10"),
        ({"DesiredCapacity": 11}, "Desired capacity:11 must be between the specified min size:0 and max size:10"),
        ({"MaxInstanceLifetime": 3600}, "Max instance lifetime must be 0 or between 86400 and 31536000"),
        ({"HealthCheckType": "x"}, "health check type x"),
        ({"HealthCheckGracePeriod": -1}, "-1 must not be negative"),
        ({"TerminationPolicies": ["x"]}, "x is not a valid termination policy"),
        ({"VPCZoneIdentifier": "subnet-0"}, "The subnet ID 'subnet-0' does not exist"),
        ({"distribution": {**SPOT, "SpotAllocationStrategy": "cheapest"}}, "SpotAllocationStrategy cheapest"),
        ({"distribution": {**SPOT, "SpotInstancePools": 2}}, "The Spot pool count isn't valid."),
        ({"distribution": {"OnDemandBaseCapacity": -1}}, "OnDemandBaseCapacity must not be negative"),
        ({"distribution": {"OnDemandPercentageAboveBaseCapacity": 101}}, "must be between 0 and 100"),
    ],
)
def test_settings_that_aws_refuses_are_refused(aws: Account, changes: dict[str, Any], text: str) -> None:
    template = aws.ec2.describe_launch_templates(LaunchTemplateNames=["well-formed"])["LaunchTemplates"][0]

    code, said = refusal(lambda: aws.group("refused", template["LaunchTemplateId"], **changes))

    assert code == "ValidationError"
    assert text in said


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({"ImageId": "ami-00000000"}, "The image id '[ami-00000000]' does not exist"),
        ({"KeyName": "none"}, "The key pair 'none' does not exist"),
        ({"SecurityGroupIds": ["sg-0"]}, "The security group 'sg-0' does not exist"),
        ({"IamInstanceProfile": {"Name": "none"}}, "Value (none) for parameter iamInstanceProfile.name is invalid."),
        ({"NetworkInterfaces": [{"DeviceIndex": 0}]}, "Network interfaces and an instance-level security groups may"),
    ],
)
def test_a_template_that_can_not_be_launched_is_refused(aws: Account, content: dict[str, Any], text: str) -> None:
    template = aws.template(f"bad-{next(iter(content))}", **content)

    code, said = refusal(lambda: aws.group("refused", template))

    assert code == "ValidationError"
    assert said.startswith(f"You must use a valid fully-formed launch template. {text}")


def test_a_template_that_asks_for_spot_by_itself_goes_with_no_policy(aws: Account) -> None:
    template = aws.template("spot", InstanceMarketOptions={"MarketType": "spot"})

    code, said = refusal(lambda: aws.group("refused", template))

    assert code == "ValidationError"
    assert said.startswith("Incompatible launch template: You cannot use a launch template that is set to request Spot")


def test_a_template_that_does_not_exist_is_refused(aws: Account) -> None:
    code, said = refusal(lambda: aws.group("refused", "lt-00000000000000000"))

    assert code == "ValidationError"
    assert said.endswith("The specified launch template, with template ID lt-00000000000000000, does not exist.")


def test_a_second_group_of_the_same_name_is_refused(aws: Account) -> None:
    aws.group("twice")

    code, said = refusal(lambda: aws.group("twice", aws.template("second")))

    assert (code, said.partition(" - ")[0]) == ("AlreadyExists", "AutoScalingGroup by this name already exists")


def test_an_update_is_checked_as_a_creation_is(aws: Account) -> None:
    aws.group("checked")

    code, _ = refusal(lambda: aws.groups.update_auto_scaling_group(AutoScalingGroupName="checked", MinSize=99))

    assert code == "ValidationError"
    assert aws.described("checked")["MinSize"] == 0


def test_a_process_that_there_is_not_is_refused(aws: Account) -> None:
    aws.group("suspended")

    code, _ = refusal(
        lambda: aws.groups.suspend_processes(AutoScalingGroupName="suspended", ScalingProcesses=["AzRebalance"])
    )

    assert code == "ValidationError"


def test_a_group_that_there_is_not_is_reported_as_such(aws: Account) -> None:
    assert refusal(lambda: aws.resize(0, "none"))[0] == "ValidationError"
    assert aws.groups.describe_auto_scaling_groups(AutoScalingGroupNames=["none"])["AutoScalingGroups"] == []
