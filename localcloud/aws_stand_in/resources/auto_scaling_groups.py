"""Stand-in for pulumi-aws: Auto Scaling groups.

Followed is internal/service/autoscaling/group.go of Terraform's provider for AWS, where nothing is recorded: the wait
for capacity, and a deletion with and without `forceDelete`.
"""

import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from ..access import Access
from ..errors import ProviderError
from ..properties import Properties
from .auto_scaling_policies import launches, shown
from .base import Resource, differs, present
from .roles import name_of

_PLAIN: Mapping[str, str] = {
    "capacityRebalance": "CapacityRebalance",
    "context": "Context",
    "defaultCooldown": "DefaultCooldown",
    "defaultInstanceWarmup": "DefaultInstanceWarmup",
    "healthCheckType": "HealthCheckType",
    "maxInstanceLifetime": "MaxInstanceLifetime",
    "maxSize": "MaxSize",
    "minSize": "MinSize",
    "placementGroup": "PlacementGroup",
    "protectFromScaleIn": "NewInstancesProtectedFromScaleIn",
    "serviceLinkedRoleArn": "ServiceLinkedRoleARN",
    "terminationPolicies": "TerminationPolicies",
}
_WHEN_ABSENT: Mapping[str, Any] = {
    "capacityRebalance": False,
    "context": "",
    "defaultInstanceWarmup": 0,
    "maxInstanceLifetime": 0,
    "placementGroup": "",
}
_AT_LEAST_ZERO = ("maxSize", "minSize")
_GRACE_SECONDS = 300
_WAIT = "10m"
_DRAIN_SECONDS = 600.0
_BETWEEN = 0.1


class Group(Resource):
    kind = "aws:autoscaling/group:Group"
    service = "Auto Scaling"
    _kept_as_given = frozenset({"forceDelete", "forceDeleteWarmPool", "ignoreFailedScalingActivities"})
    carries_out = _kept_as_given | {
        *_PLAIN,
        "availabilityZones",
        "desiredCapacity",
        "enabledMetrics",
        "healthCheckGracePeriod",
        "launchTemplate",
        "metricsGranularity",
        "mixedInstancesPolicy",
        "name",
        "namePrefix",
        "suspendedProcesses",
        "tags",
        "vpcZoneIdentifiers",
        "waitForCapacityTimeout",
    }

    def create(self, aws: Access, inputs: Properties) -> str:
        name = name_of(inputs)
        with self.doing(f"creating Auto Scaling Group ({name})"):
            aws.client("autoscaling").create_auto_scaling_group(
                AutoScalingGroupName=name,
                **_settings(inputs),
                **present(
                    DesiredCapacity=inputs.get("desiredCapacity"),
                    Tags=[_tag(name, each) for each in inputs.get("tags") or ()] or None,
                ),
            )
        return name

    def finish(self, aws: Access, identity: str, inputs: Properties) -> None:
        autoscaling = aws.client("autoscaling")
        _wait_for_capacity(aws, identity, inputs)
        with self.doing(f"updating Auto Scaling Group ({identity})"):
            if inputs.get("suspendedProcesses"):
                autoscaling.suspend_processes(
                    AutoScalingGroupName=identity, ScalingProcesses=inputs["suspendedProcesses"]
                )
            if inputs.get("enabledMetrics"):
                autoscaling.enable_metrics_collection(
                    AutoScalingGroupName=identity, Granularity="1Minute", Metrics=inputs["enabledMetrics"]
                )

    def read(self, aws: Access, identity: str, known: Properties) -> Properties | None:
        group = _described(aws, identity)
        if group is None:
            return None
        policies = list(group["TerminationPolicies"])
        metrics = [each["Metric"] for each in group.get("EnabledMetrics", ())]
        suspended = [each["ProcessName"] for each in group.get("SuspendedProcesses", ())]
        zones = [each for each in group.get("VPCZoneIdentifier", "").split(",") if each]
        return {
            **{name: group.get(parameter, _WHEN_ABSENT.get(name)) for name, parameter in _PLAIN.items()},
            **shown(group),
            "arn": group["AutoScalingGroupARN"],
            "availabilityZones": group["AvailabilityZones"],
            "desiredCapacity": group["DesiredCapacity"],
            "enabledMetrics": metrics or None,
            "healthCheckGracePeriod": group["HealthCheckGracePeriod"],
            "name": identity,
            "namePrefix": known.get("namePrefix") or "",
            "suspendedProcesses": suspended or None,
            "tags": [
                {"key": tag["Key"], "value": tag["Value"], "propagateAtLaunch": tag["PropagateAtLaunch"]}
                for tag in group["Tags"]
            ],
            "terminationPolicies": None if policies == ["Default"] else policies,
            "vpcZoneIdentifiers": zones,
        }

    def update(self, aws: Access, identity: str, olds: Properties, news: Properties) -> str | None:
        autoscaling = aws.client("autoscaling")
        key = {"AutoScalingGroupName": identity}
        with self.doing(f"updating Auto Scaling Group ({identity})"):
            desired = news.get("desiredCapacity") if differs("desiredCapacity", olds, news) else None
            autoscaling.update_auto_scaling_group(**key, **_settings(news), **present(DesiredCapacity=desired))
            gone, added = _sets("suspendedProcesses", olds, news)
            if gone:
                autoscaling.resume_processes(**key, ScalingProcesses=gone)
            if added:
                autoscaling.suspend_processes(**key, ScalingProcesses=added)
            gone, added = _sets("enabledMetrics", olds, news)
            if gone:
                autoscaling.disable_metrics_collection(**key, Metrics=gone)
            if added:
                autoscaling.enable_metrics_collection(**key, Granularity="1Minute", Metrics=added)
            self._retag(aws, identity, olds, news)
        if desired is not None or differs("minSize", olds, news):
            _wait_for_capacity(aws, identity, news)
        return None

    def _retag(self, aws: Access, identity: str, olds: Properties, news: Properties) -> None:
        before, after = olds.get("tags") or [], news.get("tags") or []
        kept = {each["key"] for each in after}
        gone = [_tag(identity, each) for each in before if each["key"] not in kept]
        changed = [_tag(identity, each) for each in after if each not in before]
        if gone:
            aws.client("autoscaling").delete_tags(Tags=gone)
        if changed:
            aws.client("autoscaling").create_or_update_tags(Tags=changed)

    def delete(self, aws: Access, identity: str, known: Properties) -> None:
        if _described(aws, identity) is None:
            return
        autoscaling, force = aws.client("autoscaling"), bool(known.get("forceDelete"))
        with self.doing(f"deleting Auto Scaling Group ({identity})"):
            if not force:
                _drain(aws, identity)
            autoscaling.delete_auto_scaling_group(AutoScalingGroupName=identity, ForceDelete=force)
        _until(lambda: _described(aws, identity) is None, _DRAIN_SECONDS, f"Auto Scaling Group ({identity}) delete")


def _settings(inputs: Properties) -> dict[str, Any]:
    """The arguments that a creation and a change have in common."""
    plain = {
        parameter: inputs[name]
        for name, parameter in _PLAIN.items()
        if inputs.get(name) or (name in _AT_LEAST_ZERO and inputs.get(name) is not None)
    }
    # What is 0 or false the provider leaves out, but for these.
    plain.setdefault("NewInstancesProtectedFromScaleIn", False)
    grace = inputs.get("healthCheckGracePeriod", _GRACE_SECONDS)
    subnets, zones = inputs.get("vpcZoneIdentifiers"), inputs.get("availabilityZones")
    return {
        **plain,
        **launches(inputs),
        **present(
            HealthCheckGracePeriod=grace or None,
            AvailabilityZones=list(zones) if zones else None,
            VPCZoneIdentifier=",".join(subnets) if subnets else None,
        ),
    }


def _tag(group: str, tag: Properties) -> dict[str, Any]:
    kind = {"ResourceId": group, "ResourceType": "auto-scaling-group"}
    return {**kind, "Key": tag["key"], "Value": tag["value"], "PropagateAtLaunch": tag["propagateAtLaunch"]}


def _sets(name: str, olds: Properties, news: Properties) -> tuple[list[str], list[str]]:
    """What is gone from a list without order, and what is new in it."""
    before, after = set(olds.get(name) or ()), set(news.get(name) or ())
    return sorted(before - after), sorted(after - before)


def _described(aws: Access, name: str) -> dict[str, Any] | None:
    answer = aws.client("autoscaling").describe_auto_scaling_groups(AutoScalingGroupNames=[name])
    return next(iter(answer["AutoScalingGroups"]), None)


def _drain(aws: Access, name: str) -> None:
    """Have the group without instances, also without those that are protected from scaling in."""
    autoscaling, group = aws.client("autoscaling"), _described(aws, name)
    instances = [] if group is None else [each["InstanceId"] for each in group["Instances"]]
    if not instances and (group is None or group["DesiredCapacity"] == 0):
        return
    autoscaling.update_auto_scaling_group(AutoScalingGroupName=name, MinSize=0, MaxSize=0, DesiredCapacity=0)
    protected = [
        each["InstanceId"]
        for each in (_described(aws, name) or {}).get("Instances", ())
        if each["ProtectedFromScaleIn"] and each["LifecycleState"] == "InService"
    ]
    if protected:
        autoscaling.set_instance_protection(
            AutoScalingGroupName=name, InstanceIds=protected, ProtectedFromScaleIn=False
        )
    what = f"Auto Scaling Group ({name}) drain"
    _until(lambda: not (_described(aws, name) or {}).get("Instances"), _DRAIN_SECONDS, what)


def _wait_for_capacity(aws: Access, name: str, inputs: Properties) -> None:
    seconds = _seconds(inputs.get("waitForCapacityTimeout") or _WAIT)
    wanted = inputs.get("desiredCapacity") or inputs.get("minSize") or 0
    if not seconds or not wanted:
        return

    def satisfied() -> bool:
        instances = (_described(aws, name) or {}).get("Instances", ())
        return len([each for each in instances if each["LifecycleState"] == "InService"]) >= int(wanted)

    _until(satisfied, seconds, f"Auto Scaling Group ({name}) capacity satisfied")


def _until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise ProviderError(f"waiting for {what}: timeout while waiting for state to become 'ok'")
        time.sleep(_BETWEEN)


def _seconds(text: str) -> float:
    """A duration of Go's, e.g. "10m"; "0" is none."""
    units = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
    return sum(float(number) * units[unit] for number, unit in re.findall(r"([\d.]+)(h|ms|m|s)", text))
