"""Stand-in for pulumi-aws: look-ups (invokes), by token."""

import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from .access import Access
from .configuration import region_descriptions
from .errors import ProviderError, doing, unless_gone
from .images import image_outputs, newest
from .parameters import parameter
from .properties import Properties
from .resources import RESOURCES
from .resources.base import tag_map
from .resources.vpc import subnet_outputs

Lookup = Callable[[Access, Properties], Properties]

_STATES = ("available", "information", "impaired", "unavailable", "constrained")


def _filters(arguments: Properties, **more: Any) -> list[dict[str, Any]]:
    """EC2's `Filters`: those of the program, and `more`, where `_` stands for `-`."""
    given = [{"Name": item["name"], "Values": item["values"]} for item in arguments.get("filters") or ()]
    added = [{"Name": name.replace("_", "-"), "Values": [value]} for name, value in more.items() if value is not None]
    tags = [{"Name": f"tag:{key}", "Values": [value]} for key, value in (arguments.get("tags") or {}).items()]
    return [*given, *added, *tags]


def _ami(aws: Access, arguments: Properties) -> Properties:
    pattern = arguments.get("nameRegex")
    try:
        matches = re.compile(pattern or "").search
    except re.error as error:
        raise ProviderError(f'"name_regex": error parsing regexp: {error}') from error
    filters = _filters(arguments)
    bound = arguments.get("owners") or {"image-id", "owner-id"} & {item["Name"] for item in filters}
    if arguments.get("mostRecent") and not bound and not arguments.get("allowUnsafeFilter"):
        raise ProviderError(
            'Most Recent Image Not Filtered: "most_recent" is set to "true" and results are not filtered by owner '
            "or image ID. Consider filtering by owner or image ID, or set allow_unsafe_filter."
        )
    with doing("reading EC2 AMIs", "EC2"):
        answer = aws.client("ec2").describe_images(Owners=arguments.get("owners") or [], Filters=filters)
    images = [image for image in answer["Images"] if not pattern or matches(image.get("Name", ""))]
    if not images:
        raise ProviderError("Your query returned no results. Please change your search criteria and try again.")
    if len(images) > 1 and not arguments.get("mostRecent"):
        raise ProviderError(
            "Your query returned more than one result. Please try a more specific search criteria, "
            "or set `most_recent` attribute to true."
        )
    return {"mostRecent": False, "includeDeprecated": False, **arguments, **image_outputs(aws, newest(images))}


def _availability_zones(aws: Access, arguments: Properties) -> Properties:
    state = arguments.get("state")
    if state is not None and state not in _STATES:
        listed = " ".join(f'"{name}"' for name in _STATES)
        raise ProviderError(f"expected state to be one of [{listed}], got {state}")
    with doing("fetching Availability Zones", "EC2"):
        answer = aws.client("ec2").describe_availability_zones(
            AllAvailabilityZones=bool(arguments.get("allAvailabilityZones")), Filters=_filters(arguments)
        )
    zones = [
        zone
        for zone in sorted(answer["AvailabilityZones"], key=lambda zone: str(zone["ZoneName"]))
        if state in (None, zone["State"])
        and zone["ZoneName"] not in (arguments.get("excludeNames") or ())
        and zone["ZoneId"] not in (arguments.get("excludeZoneIds") or ())
    ]
    return {
        **arguments,
        "id": aws.settings.region,
        "groupNames": sorted({zone.get("GroupName", "") for zone in zones}),
        "names": [zone["ZoneName"] for zone in zones],
        "zoneIds": [zone["ZoneId"] for zone in zones],
    }


def _caller_identity(aws: Access, arguments: Properties) -> Properties:
    with doing("reading STS Caller Identity", "STS"):
        answer = aws.client("sts").get_caller_identity()
    account = answer["Account"]
    return {"id": account, "accountId": account, "arn": answer["Arn"], "userId": answer["UserId"]}


def _partition(aws: Access, arguments: Properties) -> Properties:
    return {
        "id": "aws",
        "partition": "aws",
        "dnsSuffix": "amazonaws.com",
        "reverseDnsPrefix": "com.amazonaws",
    }


def _region(aws: Access, arguments: Properties) -> Properties:
    name = arguments.get("region") or arguments.get("name") or aws.settings.region
    regions = region_descriptions()
    if name not in regions:
        raise ProviderError(f"finding Region by name ({name}): couldn't find resource")
    return {
        "id": name,
        "name": name,
        "region": name,
        "description": regions[name],
        "endpoint": f"ec2.{name}.amazonaws.com",
    }


def _one(found: list[dict[str, Any]], noun: str) -> dict[str, Any]:
    if not found:
        raise ProviderError(f"no matching {noun} found")
    if len(found) > 1:
        raise ProviderError(
            f"multiple {noun}s matched; use additional constraints to reduce matches to a single {noun}"
        )
    return found[0]


def _matching(call: Callable[[], Mapping[str, Any]], key: str, what: str) -> list[dict[str, Any]]:
    with doing(what, "EC2"):
        answer = unless_gone(call)
    return [] if answer is None else list(answer[key])


def _subnet(aws: Access, arguments: Properties) -> Properties:
    filters = _filters(
        arguments,
        subnet_id=arguments.get("id"),
        vpc_id=arguments.get("vpcId"),
        availability_zone=arguments.get("availabilityZone"),
        availability_zone_id=arguments.get("availabilityZoneId"),
        cidr_block=arguments.get("cidrBlock"),
        state=arguments.get("state"),
        default_for_az="true" if arguments.get("defaultForAz") else None,
    )
    call = partial(aws.client("ec2").describe_subnets, Filters=filters)
    subnet = _one(_matching(call, "Subnets", "reading EC2 Subnet"), "EC2 Subnet")
    names = subnet.get("PrivateDnsNameOptionsOnLaunch", {})
    return {
        **subnet_outputs(subnet),
        "id": subnet["SubnetId"],
        "availableIpAddressCount": subnet["AvailableIpAddressCount"],
        "defaultForAz": subnet["DefaultForAz"],
        "state": subnet["State"],
        "customerOwnedIpv4Pool": "",
        "enableDns64": False,
        "enableLniAtDeviceIndex": 0,
        "enableResourceNameDnsARecordOnLaunch": names.get("EnableResourceNameDnsARecord", False),
        "enableResourceNameDnsAaaaRecordOnLaunch": names.get("EnableResourceNameDnsAAAARecord", False),
        "ipv6Native": False,
        "mapCustomerOwnedIpOnLaunch": False,
        "outpostArn": "",
        "privateDnsHostnameTypeOnLaunch": names.get("HostnameType", "ip-name"),
    }


def _vpc(aws: Access, arguments: Properties) -> Properties:
    is_default = "true" if arguments.get("default") else None
    filters = _filters(
        arguments,
        vpc_id=arguments.get("id"),
        cidr=arguments.get("cidrBlock"),
        state=arguments.get("state"),
        is_default=is_default,
    )
    filters = [{**item, "Name": item["Name"].replace("is-default", "isDefault")} for item in filters]
    call = partial(aws.client("ec2").describe_vpcs, Filters=filters)
    vpc = _one(_matching(call, "Vpcs", "reading EC2 VPC"), "EC2 VPC")
    live = RESOURCES["aws:ec2/vpc:Vpc"].read(aws, vpc["VpcId"], {}) or {}
    shown = ("arn", "cidrBlock", "dhcpOptionsId", "enableDnsHostnames", "enableDnsSupport", "instanceTenancy")
    more = ("enableNetworkAddressUsageMetrics", "ipv6AssociationId", "ipv6CidrBlock", "mainRouteTableId", "ownerId")
    return {
        **{name: live[name] for name in (*shown, *more, "tags")},
        "id": vpc["VpcId"],
        "default": vpc["IsDefault"],
        "cidrBlockAssociations": [
            {
                "associationId": association["AssociationId"],
                "cidrBlock": association["CidrBlock"],
                "state": association["CidrBlockState"]["State"],
            }
            for association in vpc["CidrBlockAssociationSet"]
        ],
    }


def _security_group(aws: Access, arguments: Properties) -> Properties:
    filters = _filters(
        arguments,
        group_id=arguments.get("id"),
        group_name=arguments.get("name"),
        vpc_id=arguments.get("vpcId"),
    )
    call = partial(aws.client("ec2").describe_security_groups, Filters=filters)
    group = _one(_matching(call, "SecurityGroups", "reading EC2 Security Group"), "EC2 Security Group")
    identity = group["GroupId"]
    return {
        "arn": aws.arn("ec2", f"security-group/{identity}"),
        "description": group["Description"],
        "filters": arguments.get("filters"),
        "id": identity,
        "name": group["GroupName"],
        "tags": tag_map(group),
        "vpcId": group.get("VpcId") or "",
    }


LOOKUPS: Mapping[str, Lookup] = {
    "aws:ec2/getAmi:getAmi": _ami,
    "aws:ec2/getSecurityGroup:getSecurityGroup": _security_group,
    "aws:ec2/getSubnet:getSubnet": _subnet,
    "aws:ec2/getVpc:getVpc": _vpc,
    "aws:index/getAvailabilityZones:getAvailabilityZones": _availability_zones,
    "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
    "aws:index/getPartition:getPartition": _partition,
    "aws:index/getRegion:getRegion": _region,
    "aws:ssm/getParameter:getParameter": parameter,
}
