"""Stand-in for Auto Scaling: a group as it is kept and as it is described."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from .activities import Activity

PENDING, IN_SERVICE, TERMINATING = "Pending", "InService", "Terminating"

_DEFAULTS: Mapping[str, Any] = {
    "DefaultCooldown": 300,
    "HealthCheckGracePeriod": 0,
    "HealthCheckType": "EC2",
    "NewInstancesProtectedFromScaleIn": False,
    "TerminationPolicies": ["Default"],
}
_ROLE = "role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"


@dataclass
class Member:
    """An instance of a group."""

    instance_id: str
    instance_type: str
    zone: str
    image_id: str
    market: str
    """`spot` or `on-demand`."""
    template: dict[str, str]
    protected: bool
    state: str = PENDING
    due: float = 0.0
    """When it is in service, or gone; by the monotonic clock."""
    healthy: bool = True
    activity: Activity | None = None
    """What started it or ends it, as long as that takes."""

    def described(self) -> dict[str, Any]:
        """As in DescribeAutoScalingGroups."""
        return {
            "InstanceId": self.instance_id,
            "InstanceType": self.instance_type,
            "AvailabilityZone": self.zone,
            "LifecycleState": self.state,
            "HealthStatus": "Healthy" if self.healthy else "Unhealthy",
            "LaunchTemplate": self.template,
            "ImageId": self.image_id,
            "ProtectedFromScaleIn": self.protected,
        }


@dataclass
class Group:
    """One Auto Scaling group."""

    name: str
    account: str
    region: str
    settings: dict[str, Any]
    """What was given to CreateAutoScalingGroup, with AWS's defaults."""
    zones: list[str]
    desired: int
    tags: dict[str, dict[str, Any]] = field(default_factory=dict)
    suspended: dict[str, str] = field(default_factory=dict)
    """Reasons by process."""
    members: list[Member] = field(default_factory=list)
    activities: list[Activity] = field(default_factory=list)
    """The newest first."""
    metrics: list[str] = field(default_factory=list)
    retry_at: float = 0.0
    """Before that nothing is launched, because a launch has failed."""
    cause: str = ""
    """Why the desired capacity is what it is, for the next activity."""
    blocked: bool = False
    """Scaling in has been reported as impossible already."""
    deleting: bool = False
    identity: str = field(default_factory=lambda: str(uuid.uuid4()))
    created: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def arn(self) -> str:
        """The group's ARN, with its UUID."""
        return (
            f"arn:aws:autoscaling:{self.region}:{self.account}:autoScalingGroup:{self.identity}"
            f":autoScalingGroupName/{self.name}"
        )

    @property
    def running(self) -> list[Member]:
        """Its members but for those that are on their way out."""
        return [member for member in self.members if member.state != TERMINATING]

    @property
    def subnets(self) -> list[str]:
        """Ids; none for a group with zones alone."""
        return [each for each in str(self.settings.get("VPCZoneIdentifier") or "").split(",") if each]

    def member(self, instance_id: str) -> Member | None:
        """The member that is this instance, unless it is on its way out."""
        return next((member for member in self.running if member.instance_id == instance_id), None)

    def described(self) -> dict[str, Any]:
        """As in DescribeAutoScalingGroups."""
        kept = {key: value for key, value in self.settings.items() if key not in ("Tags", "DesiredCapacity")}
        return {
            **kept,
            "AutoScalingGroupName": self.name,
            "AutoScalingGroupARN": self.arn,
            "AvailabilityZones": self.zones,
            "CreatedTime": self.created,
            "DesiredCapacity": self.desired,
            "EnabledMetrics": [{"Metric": name, "Granularity": "1Minute"} for name in self.metrics],
            "Instances": [member.described() for member in self.members],
            "LoadBalancerNames": kept.get("LoadBalancerNames", []),
            "ServiceLinkedRoleARN": kept.get("ServiceLinkedRoleARN") or f"arn:aws:iam::{self.account}:{_ROLE}",
            "Status": "Delete in progress" if self.deleting else None,
            "SuspendedProcesses": [
                {"ProcessName": name, "SuspensionReason": reason} for name, reason in sorted(self.suspended.items())
            ],
            "Tags": [self.tag(key) for key in sorted(self.tags)],
            "TargetGroupARNs": kept.get("TargetGroupARNs", []),
            "TrafficSources": kept.get("TrafficSources", []),
        }

    def tag(self, key: str) -> dict[str, Any]:
        """As in DescribeTags."""
        return {"ResourceId": self.name, "ResourceType": "auto-scaling-group", **self.tags[key]}

    def set_tags(self, tags: list[dict[str, Any]]) -> None:
        """Add tags, or change those that it has."""
        for each in tags:
            tag = {"Key": each["Key"], "Value": each.get("Value", "")}
            self.tags[each["Key"]] = {**tag, "PropagateAtLaunch": bool(each.get("PropagateAtLaunch"))}


def with_defaults(given: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with what AWS fills in at the creation."""
    return {**_DEFAULTS, **given}
