"""An emulated account with what an Auto Scaling group needs, and what tests do with groups in it."""

import base64
import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import Request, urlopen

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from localcloud.aws_server import AwsServer

REGION = "eu-central-1"
TYPES = ("m6i.large", "m5.large")
BOOT = {"boot": 0.3, "shutdown": 0.2, "retry": 0.2}
SPOT = {"OnDemandBaseCapacity": 0, "OnDemandPercentageAboveBaseCapacity": 0}
PUBLIC_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILmCnJUAMU4fiNBm6WeF8DWVsQKHDyFP6KjAaozngYig"
TAGGED = ("instance", "volume", "network-interface", "spot-instances-request")


class Account:
    """An emulated account with two subnets, a worker's profile and security group, and an image."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.ec2, self.groups, self.connect, self.iam = (
            self.client(name) for name in ("ec2", "autoscaling", "ec2-instance-connect", "iam")
        )
        linux = [{"Name": "name", "Values": ["amzn2-ami-hvm-2*"]}]
        self.image = self.ec2.describe_images(Owners=["amazon"], Filters=linux)["Images"][0]["ImageId"]
        self.vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.subnets = [
            self.ec2.create_subnet(VpcId=self.vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"{REGION}{zone}")[
                "Subnet"
            ]["SubnetId"]
            for n, zone in enumerate("ab")
        ]
        self.firewall = self.ec2.create_security_group(GroupName="w", Description="w", VpcId=self.vpc)["GroupId"]
        self.iam.create_instance_profile(InstanceProfileName="worker")

    def clear(self) -> None:
        """Have what a new account has, but for instances that are gone: a new one takes moto many seconds."""
        self.refuse()
        self.control("auto-scaling", BOOT)
        self.control("workers", {"cloudInitSeconds": 0, "cloudInitFails": False, "deaf": []})
        for group in self.groups.describe_auto_scaling_groups()["AutoScalingGroups"]:
            self.groups.delete_auto_scaling_group(AutoScalingGroupName=group["AutoScalingGroupName"], ForceDelete=True)
        until(lambda: not self.groups.describe_auto_scaling_groups()["AutoScalingGroups"])
        for template in self.ec2.describe_launch_templates()["LaunchTemplates"]:
            self.ec2.delete_launch_template(LaunchTemplateId=template["LaunchTemplateId"])
        for pair in self.ec2.describe_key_pairs()["KeyPairs"]:
            self.ec2.delete_key_pair(KeyName=pair["KeyName"])

    def client(self, service: str, region: str = REGION) -> Any:
        once = Config(retries={"total_max_attempts": 1})
        keys = {"aws_access_key_id": "local", "aws_secret_access_key": "local"}
        return boto3.client(service, region_name=region, endpoint_url=self.url, config=once, **keys)

    def control(self, path: str, body: Any = None) -> Any:
        """Use a stand-in's control side."""
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(f"{self.url}/-/stand-in/{path}", data)) as answer:
            return json.load(answer)

    def refuse(self, *rules: dict[str, Any]) -> None:
        self.control("refusals", rules)

    def content(self, **changes: Any) -> dict[str, Any]:
        """A launch template's data."""
        return {
            "ImageId": self.image,
            "SecurityGroupIds": [self.firewall],
            "IamInstanceProfile": {"Name": "worker"},
            "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 1},
            "BlockDeviceMappings": [
                {
                    "DeviceName": "/dev/sda1",
                    "Ebs": {"VolumeSize": 30, "VolumeType": "gp3", "Iops": 4000, "Encrypted": True},
                }
            ],
            "TagSpecifications": [{"ResourceType": kind, "Tags": [{"Key": "Team", "Value": "ci"}]} for kind in TAGGED],
            "UserData": base64.b64encode(b"#cloud-config\n").decode(),
            **changes,
        }

    def template(self, name: str = "ci", **changes: Any) -> str:
        """Make a launch template and return its id."""
        answer = self.ec2.create_launch_template(LaunchTemplateName=name, LaunchTemplateData=self.content(**changes))
        return str(answer["LaunchTemplate"]["LaunchTemplateId"])

    def group(self, name: str = "pool", template: str = "", most: int = 10, **changes: Any) -> str:
        """Make a group of spot instances, of two types and in two zones; `distribution` is part of its policy."""
        distribution = changes.pop("distribution", SPOT)
        specification = {"LaunchTemplateId": template or self.template(f"of-{name}"), "Version": "$Latest"}
        policy = {
            "InstancesDistribution": {"SpotAllocationStrategy": "price-capacity-optimized", **distribution},
            "LaunchTemplate": {
                "LaunchTemplateSpecification": specification,
                "Overrides": [{"InstanceType": kind} for kind in TYPES],
            },
        }
        settings = {
            "MinSize": 0,
            "MaxSize": most,
            "VPCZoneIdentifier": ",".join(self.subnets),
            "NewInstancesProtectedFromScaleIn": True,
            "MixedInstancesPolicy": policy,
            **changes,
        }
        self.groups.create_auto_scaling_group(AutoScalingGroupName=name, **settings)
        return name

    def resize(self, desired: int, name: str = "pool") -> None:
        self.groups.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=desired, HonorCooldown=False)

    def described(self, name: str = "pool") -> dict[str, Any]:
        (found,) = self.groups.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
        return dict(found)

    def members(self, state: str = "InService", name: str = "pool") -> list[str]:
        """Instances in this state, in the order in which they were launched."""
        return [each["InstanceId"] for each in self.described(name)["Instances"] if each["LifecycleState"] == state]

    def instance(self, identity: str) -> dict[str, Any]:
        return dict(self.ec2.describe_instances(InstanceIds=[identity])["Reservations"][0]["Instances"][0])

    def activities(self, name: str = "pool") -> list[dict[str, Any]]:
        """The newest first."""
        return list(self.groups.describe_scaling_activities(AutoScalingGroupName=name)["Activities"])

    def running(self, count: int, name: str = "pool") -> list[str]:
        """Resize and wait until as many are in service."""
        self.resize(count, name)
        until(lambda: len(self.members(name=name)) == count)
        return self.members(name=name)


def until(condition: Callable[[], Any], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def refusal(call: Callable[[], Any]) -> tuple[str, str]:
    """AWS's code and text."""
    try:
        call()
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["Error"]["Message"]
    raise AssertionError("it was not refused")


@contextmanager
def account() -> Iterator[Account]:
    """A new account."""
    server = AwsServer()
    server.start()
    try:
        urlopen(Request(f"{server.url}/moto-api/reset", method="POST")).close()
        yield Account(server.url)
    finally:
        server.close()
