"""Auto Scaling groups: what they have, and having their instances ended.

Calls and answers are those of the Amazon EC2 Auto Scaling API Reference, version 2011-01-01.
"""

from __future__ import annotations

import calendar
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from ...aws.api import Aws, AwsError
from ...config.runners import AUTOSCALER
from ...texts import one_line

_IN_SERVICE = "InService"
_ENDING = ("Terminating", "Terminated")
_LOOK_SECONDS = 5
_NEWS_SECONDS = 30
EMPTY_SECONDS = 900
"""How long instances may take to end: EC2 gives an operating system some minutes to shut down."""
_LONGEST_REASON = 600


class Instance(NamedTuple):
    """An instance of a group."""

    id: str
    state: str
    """Its lifecycle state, such as Pending or InService."""
    zone: str

    @property
    def is_ending(self) -> bool:
        return self.state.startswith(_ENDING)

    @property
    def in_service(self) -> bool:
        return self.state == _IN_SERVICE


class Group(NamedTuple):
    """A group, as AWS describes it."""

    name: str
    desired: int
    most: int
    instances: tuple[Instance, ...]


class Activity(NamedTuple):
    """Something that a group did, or tried to."""

    id: str
    failed: bool
    started: float
    """Seconds since 1970."""
    reason: str
    """Why it failed, in AWS's own words, fit for one line."""


def sections_by_group(runners: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Return the sections of a config.toml that have a group, by its name."""
    found = {}
    for runner in runners:
        name = runner.get("autoscaler", {}).get("plugin_config", {}).get("name")
        if runner.get("executor") == AUTOSCALER and isinstance(name, str) and name:
            found[name] = runner
    return found


def describe(aws: Aws, name: str) -> Group | None:
    """Return a group; None where AWS has none of that name. Raises `AwsError`."""
    answer = aws.query("autoscaling", "DescribeAutoScalingGroups", {"AutoScalingGroupNames.member.1": name})
    for item in answer.iterfind("DescribeAutoScalingGroupsResult/AutoScalingGroups/member"):
        if item.findtext("AutoScalingGroupName") == name:
            instances = tuple(map(_instance, item.iterfind("Instances/member")))
            return Group(name, _number(item, "DesiredCapacity"), _number(item, "MaxSize"), instances)
    return None


def _instance(item: ElementTree.Element) -> Instance:
    found = [item.findtext(key) or "" for key in ("InstanceId", "LifecycleState", "AvailabilityZone")]
    if not all(found[:2]):
        raise AwsError("UnexpectedAnswer", "Auto Scaling told of an instance without an id or a state")
    return Instance(*found)


def _number(item: ElementTree.Element, key: str) -> int:
    text = item.findtext(key) or ""
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise AwsError("UnexpectedAnswer", f"Auto Scaling told of a {key} = {text!r}")
    return int(text)


def _seconds(item: ElementTree.Element, key: str) -> float:
    text = item.findtext(key) or ""
    try:
        return calendar.timegm(time.strptime(text[:19], "%Y-%m-%dT%H:%M:%S"))
    except ValueError:
        raise AwsError("UnexpectedAnswer", f"Auto Scaling told of a {key} = {text!r}") from None


def set_desired(aws: Aws, name: str, number: int) -> None:
    """Have a group launch or end instances until it has so many. Raises `AwsError`."""
    size = {"AutoScalingGroupName": name, "DesiredCapacity": str(number), "HonorCooldown": "false"}
    aws.query("autoscaling", "SetDesiredCapacity", size)


def terminate(aws: Aws, instance: str, *, shrink: bool = True) -> None:
    """End an instance, protected from scale-in or not, and with `shrink` let no other take its place."""
    decrement = {"InstanceId": instance, "ShouldDecrementDesiredCapacity": "true" if shrink else "false"}
    aws.query("autoscaling", "TerminateInstanceInAutoScalingGroup", decrement)


def activities(aws: Aws, name: str) -> Iterator[Activity]:
    """Yield the last hundred activities of a group, the newest first. Raises `AwsError`."""
    asked = {"AutoScalingGroupName": name, "MaxRecords": "100"}
    answer = aws.query("autoscaling", "DescribeScalingActivities", asked)
    for item in answer.iterfind("DescribeScalingActivitiesResult/Activities/member"):
        # AWS calls it Cancelled where it gave up itself, such as for a group that was deleted meanwhile.
        yield Activity(
            id=item.findtext("ActivityId") or "",
            failed=item.findtext("StatusCode") == "Failed",
            started=_seconds(item, "StartTime"),
            reason=one_line(item.findtext("StatusMessage") or item.findtext("Description") or "", _LONGEST_REASON),
        )


def empty(
    aws: Aws, names: Iterable[str], say: Callable[[str], None], seconds: float = EMPTY_SECONDS
) -> dict[str, list[str]]:
    """End all instances of groups and wait until they have none; no job may run there any more.

    Returns the ids of those that stay after `seconds`, by group, and tells how far it is meanwhile. Raises `AwsError`
    where AWS refuses to describe a group or to end an instance.
    """
    left = {name: [""] for name in names}
    begun = told = time.monotonic()
    while True:
        left = {name: ids for name in left if (ids := _end_instances(aws, name))}
        now = time.monotonic()
        if not left or now - begun > seconds:
            return left
        if now - told >= _NEWS_SECONDS:
            told = now
            counts = ", ".join(f"{len(ids)} of {name}" for name, ids in left.items())
            say(f"waiting for instances to end: {counts}, {now - begun:.0f} s so far")
        time.sleep(_LOOK_SECONDS)


def _end_instances(aws: Aws, name: str) -> list[str]:
    """Ask for the end of those instances that are not ending yet; return all that are there still."""
    group = describe(aws, name)
    if group is None:
        return []
    staying = [each.id for each in group.instances if not each.is_ending]
    desired = group.desired
    if desired > len(staying):
        # Or it would continue to launch some. With those that stay first, as AWS ends none that is protected by this.
        set_desired(aws, name, len(staying))
        desired = len(staying)
    for instance in staying:
        try:
            # Below its desired capacity, a group launches nothing, and AWS refuses to shrink it below its minimum.
            terminate(aws, instance, shrink=desired > 0)
        except AwsError as error:
            # Gone since it was listed, or busy: the next look tells.
            if error.code not in ("ValidationError", "ScalingActivityInProgress", "ResourceContention"):
                raise
        else:
            desired = max(desired - 1, 0)
    return [each.id for each in group.instances] or ([""] if group.desired else [])
