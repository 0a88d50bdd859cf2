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
    address = instance.get("PublicIpAddress") or ""
    shown = [_disk(volume, instance) for volume in volumes]
    root = _root(shown, instance, known)
    if root is not None:
        # moto does not keep it of a disk that an instance starts with.
        root["throughput"] = root["throughput"] or (known.get("rootBlockDevice") or {}).get("throughput") or 0
    ipv6 = [each["Ipv6Address"] for each in interface.get("Ipv6Addresses", ())]
    asked = known.get("associatePublicIpAddress")
    options = instance.get("MetadataOptions", {})
    return {
        "ami": instance["ImageId"],
        "arn": aws.arn("ec2", f"instance/{identity}"),
        "associatePublicIpAddress": bool(address) if asked is None else asked,
        "availabilityZone": instance["Placement"]["AvailabilityZone"],
        "ebsBlockDevices": [{"snapshotId": "", **disk} for disk in shown if disk is not root],
        "ebsOptimized": instance.get("EbsOptimized", False),
        "instanceState": instance["State"]["Name"],
        "instanceType": instance["InstanceType"],
        "ipv6AddressCount": len(ipv6),
        "ipv6Addresses": ipv6,
        "keyName": instance.get("KeyName") or "",
        "metadataOptions": {
            "httpEndpoint": options.get("HttpEndpoint", "enabled"),
            "httpProtocolIpv6": options.get("HttpProtocolIpv6", "disabled"),
            "httpPutResponseHopLimit": options.get("HttpPutResponseHopLimit", 1),
            "httpTokens": options.get("HttpTokens", "optional"),
            "instanceMetadataTags": options.get("InstanceMetadataTags", "disabled"),
        },
        "primaryNetworkInterfaceId": interface.get("NetworkInterfaceId") or "",
        "privateDns": instance.get("PrivateDnsName") or "",
        "privateIp": instance.get("PrivateIpAddress") or "",
        "publicDns": instance.get("PublicDnsName") or "",
        "publicIp": address,
        "rootBlockDevice": root,
        "sourceDestCheck": instance.get("SourceDestCheck", True),
        "subnetId": instance.get("SubnetId") or "",
        # moto names the groups of a network interface that was asked for at the interface alone.
        "vpcSecurityGroupIds": [
            group["GroupId"] for group in instance.get("SecurityGroups") or interface.get("Groups", ())
        ],
        "volumeTags": next((tag_map(volume) for volume in volumes), {}) if known.get("volumeTags") else None,
        "tags": tag_map(instance),
    }


def _root(disks: Sequence[Properties], instance: Mapping[str, Any], known: Properties) -> Properties | None:
    """The root disk: moto may attach it under another name than the image's."""
    added = {disk["deviceName"] for disk in known.get("ebsBlockDevices") or ()}
    candidates = [disk for disk in disks if disk["deviceName"] not in added]
    named = [disk for disk in candidates if disk["deviceName"] == instance.get("RootDeviceName")]
    return next(iter([*named, *candidates]), None)


def _disk(volume: Mapping[str, Any], instance: Mapping[str, Any]) -> Properties:
    device = volume["Attachments"][0]["Device"]
    mappings = {mapping["DeviceName"]: mapping["Ebs"] for mapping in instance.get("BlockDeviceMappings", ())}
    tags = tag_map(volume)
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
        **present(snapshotId=volume.get("SnapshotId") or None),
    }
