"""The parameters of RunInstances, and what AWS refuses in them though an emulated AWS may not."""

from __future__ import annotations

import base64
import math
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..aws_query import AwsError

_MOST_TAGS = 50
_MOST_USER_DATA_BYTES = 16 * 1024
_LEAST_PRICE = 0.001
_IOPS_TYPES = ("io1", "io2")
_MOST_OPERATIONS_FOR_A_GIB = {"gp3": 500, "io1": 50, "io2": 1000}
_FREE_OPERATIONS = 3000
_NO_ROOT_TYPES = ("st1", "sc1")


def tags(driver: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The machine's tags: its name first, then those of `amazonec2-tags`, of which an odd one out is dropped."""
    words = driver["Tags"].split(",") if driver["Tags"] else []
    return [("Name", driver["MachineName"]), *zip(words[::2], words[1::2])]


def parameters(driver: Mapping[str, Any], subnet_id: str, group_ids: list[str]) -> dict[str, str]:
    """What the driver sends. Raises OSError where the user data cannot be read."""
    user_data = Path(driver["UserDataFile"]).read_bytes() if driver["UserDataFile"] else b""
    sent = {
        "BlockDeviceMapping.1.DeviceName": driver["DeviceName"],
        "BlockDeviceMapping.1.Ebs.DeleteOnTermination": "true",
        "BlockDeviceMapping.1.Ebs.Encrypted": _bool(driver["VolumeEncrypted"]),
        "BlockDeviceMapping.1.Ebs.VolumeSize": str(driver["RootSize"]),
        "BlockDeviceMapping.1.Ebs.VolumeType": driver["VolumeType"],
        "ClientToken": str(uuid.uuid4()).upper(),
        "EbsOptimized": _bool(driver["UseEbsOptimizedInstance"]),
        "IamInstanceProfile.Name": driver["IamInstanceProfile"],
        "ImageId": driver["AMI"],
        "InstanceType": driver["InstanceType"],
        "KeyName": driver["KeyName"],
        "MaxCount": "1",
        "MetadataOptions.HttpPutResponseHopLimit": str(driver["MetadataTokenResponseHopLimit"]),
        "MetadataOptions.HttpTokens": driver["MetadataTokenSetting"],
        "MinCount": "1",
        "Monitoring.Enabled": _bool(driver["Monitoring"]),
        "NetworkInterface.1.AssociatePublicIpAddress": _bool(not driver["PrivateIPOnly"]),
        "NetworkInterface.1.DeviceIndex": "0",
        "NetworkInterface.1.SubnetId": subnet_id,
        "Placement.AvailabilityZone": driver["Zone"],
        "UserData": base64.b64encode(user_data).decode(),
    }
    for number, group in enumerate(group_ids, 1):
        sent[f"NetworkInterface.1.SecurityGroupId.{number}"] = group
    if driver["VolumeIops"] and driver["VolumeType"] in ("gp3", *_IOPS_TYPES):
        sent["BlockDeviceMapping.1.Ebs.Iops"] = str(driver["VolumeIops"])
    if driver["VolumeThroughput"] and driver["VolumeType"] == "gp3":
        sent["BlockDeviceMapping.1.Ebs.Throughput"] = str(driver["VolumeThroughput"])
    if driver["CreditSpecification"]:
        sent["CreditSpecification.CpuCredits"] = driver["CreditSpecification"]
    if driver["VolumeKmsKeyID"]:
        sent["BlockDeviceMapping.1.Ebs.KmsKeyId"] = driver["VolumeKmsKeyID"]
    if driver["RequestSpotInstance"]:
        sent["InstanceMarketOptions.MarketType"] = "spot"
        sent["InstanceMarketOptions.SpotOptions.MaxPrice"] = driver["SpotPrice"]
        if driver["BlockDurationMinutes"]:
            minutes = str(driver["BlockDurationMinutes"])
            sent["InstanceMarketOptions.SpotOptions.BlockDurationMinutes"] = minutes
    else:
        sent.update(_tag_specifications(tags(driver)))
    return sent


def _tag_specifications(pairs: list[tuple[str, str]]) -> dict[str, str]:
    sent = {}
    for number, kind in enumerate(("instance", "volume", "network-interface"), 1):
        sent[f"TagSpecification.{number}.ResourceType"] = kind
        for index, (key, value) in enumerate(pairs, 1):
            sent[f"TagSpecification.{number}.Tag.{index}.Key"] = key
            sent[f"TagSpecification.{number}.Tag.{index}.Value"] = value
    return sent


def check_as_aws(driver: Mapping[str, Any], sent: Mapping[str, str], subnet_zone: str) -> None:
    """Refuse what AWS refuses. Raises `AwsError`."""
    if driver["RequestSpotInstance"]:
        _check_price(driver["SpotPrice"])
    else:
        check_tags(tags(driver))
    volume, zone = driver["VolumeType"], driver["Zone"]
    if volume in _IOPS_TYPES and not driver["VolumeIops"]:
        raise AwsError("MissingParameter", f"The parameter iops must be specified for {volume} volumes.", 400)
    if (driver["VolumeIops"] or 0) > max(
        _FREE_OPERATIONS if volume == "gp3" else 0,
        _MOST_OPERATIONS_FOR_A_GIB.get(volume, math.inf) * driver["RootSize"],
    ):
        raise _invalid(driver["VolumeIops"], "iops", "The ratio of iops to the volume's size is too high.")
    if volume in _NO_ROOT_TYPES:
        raise _invalid(volume, "volumeType", "It cannot be that of a root volume.")
    if driver["MetadataTokenSetting"] not in ("optional", "required"):
        raise _invalid(driver["MetadataTokenSetting"], "HttpTokens")
    if not 1 <= driver["MetadataTokenResponseHopLimit"] <= 64:
        raise _invalid(driver["MetadataTokenResponseHopLimit"], "HttpPutResponseHopLimit")
    if zone != subnet_zone:
        raise _invalid(zone, "availabilityZone", f"The subnet is in the availability zone {subnet_zone}.")
    if len(base64.b64decode(sent["UserData"])) > _MOST_USER_DATA_BYTES:
        raise AwsError("InvalidParameterValue", "User data is limited to 16384 bytes", 400)


def check_tags(pairs: list[tuple[str, str]]) -> None:
    """Refuse tags that AWS refuses. Raises `AwsError`."""
    keys = [key for key, _ in pairs]
    if len(pairs) > _MOST_TAGS:
        raise AwsError("TagLimitExceeded", f"More than {_MOST_TAGS} tags specified", 400)
    if len(set(keys)) != len(keys):
        raise AwsError("InvalidParameterValue", "Duplicate tag key specified.", 400)
    for key, value in pairs:
        if not 1 <= len(key) <= 128 or len(value) > 256 or key.lower().startswith("aws:"):
            raise AwsError("InvalidParameterValue", f"The tag '{key}' is too long, empty or reserved.", 400)


def _check_price(price: str) -> None:
    try:
        fits = float(price) >= _LEAST_PRICE
    except ValueError:
        fits = False
    if not fits:
        raise _invalid(price, "MaxPrice")


def _invalid(value: object, parameter: str, more: str = "") -> AwsError:
    text = f"The value '{value}' is invalid for parameter {parameter}. {more}".strip()
    return AwsError("InvalidParameterValue", text, 400)


def _bool(value: bool) -> str:
    return "true" if value else "false"
