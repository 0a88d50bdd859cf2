"""Stand-in for Auto Scaling: what a group does by itself, whenever somebody looks.

Nothing runs in the background: before each call to EC2 or Auto Scaling all that should have happened by then happens.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from . import templates
from .activities import Activity, failed_launch, moment, note, of_policy, text_of
from .allocation import next_market, placements, to_remove
from .errors import AutoScalingError
from .group import IN_SERVICE, PENDING, TERMINATING, Group, Member
from .launch import Placement, end, fleet_id, launched, set_state

Refusal = Callable[[Placement], str]
"""The code by which EC2 refuses a launch, or nothing."""


@dataclass
class Times:
    """How long things take, in seconds; much less than in AWS."""

    boot: float = 0.5
    """From the launch until it is in service."""
    shutdown: float = 0.3
    """From the end of an instance until the group has it no more."""
    retry: float = 1.0
    """After a failed launch."""


@dataclass
class Scaling:
    """Acts for groups; `backends` are moto's backends of EC2 and IAM for a group."""

    times: Times
    backends: Callable[[Group], tuple[Any, Any]]
    refusal: Refusal = field(default=lambda _: "")

    def advance(self, group: Group) -> None:
        """Do what is due."""
        ec2, _ = self.backends(group)
        self._look_at_instances(group, ec2)
        now = time.monotonic()
        for member in list(group.members):
            if member.due <= now:
                self._change_over(group, ec2, member)
        if group.deleting:
            return
        if "Launch" not in group.suspended:
            self._launch_missing(group)
        if "Terminate" not in group.suspended:
            self._remove_excess(group)

    def _look_at_instances(self, group: Group, ec2: Any) -> None:
        """The EC2 health check: what does not run any more is replaced."""
        states = {each.id: each.state for each in ec2.all_instances()}
        for member in group.running:
            if states.get(member.instance_id, "terminated") not in ("pending", "running"):
                if "HealthCheck" in group.suspended:
                    continue
                member.healthy = False
                if "ReplaceUnhealthy" not in group.suspended and "Terminate" not in group.suspended:
                    text = "in response to an EC2 health check indicating it has been terminated or stopped."
                    self.terminate(group, member, f"At {moment()} an instance was taken out of service {text}")

    def _change_over(self, group: Group, ec2: Any, member: Member) -> None:
        if member.state == PENDING:
            member.state = IN_SERVICE
            instance = ec2.get_instance_by_id(member.instance_id)
            if instance.state == "pending":
                set_state(instance, "running", 16)
        elif member.state == TERMINATING:
            group.members.remove(member)
        else:
            return
        if member.activity is not None:
            member.activity.end()
            member.activity = None

    def terminate(self, group: Group, member: Member, cause: str) -> Activity:
        """Have an instance go; EC2 ends it at once."""
        activity = Activity(f"Terminating EC2 instance: {member.instance_id}", cause, zone=member.zone)
        if member.activity is not None:
            member.activity.end()
        member.state, member.due = TERMINATING, time.monotonic() + self.times.shutdown
        member.activity = note(group.activities, activity)
        end(self.backends(group)[0], member.instance_id)
        return activity

    def _launch_missing(self, group: Group) -> None:
        while len(group.running) < group.desired and time.monotonic() >= group.retry_at:
            if not self._launch_one(group):
                group.retry_at = time.monotonic() + self.times.retry
                return

    def _launch_one(self, group: Group) -> bool:
        ec2, iam = self.backends(group)
        cause = _cause_of_growth(group)
        try:
            wanted = templates.specification(group.settings)
            version = templates.version_of(templates.find(ec2, wanted), wanted)
        except AutoScalingError as error:
            note(group.activities, failed_launch(cause, error.message))
            return False
        problem = next(templates.problems(ec2, version.data, iam), "")
        if problem:
            note(group.activities, failed_launch(cause, problem))
            return False
        market = next_market(group, group.running, version.data)
        refused: list[tuple[Placement, str]] = []
        for placement in placements(group, ec2, version.data, market):
            code = self.refusal(placement)
            if not code:
                self._add(group, ec2, version, placement, cause)
                return True
            refused.append((placement, code))
        self._note_refusal(group, cause, *refused[0])
        return False

    def _note_refusal(self, group: Group, cause: str, placement: Placement, code: str) -> None:
        text = text_of(code, placement.market, placement.instance_type, placement.zone)
        mixed = "MixedInstancesPolicy" in group.settings
        reason = of_policy(placement.market, code, text) if mixed else text
        note(group.activities, failed_launch(cause, reason))

    def _add(self, group: Group, ec2: Any, version: Any, placement: Placement, cause: str) -> None:
        tags = {tag["Key"]: tag["Value"] for tag in group.tags.values() if tag["PropagateAtLaunch"]}
        policy = group.settings.get("MixedInstancesPolicy")
        price = ""
        if policy is not None:
            tags["aws:ec2:fleet-id"] = fleet_id()
            price = policy["InstancesDistribution"].get("SpotMaxPrice", "")
        tags["aws:autoscaling:groupName"] = group.name
        instance = launched(ec2, version, placement, tags, price)
        activity = Activity(
            f"Launching a new EC2 instance: {instance.id}", cause, zone=placement.zone, subnet=placement.subnet
        )
        template = version.template
        group.members.append(
            Member(
                instance_id=instance.id,
                instance_type=placement.instance_type,
                zone=placement.zone,
                image_id=instance.image_id,
                market=placement.market,
                template={
                    "LaunchTemplateId": template.id,
                    "LaunchTemplateName": template.name,
                    "Version": str(version.number),
                },
                protected=bool(group.settings.get("NewInstancesProtectedFromScaleIn")),
                due=time.monotonic() + self.times.boot,
                activity=note(group.activities, activity),
            )
        )

    def _remove_excess(self, group: Group) -> None:
        while len(group.running) > group.desired:
            running = group.running
            member = to_remove(group, running)
            what = f"shrinking the capacity from {len(running)} to {group.desired}"
            if member is None:
                self._note_protection(group, what)
                return
            text = f"taken out of service in response to a difference between desired and actual capacity, {what}."
            self.terminate(group, member, f"{group.cause}At {moment()} an instance was {text}")
        group.blocked = False

    def _note_protection(self, group: Group, what: str) -> None:
        if group.blocked:
            return
        group.blocked = True
        message = "Could not scale to desired capacity because all remaining instances are protected from scale-in."
        cause = f"{group.cause}At {moment()} group reached equilibrium, {what} was not possible."
        activity = Activity("Could not scale to desired capacity.", cause, message=message)
        activity.end("Cancelled")
        note(group.activities, activity)


def _cause_of_growth(group: Group) -> str:
    started = "an instance was started in response to a difference between desired and actual capacity"
    change = f"increasing the capacity from {len(group.running)} to {group.desired}"
    return f"{group.cause}At {moment()} {started}, {change}."
