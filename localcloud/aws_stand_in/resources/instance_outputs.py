"""Stand-in for pulumi-aws: an EC2 instance's disks and outputs, translated from and to EC2's own descriptions."""

from collections.abc import Mapping, Sequence
from typing import Any

from ..access import Access
from ..properties import Properties
from .base import present, tag_map

_DISK: Mapping[str, str] = {
    "volumeSize": "VolumeSize",
    "volumeType": "VolumeType",
    "encrypted": "Encrypted",
    "iops": "Iops",
    "throughput": "Throughput",
    "kmsKeyId": "KmsKeyId",
    "snapshotId": "SnapshotId",
}


def disks(root_name: str, inputs: Properties) -> list[dict[str, Any]]:
    """The argument `BlockDeviceMappings`: the root disk and those that the program adds."""
    root = inputs.get("rootBlockDevice")
    wanted = [*([{**root, "deviceName": root_name}] if root else ()), *(inputs.get("ebsBlockDevices") or ())]
    return [
        {
            "DeviceName": disk["deviceName"],
            "Ebs": {
                "DeleteOnTermination": disk.get("deleteOnTermination", True),
                **{parameter: disk[name] for name, parameter in _DISK.items() if disk.get(name) is not None},
            },
        }
        for disk in wanted
    ]


def outputs(
    aws: Access, instance: Mapping[str, Any], volumes: Sequence[Mapping[str, Any]], known: Properties
) -> Properties:
    """What the provider shows of a running or stopped instance; `known` are inputs or earlier outputs."""
    identity = instance["InstanceId"]
    interface: Mapping[str, Any] = next(iter(instance.get("NetworkInterfaces", ())), {})
    machine = aws.hypervisor.address(identity) if aws.hypervisor is not None else None
    address = machine or instance.get("PublicIpAddress") or ""
    root = instance.get("RootDeviceName")
    shown = {disk["deviceName"]: disk for volume in volumes for disk in [_disk(volume, instance)]}
    asked = known.get("associatePublicIpAddress")
    options = instance.get("MetadataOptions", {})
    return {
        "ami": instance["ImageId"],
        "arn": aws.arn("ec2", f"instance/{identity}"),
        "associatePublicIpAddress": bool(address) if asked is None else asked,
        "availabilityZone": instance["Placement"]["AvailabilityZone"],
        "ebsBlockDevices": [disk for name, disk in shown.items() if name != root],
        "ebsOptimized": instance.get("EbsOptimized", False),
        "instanceState": instance["State"]["Name"],
        "instanceType": instance["InstanceType"],
        "keyName": instance.get("KeyName") or "",
        "metadataOptions": {
            "httpEndpoint": options.get("HttpEndpoint", "enabled"),
            "httpProtocolIpv6": options.get("HttpProtocolIpv6", "disabled"),
            "httpPutResponseHopLimit": options.get("HttpPutResponseHopLimit", 1),
            "httpTokens": options.get("HttpTokens", "optional"),
            "instanceMetadataTags": options.get("InstanceMetadataTags", "disabled"),
        },
        "monitoring": instance.get("Monitoring", {}).get("State") == "enabled",
        "primaryNetworkInterfaceId": interface.get("NetworkInterfaceId") or "",
        "privateDns": instance.get("PrivateDnsName") or "",
        "privateIp": instance.get("PrivateIpAddress") or "",
        "publicDns": instance.get("PublicDnsName") or "",
        "publicIp": address,
        "rootBlockDevice": shown.get(root or ""),
        "sourceDestCheck": instance.get("SourceDestCheck", True),
        "subnetId": instance.get("SubnetId") or "",
        # moto names the groups of a network interface that was asked for at the interface alone.
        "vpcSecurityGroupIds": [
            group["GroupId"] for group in instance.get("SecurityGroups") or interface.get("Groups", ())
        ],
        "tags": tag_map(instance),
    }


def _disk(volume: Mapping[str, Any], instance: Mapping[str, Any]) -> Properties:
    device = volume["Attachments"][0]["Device"]
    mappings = {mapping["DeviceName"]: mapping["Ebs"] for mapping in instance.get("BlockDeviceMappings", ())}
    tags = tag_map(volume)
    is_root = device == instance.get("RootDeviceName")
    return {
        "deleteOnTermination": mappings.get(device, {}).get("DeleteOnTermination", True),
        "deviceName": device,
        "encrypted": volume["Encrypted"],
        "iops": volume.get("Iops") or 0,
        "kmsKeyId": volume.get("KmsKeyId") or "",
        "tags": tags,
        "tagsAll": tags,
        "throughput": volume.get("Throughput") or 0,
        "volumeId": volume["VolumeId"],
        "volumeSize": volume["Size"],
        "volumeType": volume["VolumeType"],
        **present(snapshotId=None if is_root else volume.get("SnapshotId") or ""),
    }
