"""Auto Scaling groups of a test, which answer in AWS's XML and refuse what AWS refuses.

Their instances take a number of looks to come into service, and one to go: whatever takes time goes on with each look.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

import pytest

from components.manager_tool.aws.api import Aws, AwsError


@dataclass
class FakeGroup:
    """One group."""

    desired: int = 0
    states: dict[str, str] = field(default_factory=dict)
    """Lifecycle states by instance."""
    stubborn: set[str] = field(default_factory=set)
    """Instances that never end."""
    refusal: str = ""
    """Why no instance can be launched."""
    activities: list[tuple[str, str, str, str]] = field(default_factory=list)
    """Id, code, time and message, the newest first."""
    launched: int = 0
    looks: int = 1
    """How many an instance takes to come into service."""

    def look(self, name: str) -> None:
        """Go on by one step."""
        for instance, state in [*self.states.items()]:
            if state.startswith("Terminating") and instance not in self.stubborn:
                del self.states[instance]
            elif state.startswith("Pending"):
                waited = state.count("+") + 1
                self.states[instance] = "InService" if waited >= self.looks else f"Pending{'+' * waited}"
        running = [each for each, state in self.states.items() if not state.startswith("Terminating")]
        if self.refusal and len(running) < self.desired:
            number = len(self.activities)
            moment = f"2026-11-27T06:00:{number:02}.000Z"
            self.activities.insert(0, (f"{name}-{number}", "Failed", moment, self.refusal))
            return
        for _ in range(self.desired - len(running)):
            self.launched += 1
            self.states[f"i-{name.rpartition('/')[2]}{self.launched}"] = "Pending"


class FakeAws:
    """Takes the place of what is sent to AWS; `calls` has each call less what only describes."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.groups: dict[str, FakeGroup] = {}
        self.calls: list[str] = []
        self.pushed: list[dict[str, Any]] = []
        self.denied: set[str] = set()
        patch.setattr(Aws, "_once", lambda aws, service, body, headers, most: self.answer(service, body, headers))

    def answer(self, service: str, body: bytes, headers: Mapping[str, str]) -> bytes:
        if service == "ec2-instance-connect":
            assert headers["x-amz-target"] == "AWSEC2InstanceConnectService.SendSSHPublicKey"
            self.pushed.append(json.loads(body))
            return b'{"RequestId": "1", "Success": true}'
        given = dict(parse_qsl(body.decode()))
        action = given["Action"]
        if action in self.denied:
            raise AwsError("AccessDenied", f"User is not authorized to perform: autoscaling:{action}")
        inner = str(getattr(self, re.sub("(?=[A-Z])", "_", action).lower())(given))
        if service == "ec2":
            return f'<{action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">{inner}</{action}Response>'.encode()
        space = 'xmlns="http://autoscaling.amazonaws.com/doc/2011-01-01/"'
        return f"<{action}Response {space}><{action}Result>{inner}</{action}Result></{action}Response>".encode()

    def _describe_auto_scaling_groups(self, given: Mapping[str, str]) -> str:
        name = given["AutoScalingGroupNames.member.1"]
        if name not in self.groups:
            return "<AutoScalingGroups/>"
        group = self.groups[name]
        group.look(name)
        instances = "".join(
            f"<member><InstanceId>{instance}</InstanceId><LifecycleState>{state.rstrip('+')}</LifecycleState>"
            "<AvailabilityZone>eu-central-1a</AvailabilityZone></member>"
            for instance, state in group.states.items()
        )
        return (
            f"<AutoScalingGroups><member><AutoScalingGroupName>{name}</AutoScalingGroupName><MaxSize>9</MaxSize>"
            f"<DesiredCapacity>{group.desired}</DesiredCapacity><Instances>{instances}</Instances>"
            "</member></AutoScalingGroups>"
        )

    def _set_desired_capacity(self, given: Mapping[str, str]) -> str:
        name, size = given["AutoScalingGroupName"], int(given["DesiredCapacity"])
        self.calls.append(f"{name} = {size}")
        self.groups[name].desired = size
        return ""

    def _terminate_instance_in_auto_scaling_group(self, given: Mapping[str, str]) -> str:
        instance, shrink = given["InstanceId"], given["ShouldDecrementDesiredCapacity"] == "true"
        self.calls.append(f"end {instance}")
        for group in self.groups.values():
            if group.states.get(instance, "Terminating") != "Terminating":
                if shrink and group.desired == 0:
                    raise AwsError("ValidationError", "violates the group's min size constraint")
                group.states[instance] = "Terminating"
                group.desired -= int(shrink)
                return ""
        raise AwsError("ValidationError", f"Instance Id not found - No managed instance found for {instance}")

    def _describe_scaling_activities(self, given: Mapping[str, str]) -> str:
        members = "".join(
            f"<member><ActivityId>{identity}</ActivityId><StatusCode>{code}</StatusCode><StartTime>{moment}</StartTime>"
            f"<StatusMessage>{escape(message)}</StatusMessage></member>"
            for identity, code, moment, message in self.groups[given["AutoScalingGroupName"]].activities
        )
        return f"<Activities>{members}</Activities>"

    def _describe_instances(self, given: Mapping[str, str]) -> str:
        item = (
            f"<item><instanceId>{given['InstanceId.1']}</instanceId><privateIpAddress>10.0.0.7</privateIpAddress>"
            "<ipAddress>203.0.113.7</ipAddress></item>"
        )
        return f"<reservationSet><item><instancesSet>{item}</instancesSet></item></reservationSet>"


class Clock:
    """Time that passes only while somebody sleeps."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        patch.setattr("time.monotonic", lambda: self.now)
        patch.setattr("time.sleep", self.sleep)

    def sleep(self, seconds: float) -> None:
        self.now += seconds
