"""Stand-in for pulumi-aws: the content of a launch template, translated from and to EC2's own description."""

from collections.abc import Mapping
from typing import Any

from ..properties import Properties
from .base import tag_list
from .instance_changes import METADATA

_PLAIN: Mapping[str, str] = {
    "disableApiStop": "DisableApiStop",
    "disableApiTermination": "DisableApiTermination",
    "imageId": "ImageId",
    "instanceInitiatedShutdownBehavior": "InstanceInitiatedShutdownBehavior",
    "instanceType": "InstanceType",
    "keyName": "KeyName",
    "userData": "UserData",
}
_DISK: Mapping[str, str] = {
    "iops": "Iops",
    "kmsKeyId": "KmsKeyId",
    "snapshotId": "SnapshotId",
    "throughput": "Throughput",
    "volumeInitializationRate": "VolumeInitializationRate",
    "volumeSize": "VolumeSize",
    "volumeType": "VolumeType",
}
_DISK_SWITCHES: Mapping[str, str] = {"deleteOnTermination": "DeleteOnTermination", "encrypted": "Encrypted"}
_INTERFACE: Mapping[str, str] = {
    "description": "Description",
    "deviceIndex": "DeviceIndex",
    "interfaceType": "InterfaceType",
    "networkCardIndex": "NetworkCardIndex",
    "networkInterfaceId": "NetworkInterfaceId",
    "privateIpAddress": "PrivateIpAddress",
    "subnetId": "SubnetId",
}
_INTERFACE_SWITCHES: Mapping[str, str] = {
    "associatePublicIpAddress": "AssociatePublicIpAddress",
    "deleteOnTermination": "DeleteOnTermination",
}
_BLOCKS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "creditSpecification": ("CreditSpecification", {"cpuCredits": "CpuCredits"}),
    "iamInstanceProfile": ("IamInstanceProfile", {"arn": "Arn", "name": "Name"}),
    "maintenanceOptions": ("MaintenanceOptions", {"autoRecovery": "AutoRecovery"}),
    "metadataOptions": ("MetadataOptions", METADATA),
    "monitoring": ("Monitoring", {"enabled": "Enabled"}),
    "placement": (
        "Placement",
        {
            "affinity": "Affinity",
            "availabilityZone": "AvailabilityZone",
            "groupName": "GroupName",
            "hostId": "HostId",
            "tenancy": "Tenancy",
        },
    ),
}
_SPOT: Mapping[str, str] = {
    "blockDurationMinutes": "BlockDurationMinutes",
    "instanceInterruptionBehavior": "InstanceInterruptionBehavior",
    "maxPrice": "MaxPrice",
    "spotInstanceType": "SpotInstanceType",
    "validUntil": "ValidUntil",
}
CONTENT = frozenset(
    {
        *_PLAIN,
        *_BLOCKS,
        "blockDeviceMappings",
        "description",
        "ebsOptimized",
        "instanceMarketOptions",
        "networkInterfaces",
        "tagSpecifications",
        "vpcSecurityGroupIds",
    }
)
"""Inputs whose change makes a new version; all else is the template's."""


def data(inputs: Properties) -> dict[str, Any]:
    """The argument `LaunchTemplateData`."""
    market = inputs.get("instanceMarketOptions")
    given: dict[str, Any] = {
        **_given(_PLAIN, inputs),
        **{parameter: _given(names, inputs.get(name)) for name, (parameter, names) in _BLOCKS.items()},
        **_switches({"ebsOptimized": "EbsOptimized"}, inputs),
        "BlockDeviceMappings": [_to_disk(each) for each in inputs.get("blockDeviceMappings") or ()],
        "NetworkInterfaces": [_to_interface(each) for each in inputs.get("networkInterfaces") or ()],
        "SecurityGroupIds": list(inputs.get("vpcSecurityGroupIds") or ()),
        "TagSpecifications": [
            {"ResourceType": each["resourceType"], "Tags": tag_list(each.get("tags") or {})}
            for each in inputs.get("tagSpecifications") or ()
        ],
    }
    if market:
        spot = _given(_SPOT, market.get("spotOptions"))
        given["InstanceMarketOptions"] = {
            **({"MarketType": market["marketType"]} if market.get("marketType") else {}),
            **({"SpotOptions": spot} if spot else {}),
        }
    return {key: value for key, value in given.items() if value not in ([], {}, "")}


def shown(found: Mapping[str, Any]) -> Properties:
    """What the provider shows of a version's `LaunchTemplateData`."""
    return {
        **{name: found.get(parameter, "") for name, parameter in _PLAIN.items()},
        "disableApiStop": found.get("DisableApiStop", False),
        "disableApiTermination": found.get("DisableApiTermination", False),
        "ebsOptimized": _switch(found.get("EbsOptimized")),
        **{name: _block(found.get(parameter), names, name) for name, (parameter, names) in _BLOCKS.items()},
        "blockDeviceMappings": [_shown_disk(each) for each in found.get("BlockDeviceMappings", ())],
        "instanceMarketOptions": _shown_market(found.get("InstanceMarketOptions")),
        "networkInterfaces": [_shown_interface(each) for each in found.get("NetworkInterfaces", ())],
        "tagSpecifications": [
            {"resourceType": each["ResourceType"], "tags": {tag["Key"]: tag["Value"] for tag in each["Tags"]}}
            for each in found.get("TagSpecifications", ())
        ],
        "vpcSecurityGroupIds": list(found.get("SecurityGroupIds", ())) or None,
    }


def _given(names: Mapping[str, str], values: Mapping[str, Any] | None) -> dict[str, Any]:
    given = values or {}
    return {parameter: given[name] for name, parameter in names.items() if given.get(name) not in (None, "")}


def _switches(names: Mapping[str, str], values: Mapping[str, Any]) -> dict[str, bool]:
    """Terraform's texts "true" and "false", of which there may be none."""
    return {parameter: values[name] == "true" for name, parameter in names.items() if values.get(name)}


def _switch(value: bool | None) -> str:
    return "" if value is None else str(value).lower()


def _to_disk(disk: Properties) -> dict[str, Any]:
    ebs = disk.get("ebs")
    names = {"deviceName": "DeviceName", "noDevice": "NoDevice", "virtualName": "VirtualName"}
    given = _given(names, disk)
    return {**given, "Ebs": {**_given(_DISK, ebs), **_switches(_DISK_SWITCHES, ebs)}} if ebs else given


def _shown_disk(disk: Mapping[str, Any]) -> Properties:
    ebs = disk.get("Ebs")
    numbers = ("iops", "throughput", "volumeInitializationRate", "volumeSize")
    return {
        "deviceName": disk.get("DeviceName", ""),
        "noDevice": disk.get("NoDevice", ""),
        "virtualName": disk.get("VirtualName", ""),
        "ebs": None
        if ebs is None
        else {
            **{name: ebs.get(parameter, 0 if name in numbers else "") for name, parameter in _DISK.items()},
            **{name: _switch(ebs.get(parameter)) for name, parameter in _DISK_SWITCHES.items()},
        },
    }


def _to_interface(interface: Properties) -> dict[str, Any]:
    given = {**_given(_INTERFACE, interface), **_switches(_INTERFACE_SWITCHES, interface)}
    groups = list(interface.get("securityGroups") or ())
    # The provider sends it always.
    return {"DeviceIndex": 0, **given, **({"Groups": groups} if groups else {})}


def _shown_interface(interface: Mapping[str, Any]) -> Properties:
    numbers = ("deviceIndex", "networkCardIndex")
    return {
        **{name: interface.get(parameter, 0 if name in numbers else "") for name, parameter in _INTERFACE.items()},
        **{name: _switch(interface.get(parameter)) for name, parameter in _INTERFACE_SWITCHES.items()},
        "securityGroups": list(interface.get("Groups", ())),
    }


def _block(found: Mapping[str, Any] | None, names: Mapping[str, str], block: str) -> Properties | None:
    if found is None:
        return None
    return {name: found.get(parameter, False if block == "monitoring" else "") for name, parameter in names.items()}


def _shown_market(found: Mapping[str, Any] | None) -> Properties | None:
    if found is None:
        return None
    spot = found.get("SpotOptions")
    options = spot and {
        name: spot.get(parameter, 0 if name == "blockDurationMinutes" else "") for name, parameter in _SPOT.items()
    }
    return {"marketType": found.get("MarketType", ""), "spotOptions": options}
