"""Stand-in for pulumi-aws: EC2 instances."""

import base64
import time
from typing import Any

from ..access import Access
from ..errors import ProviderError, unless_gone
from ..properties import Properties
from .base import Resource, differs, present, retag, tag_list, values_filter
from .instance_changes import METADATA, PROTECTIONS, block, change, protect, set_ipv6_addresses
from .instance_outputs import disks, outputs

_TERMINATION_SECONDS = 60.0


class Instance(Resource):
    kind = "aws:ec2/instance:Instance"
    # moto can't change these two, and forgets the first: both stay as given.
    _kept_as_given = frozenset({"maintenanceOptions", "monitoring"})
    carries_out = _kept_as_given | frozenset(
        {
            "ami",
            "associatePublicIpAddress",
            "availabilityZone",
            "creditSpecification",
            "disableApiStop",
            "disableApiTermination",
            "ebsBlockDevices",
            "ebsOptimized",
            "forceDestroy",
            "iamInstanceProfile",
            "instanceType",
            "ipv6AddressCount",
            "keyName",
            "metadataOptions",
            "privateIp",
            "rootBlockDevice",
            "sourceDestCheck",
            "subnetId",
            "tags",
            "userData",
            "userDataBase64",
            "userDataReplaceOnChange",
            "volumeTags",
            "vpcSecurityGroupIds",
        }
    )

    def create(self, aws: Access, inputs: Properties) -> str:
        profile, zone = inputs.get("iamInstanceProfile"), inputs.get("availabilityZone")
        with self.doing("creating EC2 Instance"):
            if inputs.get("keyName"):
                # The emulated AWS would take a key pair that does not exist; AWS does not.
                aws.client("ec2").describe_key_pairs(KeyNames=[inputs["keyName"]])
            answer = aws.client("ec2").run_instances(
                MinCount=1,
                MaxCount=1,
                ImageId=inputs["ami"],
                InstanceType=inputs["instanceType"],
                BlockDeviceMappings=self._devices(aws, inputs),
                **present(
                    KeyName=inputs.get("keyName"),
                    UserData=_user_data(inputs) or None,
                    IamInstanceProfile={"Name": profile} if profile else None,
                    Placement={"AvailabilityZone": zone} if zone else None,
                    MetadataOptions=block(METADATA, inputs.get("metadataOptions")),
                    CreditSpecification=block({"cpuCredits": "CpuCredits"}, inputs.get("creditSpecification")),
                    MaintenanceOptions=block({"autoRecovery": "AutoRecovery"}, inputs.get("maintenanceOptions")),
                    EbsOptimized=inputs.get("ebsOptimized"),
                    Monitoring={"Enabled": True} if inputs.get("monitoring") else None,
                ),
                **self._network(inputs),
                **self._tags(inputs),
            )
        return str(answer["Instances"][0]["InstanceId"])

    def _devices(self, aws: Access, inputs: Properties) -> list[dict[str, Any]]:
        images = aws.client("ec2").describe_images(ImageIds=[inputs["ami"]])["Images"]
        root = images[0].get("RootDeviceName", "/dev/sda1") if images else "/dev/sda1"
        return disks(root, inputs)

    def _network(self, inputs: Properties) -> dict[str, Any]:
        subnet, address = inputs.get("subnetId"), inputs.get("privateIp")
        groups = inputs.get("vpcSecurityGroupIds") or None
        public = inputs.get("associatePublicIpAddress")
        if public is None:
            return present(SubnetId=subnet, SecurityGroupIds=groups, PrivateIpAddress=address)
        interface = present(SubnetId=subnet, Groups=groups, PrivateIpAddress=address)
        return {"NetworkInterfaces": [{"DeviceIndex": 0, "AssociatePublicIpAddress": public, **interface}]}

    def _tags(self, inputs: Properties) -> dict[str, Any]:
        volume = inputs.get("volumeTags") or (inputs.get("rootBlockDevice") or {}).get("tags")
        specifications = [
            {"ResourceType": kind, "Tags": tag_list(tags)}
            for kind, tags in (("instance", inputs.get("tags")), ("volume", volume))
            if tags
        ]
        return {"TagSpecifications": specifications} if specifications else {}

    def finish(self, aws: Access, identity: str, inputs: Properties) -> None:
        if inputs.get("sourceDestCheck") is False:
            with self.doing(f"modifying EC2 Instance ({identity}) SourceDestCheck attribute"):
                aws.client("ec2").modify_instance_attribute(InstanceId=identity, SourceDestCheck={"Value": False})
        with self.doing(f"modifying EC2 Instance ({identity})"):
            protect(aws, identity, {name: True for name in PROTECTIONS if inputs.get(name)})
            addresses = self._ipv6_addresses(aws, inputs)
            if addresses:
                set_ipv6_addresses(aws, identity, addresses)

    def _ipv6_addresses(self, aws: Access, inputs: Properties) -> int:
        """How many the instance starts with. Asked for at its creation, moto would give none in some cases."""
        if inputs.get("ipv6AddressCount") is not None:
            return int(inputs["ipv6AddressCount"])
        if not inputs.get("subnetId"):
            return 0
        subnets = aws.client("ec2").describe_subnets(SubnetIds=[inputs["subnetId"]])["Subnets"]
        return int(subnets[0]["AssignIpv6AddressOnCreation"])

    def read(self, aws: Access, identity: str, known: Properties) -> Properties | None:
        ec2 = aws.client("ec2")
        answer = unless_gone(lambda: ec2.describe_instances(InstanceIds=[identity]))
        instance = None if answer is None else answer["Reservations"][0]["Instances"][0]
        if instance is None or instance["State"]["Name"] == "terminated":
            return None
        of_instance = [{"Name": "attachment.instance-id", "Values": [identity]}]
        volumes = ec2.describe_volumes(Filters=of_instance)["Volumes"]
        live = outputs(aws, instance, volumes, known)
        live["iamInstanceProfile"] = self._profile(aws, identity)
        return live | {name: self._attribute(aws, identity, name) for name in PROTECTIONS}

    def _attribute(self, aws: Access, identity: str, name: str) -> bool:
        answer = aws.client("ec2").describe_instance_attribute(InstanceId=identity, Attribute=name)
        return bool(answer[PROTECTIONS[name]]["Value"])

    def _profile(self, aws: Access, identity: str) -> str:
        # DescribeInstances of the emulated AWS continues showing the first profile.
        answer = aws.client("ec2").describe_iam_instance_profile_associations(
            Filters=values_filter(instance_id=identity)
        )
        arns = [found["IamInstanceProfile"]["Arn"] for found in answer["IamInstanceProfileAssociations"]]
        return str(arns[0]).rpartition("/")[2] if arns else ""

    def update(self, aws: Access, identity: str, olds: Properties, news: Properties) -> str | None:
        ec2 = aws.client("ec2")
        stopped = [name for name in ("instanceType", "userData", "userDataBase64") if differs(name, olds, news)]
        if olds.get("userData") and not _user_data(news):
            stopped.append("userData")
        if stopped:
            with self.doing(f"updating EC2 Instance ({identity})"):
                ec2.stop_instances(InstanceIds=[identity])
                if "instanceType" in stopped:
                    value = {"Value": news["instanceType"]}
                    ec2.modify_instance_attribute(InstanceId=identity, InstanceType=value)
                if stopped != ["instanceType"]:
                    # Given as `UserData`, the emulated AWS refuses what the real one takes.
                    encoded = base64.b64encode(_user_data(news).encode()).decode()
                    ec2.modify_instance_attribute(InstanceId=identity, Attribute="userData", Value=encoded)
                ec2.start_instances(InstanceIds=[identity])
        with self.doing(f"modifying EC2 Instance ({identity})"):
            change(aws, identity, olds, news)
        retag(aws, identity, olds, news)
        return None

    def delete(self, aws: Access, identity: str, known: Properties) -> None:
        ec2 = aws.client("ec2")
        with self.doing(f"terminating EC2 Instance ({identity})"):
            if known.get("forceDestroy"):
                protect(aws, identity, dict.fromkeys(PROTECTIONS, False))
            ec2.terminate_instances(InstanceIds=[identity])
            until = time.monotonic() + _TERMINATION_SECONDS
            while self.read(aws, identity, known) is not None:
                if time.monotonic() > until:
                    raise ProviderError(f"waiting for EC2 Instance ({identity}) delete: timeout")
                time.sleep(0.1)


def _user_data(inputs: Properties) -> str:
    if inputs.get("userDataBase64"):
        return base64.b64decode(inputs["userDataBase64"]).decode()
    return inputs.get("userData") or ""
