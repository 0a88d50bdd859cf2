"""Stand-in for pulumi-aws: machine images as `getAmi` shows them."""

from collections.abc import Mapping, Sequence
from typing import Any

from .access import Access
from .properties import Properties
from .resources.base import tag_map

_TEXTS: Mapping[str, str] = {
    "architecture": "Architecture",
    "bootMode": "BootMode",
    "creationDate": "CreationDate",
    "deprecationTime": "DeprecationTime",
    "description": "Description",
    "hypervisor": "Hypervisor",
    "imageId": "ImageId",
    "imageLocation": "ImageLocation",
    "imageOwnerAlias": "ImageOwnerAlias",
    "imageType": "ImageType",
    "imdsSupport": "ImdsSupport",
    "kernelId": "KernelId",
    "lastLaunchedTime": "LastLaunchedTime",
    "name": "Name",
    "ownerId": "OwnerId",
    "platform": "Platform",
    "platformDetails": "PlatformDetails",
    "ramdiskId": "RamdiskId",
    "rootDeviceName": "RootDeviceName",
    "rootDeviceType": "RootDeviceType",
    "sriovNetSupport": "SriovNetSupport",
    "state": "State",
    "tpmSupport": "TpmSupport",
    "usageOperation": "UsageOperation",
    "virtualizationType": "VirtualizationType",
}
_DISK: Mapping[str, tuple[str, object]] = {
    "delete_on_termination": ("DeleteOnTermination", False),
    "encrypted": ("Encrypted", False),
    "iops": ("Iops", 0),
    "snapshot_id": ("SnapshotId", ""),
    "throughput": ("Throughput", 0),
    "volume_initialization_rate": ("VolumeInitializationRate", 0),
    "volume_size": ("VolumeSize", 0),
    "volume_type": ("VolumeType", ""),
}


def newest(images: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    return max(images, key=lambda image: str(image.get("CreationDate", "")))


def image_outputs(aws: Access, image: Mapping[str, Any]) -> Properties:
    """What `getAmi` returns of an image as EC2 describes it."""
    disks = [_disk(mapping) for mapping in image.get("BlockDeviceMappings", ())]
    root = [disk for disk in disks if disk["deviceName"] == image.get("RootDeviceName")]
    return {
        **{name: image.get(key) or "" for name, key in _TEXTS.items()},
        "id": image["ImageId"],
        "arn": f"arn:aws:ec2:{aws.settings.region}::image/{image['ImageId']}",
        "blockDeviceMappings": disks,
        "enaSupport": bool(image.get("EnaSupport")),
        "productCodes": [],
        "public": bool(image.get("Public")),
        "rootSnapshotId": root[0]["ebs"].get("snapshot_id", "") if root else "",
        "stateReason": {"code": "UNSET", "message": "UNSET"},
        "tags": tag_map(image),
    }


def _disk(mapping: Mapping[str, Any]) -> Properties:
    disk = mapping.get("Ebs")
    shown = {name: _text(disk.get(key, default)) for name, (key, default) in _DISK.items()} if disk is not None else {}
    return {
        "deviceName": mapping.get("DeviceName", ""),
        "ebs": shown,
        "noDevice": mapping.get("NoDevice", ""),
        "virtualName": mapping.get("VirtualName", ""),
    }


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
