"""Stand-in for Auto Scaling: scaling activities, in the words of "Verify a scaling activity" and of AWS's answers.

Failures: "Troubleshoot Amazon EC2 Auto Scaling: EC2 instance launch failures" in the Auto Scaling User Guide, and for
what a mixed instances policy asks of EC2, whose code stands before the text, answers that people published.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

_KEPT = 100

TEXTS: Mapping[str, str | Mapping[str, str]] = {
    "InsufficientInstanceCapacity": {
        "spot": "There is no Spot capacity available that matches your request.",
        "on-demand": (
            "We currently do not have sufficient {kind} capacity in the Availability Zone you requested ({zone}). Our "
            "system will be working on provisioning additional capacity. You can currently get {kind} capacity by not "
            "specifying an Availability Zone in your request or choosing another one."
        ),
    },
    "MaxSpotInstanceCountExceeded": "Max spot instance count exceeded",
    "VcpuLimitExceeded": (
        "You have requested more vCPU capacity than your current vCPU limit of 32 allows for the instance bucket that "
        "the specified instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request "
        "an adjustment to this limit."
    ),
    "InstanceLimitExceeded": "You have requested more instances than your current instance limit allows.",
    "SpotMaxPriceTooLow": "Your Spot request price is lower than the minimum required Spot request fulfillment price.",
}


@dataclass
class Activity:
    """One entry of DescribeScalingActivities."""

    description: str
    cause: str
    code: str = "InProgress"
    message: str = ""
    progress: int = 50
    zone: str = ""
    subnet: str = ""
    identity: str = field(default_factory=lambda: str(uuid.uuid4()))
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    ended: datetime | None = None

    def end(self, code: str = "Successful") -> None:
        """It is over."""
        self.code, self.progress, self.ended = code, 100, datetime.now(UTC)

    def described(self, name: str, arn: str) -> dict[str, Any]:
        """As in DescribeScalingActivities."""
        details = f'{{"Subnet ID":"{self.subnet}","Availability Zone":"{self.zone}"}}'
        return {
            "ActivityId": self.identity,
            "AutoScalingGroupName": name,
            "AutoScalingGroupARN": arn,
            "Description": self.description,
            "Cause": self.cause,
            "StartTime": self.started,
            "EndTime": self.ended,
            "StatusCode": self.code,
            "StatusMessage": self.message or None,
            "Progress": self.progress,
            "Details": details,
        }


def note(activities: list[Activity], activity: Activity) -> Activity:
    """Put the activity before the others; those of long ago are dropped."""
    activities.insert(0, activity)
    del activities[_KEPT:]
    return activity


def moment() -> str:
    """Now, as AWS writes it into a cause."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


def failed_launch(cause: str, reason: str) -> Activity:
    """A launch that did not come about; `reason` ends without a full stop or with one."""
    message = f"{reason.rstrip('.')}. Launching EC2 instance failed."
    activity = Activity(f"Launching a new EC2 instance.  Status Reason: {message}", cause, message=message)
    activity.end("Failed")
    return activity


def of_policy(market: str, code: str, text: str) -> str:
    """How a group with a mixed instances policy reports EC2's refusal."""
    kind = "Spot" if market == "spot" else "On-Demand"
    return f"Could not launch {kind} Instances. {code} - {text}"


def text_of(code: str, market: str, kind: str, zone: str) -> str:
    """EC2's text for one of its codes."""
    text = TEXTS.get(code, f"Refused by the stand-in for AWS: {code}")
    chosen = text if isinstance(text, str) else text[market]
    return chosen.format(kind=kind, zone=zone)
