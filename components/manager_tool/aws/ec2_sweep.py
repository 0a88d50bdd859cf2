"""What EC2 has of machines, as far as the reaper needs to know it."""

from __future__ import annotations

import calendar
import re
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from .api import Aws, AwsError

DEPLOYMENT_TAG = "gitlab-runner-aws"
_SCALING_GROUP_TAG = "aws:autoscaling:groupName"
"""Put on at the launch by AWS; nobody else can set or remove what begins with aws: (Amazon EC2 Auto Scaling User Guide,
"Tag Auto Scaling groups and instances")."""
_ALIVE = ("pending", "running", "stopping", "stopped")
_VOLUME_PAGE = 500
_VALUES_PER_CALL = 200
_ID = re.compile(r"[ -~]{1,255}")
"""A key pair's name is that much of ASCII (`CreateKeyPair` in the EC2 API Reference); ids are part of it."""


class Ec2Resource(NamedTuple):
    """An instance, or a spot request for one, a key pair or a volume; a text is empty where EC2 has none."""

    id: str
    made: float
    """Seconds since 1970."""
    name: str = ""
    """The tag Name; a key pair's own name."""
    deployment: str = ""
    """The tag by which deployments are told apart."""
    key: str = ""
    profile: str = ""
    """Name of the instance profile."""
    groups: tuple[str, ...] = ()
    """Names of the security groups."""
    scaling_group: str = ""
    """Name of the Auto Scaling group that launched it, as AWS itself tags it."""


def instances(aws: Aws, vpc: str) -> Iterator[Ec2Resource]:
    """All instances in a VPC that are not terminated."""
    return _instances(aws, {"instance-state-name": _ALIVE, "vpc-id": (vpc,)})


def alive(aws: Aws, ids: Sequence[str]) -> set[str]:
    """Which of these instances are not terminated."""
    found: set[str] = set()
    for start in range(0, len(ids), _VALUES_PER_CALL):
        filters = {"instance-state-name": _ALIVE, "instance-id": tuple(ids[start : start + _VALUES_PER_CALL])}
        found.update(instance.id for instance in _instances(aws, filters))
    return found


def key_pairs(aws: Aws) -> Iterator[Ec2Resource]:
    """All key pairs that gitlab-runner may have named."""
    for item in aws.each("DescribeKeyPairs", _filters({"key-name": ("runner-*",)}), "keySet/item", size=0):
        name = _text(item, "keyName")
        # One without a time is older than AWS's telling it (2021).
        made = _seconds(item, "createTime") if item.findtext("createTime") else 0.0
        yield Ec2Resource(name, made, name)


def keys_in_use(aws: Aws, names: Sequence[str]) -> set[str]:
    """Which of these key pairs belong to an instance that is not terminated, in whichever VPC."""
    found: set[str] = set()
    for start in range(0, len(names), _VALUES_PER_CALL):
        filters = {"instance-state-name": _ALIVE, "key-name": tuple(names[start : start + _VALUES_PER_CALL])}
        found.update(instance.key for instance in _instances(aws, filters))
    return found


def spot_requests(aws: Aws, deployment: str | None) -> Iterator[Ec2Resource]:
    """All open spot requests with a deployment's tag; None stands for those too that have no tag."""
    filters: dict[str, tuple[str, ...]] = {"state": ("open",)}
    if deployment is not None:
        filters[f"tag:{DEPLOYMENT_TAG}"] = (deployment,)
    path = "spotInstanceRequestSet/item"
    for item in aws.each("DescribeSpotInstanceRequests", _filters(filters), path):
        request_id, made = _text(item, "spotInstanceRequestId"), _seconds(item, "createTime")
        specification = item.find("launchSpecification")
        yield _resource(request_id, made, item, item if specification is None else specification)


def volumes(aws: Aws, deployment: str) -> Iterator[Ec2Resource]:
    """All volumes with a deployment's tag that no instance uses."""
    filters = _filters({"status": ("available",), f"tag:{DEPLOYMENT_TAG}": (deployment,)})
    for item in aws.each("DescribeVolumes", filters, "volumeSet/item", _VOLUME_PAGE):
        yield _resource(_text(item, "volumeId"), _seconds(item, "createTime"), item, item)


def _instances(aws: Aws, filters: Mapping[str, Sequence[str]]) -> Iterator[Ec2Resource]:
    for item in aws.each("DescribeInstances", _filters(filters), "reservationSet/item/instancesSet/item"):
        yield _resource(_text(item, "instanceId"), _seconds(item, "launchTime"), item, item)


def _resource(resource_id: str, made: float, tagged: ElementTree.Element, launched: ElementTree.Element) -> Ec2Resource:
    tags = {tag.findtext("key"): tag.findtext("value") or "" for tag in tagged.iterfind("tagSet/item")}
    profile = launched.findtext("iamInstanceProfile/arn") or launched.findtext("iamInstanceProfile/name") or ""
    # Both say the same of a real instance; an emulated one has but the second.
    places = ("groupSet/item/groupName", "networkInterfaceSet/item/groupSet/item/groupName")
    groups = tuple(group.text or "" for place in places for group in launched.iterfind(place))
    key, deployment = launched.findtext("keyName") or "", tags.get(DEPLOYMENT_TAG, "")
    scaling_group = tags.get(_SCALING_GROUP_TAG, "")
    name, profile = tags.get("Name", ""), profile.rsplit("/", 1)[-1]
    return Ec2Resource(resource_id, made, name, deployment, key, profile, groups, scaling_group)


def _filters(filters: Mapping[str, Sequence[str]]) -> dict[str, str]:
    sent = {}
    for number, (name, values) in enumerate(filters.items(), 1):
        sent[f"Filter.{number}.Name"] = name
        sent.update({f"Filter.{number}.Value.{place}": value for place, value in enumerate(values, 1)})
    return sent


def _text(item: ElementTree.Element, name: str) -> str:
    """Return what distinguishes a resource from others. Raises `AwsError` where that can't be."""
    found = item.findtext(name) or ""
    if not _ID.fullmatch(found):
        raise AwsError("UnexpectedAnswer", f"EC2 told of a {name} = {found!r}")
    return found


def _seconds(item: ElementTree.Element, name: str) -> float:
    """Return when a resource was made. Raises `AwsError`: without it, it would count as old."""
    found = item.findtext(name) or ""
    try:
        return calendar.timegm(time.strptime(found[:19], "%Y-%m-%dT%H:%M:%S"))
    except ValueError:
        raise AwsError("UnexpectedAnswer", f"EC2 told of a {name} = {found!r}") from None
