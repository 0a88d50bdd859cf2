"""Stand-in for pulumi-aws: changes of an EC2 instance that need no stop, also those that its creation ends with."""

from collections.abc import Mapping
from typing import Any

from ..access import Access
from ..properties import Properties
from .base import differs, retag, values_filter

METADATA: Mapping[str, str] = {
    "httpEndpoint": "HttpEndpoint",
    "httpProtocolIpv6": "HttpProtocolIpv6",
    "httpPutResponseHopLimit": "HttpPutResponseHopLimit",
    "httpTokens": "HttpTokens",
    "instanceMetadataTags": "InstanceMetadataTags",
}
PROTECTIONS: Mapping[str, str] = {"disableApiStop": "DisableApiStop", "disableApiTermination": "DisableApiTermination"}
_VOLUME: Mapping[str, str] = {
    "volumeSize": "Size",
    "volumeType": "VolumeType",
    "iops": "Iops",
    "throughput": "Throughput",
}


def block(names: Mapping[str, str], values: Properties | None) -> dict[str, Any] | None:
    """The API's form of a block of properties; None for none."""
    if not values:
        return None
    return {parameter: values[name] for name, parameter in names.items() if values.get(name) is not None}


def change(aws: Access, identity: str, olds: Properties, news: Properties) -> None:
    """Make the instance what `news` wants, as far as it may continue running meanwhile."""
    ec2 = aws.client("ec2")
    if differs("vpcSecurityGroupIds", olds, news):
        ec2.modify_instance_attribute(InstanceId=identity, Groups=news["vpcSecurityGroupIds"])
    if differs("sourceDestCheck", olds, news):
        ec2.modify_instance_attribute(InstanceId=identity, SourceDestCheck={"Value": news["sourceDestCheck"]})
    if differs("metadataOptions", olds, news):
        options = block(METADATA, {**(olds.get("metadataOptions") or {}), **news["metadataOptions"]})
        ec2.modify_instance_metadata_options(InstanceId=identity, **(options or {}))
    if differs("iamInstanceProfile", olds, news):
        _change_profile(aws, identity, news["iamInstanceProfile"])
    if differs("ipv6AddressCount", olds, news):
        set_ipv6_addresses(aws, identity, news["ipv6AddressCount"])
    protect(aws, identity, {name: news[name] for name in PROTECTIONS if differs(name, olds, news)})
    _change_disks(aws, identity, olds, news)


def protect(aws: Access, identity: str, wanted: Mapping[str, bool]) -> None:
    """Switch the protections against stop and termination that `wanted` names."""
    for name, value in wanted.items():
        aws.client("ec2").modify_instance_attribute(InstanceId=identity, **{PROTECTIONS[name]: {"Value": value}})


def set_ipv6_addresses(aws: Access, identity: str, count: int) -> None:
    """Give the primary network interface `count` IPv6 addresses of the subnet's block."""
    ec2 = aws.client("ec2")
    instance = ec2.describe_instances(InstanceIds=[identity])["Reservations"][0]["Instances"][0]
    interface = instance["NetworkInterfaces"][0]
    there = [each["Ipv6Address"] for each in interface.get("Ipv6Addresses", ())]
    key = {"NetworkInterfaceId": interface["NetworkInterfaceId"]}
    if count > len(there):
        ec2.assign_ipv6_addresses(**key, Ipv6AddressCount=count - len(there))
    elif count < len(there):
        ec2.unassign_ipv6_addresses(**key, Ipv6Addresses=there[count:])


def _change_profile(aws: Access, identity: str, profile: str) -> None:
    ec2 = aws.client("ec2")
    answer = ec2.describe_iam_instance_profile_associations(Filters=values_filter(instance_id=identity))
    for association in answer["IamInstanceProfileAssociations"]:
        ec2.replace_iam_instance_profile_association(
            AssociationId=association["AssociationId"], IamInstanceProfile={"Name": profile}
        )
        return
    ec2.associate_iam_instance_profile(InstanceId=identity, IamInstanceProfile={"Name": profile})


def _change_disks(aws: Access, identity: str, olds: Properties, news: Properties) -> None:
    ec2 = aws.client("ec2")
    old, new = olds.get("rootBlockDevice") or {}, news.get("rootBlockDevice") or {}
    changed = {_VOLUME[name]: new[name] for name in _VOLUME if differs(name, old, new)}
    if changed:
        ec2.modify_volume(VolumeId=old["volumeId"], **changed)
    if differs("deleteOnTermination", old, new):
        mapping = {"DeviceName": old["deviceName"], "Ebs": {"DeleteOnTermination": new["deleteOnTermination"]}}
        ec2.modify_instance_attribute(InstanceId=identity, BlockDeviceMappings=[mapping])
    if new.get("tags") is not None:
        retag(aws, old["volumeId"], old, new)
    if (news.get("volumeTags") or {}) != (olds.get("volumeTags") or {}):
        for disk in [old, *(olds.get("ebsBlockDevices") or ())]:
            retag(aws, disk["volumeId"], {"tagsAll": olds.get("volumeTags")}, {"tags": news.get("volumeTags")})
