"""Stand-in for Auto Scaling: what AWS refuses of a group's settings.

The provider checks nearly nothing of them (`recordings/aws_autoscaling_behaviour.json`). Where the wording is AWS's own
it is from answers that people published; the others are marked, and only that AWS refuses is sure.
"""

from collections.abc import Mapping
from typing import Any

from .errors import AutoScalingError, invalid

PROCESSES = (
    "Launch",
    "Terminate",
    "AddToLoadBalancer",
    "AlarmNotification",
    "AZRebalance",
    "HealthCheck",
    "InstanceRefresh",
    "ReplaceUnhealthy",
    "ScheduledActions",
)
_STRATEGIES = {
    "OnDemandAllocationStrategy": ("prioritized", "lowest-price"),
    "SpotAllocationStrategy": (
        "lowest-price",
        "capacity-optimized",
        "capacity-optimized-prioritized",
        "price-capacity-optimized",
    ),
}
_POLICIES = (
    "AllocationStrategy",
    "ClosestToNextInstanceHour",
    "Default",
    "NewestInstance",
    "OldestInstance",
    "OldestLaunchConfiguration",
    "OldestLaunchTemplate",
)
_HEALTH_CHECKS = ("EC2", "ELB", "VPC_LATTICE", "EBS")
_DAY = 86_400
_LONGEST_LIFE = 31_536_000
_LONGEST_NAME = 255


def settings(given: Mapping[str, Any]) -> None:
    """Refuse settings that AWS refuses. Raises `AutoScalingError`."""
    name = given["AutoScalingGroupName"]
    if not 1 <= len(name) <= _LONGEST_NAME or ":" in name:
        raise invalid(f"1 validation error detected: Value '{name}' at 'autoScalingGroupName' is not valid")  # invented
    _sizes(given)
    _behaviour(given)
    if given.get("LifecycleHookSpecificationList") or given.get("LaunchConfigurationName"):
        raise invalid("this stand-in has no lifecycle hooks and no launch configurations")
    if sum(key in given for key in ("LaunchTemplate", "MixedInstancesPolicy")) != 1:
        raise invalid(
            "Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or "
            "MixedInstancesPolicy parameter."
        )
    if "MixedInstancesPolicy" in given:
        _policy(given["MixedInstancesPolicy"])


def _behaviour(given: Mapping[str, Any]) -> None:
    life = given.get("MaxInstanceLifetime") or 0
    if life and not _DAY <= life <= _LONGEST_LIFE:
        raise invalid(f"Max instance lifetime must be 0 or between {_DAY} and {_LONGEST_LIFE} seconds")  # invented
    if (grace := given.get("HealthCheckGracePeriod") or 0) < 0:
        raise invalid(f"HealthCheckGracePeriod {grace} must not be negative")  # invented
    for check in str(given.get("HealthCheckType") or "EC2").split(","):
        if check not in _HEALTH_CHECKS:
            raise invalid(f"Unsupported health check type {check}")  # invented
    for policy in given.get("TerminationPolicies") or ():
        if policy not in _POLICIES and not policy.startswith("arn:"):
            raise invalid(f"{policy} is not a valid termination policy")  # invented


def _sizes(given: Mapping[str, Any]) -> None:
    least, most, desired = given["MinSize"], given["MaxSize"], given.get("DesiredCapacity")
    if least < 0 or most < 0:
        raise invalid(f"Min and max size must not be negative: {least}, {most}")  # invented
    if least > most:
        raise invalid(f"Min bound, {least}, must be less than or equal to max bound, {most}")
    if desired is not None and not least <= desired <= most:
        raise invalid(f"Desired capacity:{desired} must be between the specified min size:{least} and max size:{most}")


def _policy(policy: Mapping[str, Any]) -> None:
    distribution = policy.get("InstancesDistribution") or {}
    for key, known in _STRATEGIES.items():
        value = distribution.get(key)
        if value and value not in known:
            raise invalid(f"{key} {value} is not supported. Supported values: {', '.join(known)}")  # invented
    if distribution.get("OnDemandBaseCapacity", 0) < 0:
        raise invalid("OnDemandBaseCapacity must not be negative")  # invented
    if not 0 <= distribution.get("OnDemandPercentageAboveBaseCapacity", 100) <= 100:
        raise invalid("OnDemandPercentageAboveBaseCapacity must be between 0 and 100")  # invented
    strategy = distribution.get("SpotAllocationStrategy") or "lowest-price"
    if distribution.get("SpotInstancePools") and strategy != "lowest-price":
        raise invalid(
            "The Spot pool count isn't valid. The SpotInstancePools option is only available with the lowest-price "
            "allocation strategy."
        )
    overrides = policy.get("LaunchTemplate", {}).get("Overrides") or ()
    for key in ("WeightedCapacity", "InstanceRequirements", "LaunchTemplateSpecification"):
        if any(each.get(key) for each in overrides):
            raise invalid(f"this stand-in does not carry out {key} of an override")
    kinds = [each.get("InstanceType") for each in overrides]
    if len(set(kinds)) != len(kinds):
        raise invalid("Duplicate override found for instance type")  # invented


def capacity(desired: int, least: int, most: int) -> None:
    """Refuse a desired capacity out of bounds. Raises `AutoScalingError`."""
    text = f"New SetDesiredCapacity value {desired} is {{}} for the AutoScalingGroup."
    if desired > most:
        raise invalid(text.format(f"above max value {most}"))
    if desired < least:
        raise invalid(text.format(f"below min value {least}"))


def processes(names: list[str]) -> None:
    """Refuse names of processes that there are not. Raises `AutoScalingError`."""
    for name in names:
        if name not in PROCESSES:
            raise invalid(f"{name} is not a valid scaling process type")  # invented


def exists(name: str) -> AutoScalingError:
    """A second group of the same name."""
    text = f"AutoScalingGroup by this name already exists - A group with the name {name} already exists"
    return AutoScalingError("AlreadyExists", text)


def in_use() -> AutoScalingError:
    """A deletion without force of a group that has instances."""
    return AutoScalingError(
        "ResourceInUse",
        "You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) still in "
        "the group.",
    )
