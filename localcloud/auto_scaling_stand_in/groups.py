"""Stand-in for Auto Scaling: all groups of all accounts and regions, and what may be done to them."""

from collections.abc import Mapping
from typing import Any

from . import checks, templates
from .activities import Activity, moment
from .errors import invalid
from .group import Group, Member, with_defaults
from .launch import end
from .scaling import Refusal, Scaling, Times
from .spot_requests import RECLAIMED, SpotRequest, settle

_IDENTITY = ("AutoScalingGroupName", "Tags", "LifecycleHookSpecificationList", "InstanceId")
_KINDS = ("LaunchTemplate", "MixedInstancesPolicy")


class Groups:
    """The state of the stand-in; its methods raise `AutoScalingError`."""

    def __init__(self) -> None:
        self.times = Times()
        self._scaling = Scaling(self.times, _backends)
        self._groups: dict[tuple[str, str, str], Group] = {}

    def refuse_by(self, refusal: Refusal) -> None:
        """Have launches refused with the code that `refusal` answers, if it does."""
        self._scaling.refusal = refusal

    def forget(self) -> None:
        """Have no group any more."""
        self._groups.clear()

    def advance(self) -> None:
        """Have all groups do what is due by now."""
        for key, group in list(self._groups.items()):
            self._scaling.advance(group)
            if group.deleting and not group.members:
                del self._groups[key]
        for ec2 in {id(found): found for group in self._groups.values() for found in (_backends(group)[0],)}.values():
            settle(ec2)

    def all_of(self, account: str, region: str) -> list[Group]:
        """The groups there, by name."""
        return [
            group for (owner, where, _), group in sorted(self._groups.items()) if (owner, where) == (account, region)
        ]

    def existing(self, account: str, region: str, name: str) -> Group:
        """The group of this name."""
        group = self._groups.get((account, region, name))
        if group is None:
            raise invalid(f"AutoScalingGroup name not found - AutoScalingGroup: {name} not found")
        return group

    def of_instance(self, account: str, region: str, instance_id: str) -> tuple[Group, Member]:
        """The group that has this instance."""
        for group in self.all_of(account, region):
            member = group.member(instance_id)
            if member is not None:
                return group, member
        raise invalid(f"Instance Id not found - No managed instance found for instance ID: {instance_id}")

    def create(self, account: str, region: str, given: Mapping[str, Any]) -> None:
        """CreateAutoScalingGroup."""
        name = given["AutoScalingGroupName"]
        if (account, region, name) in self._groups:
            raise checks.exists(name)
        checks.settings(given)
        kept = {key: value for key, value in given.items() if key not in (*_IDENTITY, "DesiredCapacity")}
        desired = given.get("DesiredCapacity")
        group = Group(name, account, region, with_defaults(kept), [], kept["MinSize"] if desired is None else desired)
        self._check_new(group)
        group.set_tags(given.get("Tags") or [])
        size = f"changing the desired capacity from 0 to {group.desired}"
        group.cause = f"At {moment()} a user request created an AutoScalingGroup {size}.  "
        self._groups[account, region, name] = group
        self.advance()

    def _check_new(self, group: Group) -> None:
        ec2, iam = _backends(group)
        group.settings = templates.resolved(ec2, group.settings)
        templates.check(ec2, group.settings, iam)
        group.zones = _zones(ec2, group)

    def update(self, group: Group, given: Mapping[str, Any]) -> None:
        """UpdateAutoScalingGroup; of what is left out nothing changes."""
        changed = {key: value for key, value in given.items() if key not in (*_IDENTITY, "DesiredCapacity")}
        before = dict(group.settings)
        if any(kind in changed for kind in _KINDS):
            before = {key: value for key, value in before.items() if key not in _KINDS}
        if "AvailabilityZones" in changed and "VPCZoneIdentifier" not in changed:
            before.pop("VPCZoneIdentifier", None)
        settings = {**before, **changed}
        least, most = settings["MinSize"], settings["MaxSize"]
        desired = given.get("DesiredCapacity")
        if desired is None:
            # UpdateAutoScalingGroup in the API reference: new bounds move the desired capacity into them.
            desired = min(max(group.desired, least), most) if least <= most else group.desired
        checks.settings({**settings, "AutoScalingGroupName": group.name, "DesiredCapacity": desired})
        trial = Group(group.name, group.account, group.region, settings, [], desired)
        self._check_new(trial)
        group.settings, group.zones = trial.settings, trial.zones
        self._change_desired(group, desired)
        self.advance()

    def delete(self, group: Group, *, force: bool) -> None:
        """DeleteAutoScalingGroup."""
        if group.members and not force:
            raise checks.in_use()
        group.deleting, group.desired = True, 0
        for member in group.running:
            cause = f"At {moment()} a user request deleted the AutoScalingGroup by force, terminating its instances."
            self._scaling.terminate(group, member, cause)
        self.advance()

    def set_desired(self, group: Group, desired: int) -> None:
        """SetDesiredCapacity."""
        checks.capacity(desired, group.settings["MinSize"], group.settings["MaxSize"])
        self._change_desired(group, desired)
        self.advance()

    def _change_desired(self, group: Group, desired: int) -> None:
        if desired != group.desired:
            change = f"changing the desired capacity from {group.desired} to {desired}"
            group.cause = f"At {moment()} a user request explicitly set group desired capacity {change}.  "
            group.desired, group.blocked = desired, False

    def terminate(self, account: str, region: str, instance_id: str, *, decrement: bool) -> tuple[Group, Activity]:
        """TerminateInstanceInAutoScalingGroup: protection from scaling in does not protect from this."""
        group, member = self.of_instance(account, region, instance_id)
        least = group.settings["MinSize"]
        if decrement and group.desired <= least:
            raise invalid(
                f"Currently, desiredSize equals minSize ({least}). Terminating instance without replacement will "
                "violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to false or lower "
                "group's min size."
            )
        cause = f"At {moment()} instance {instance_id} was taken out of service in response to a user request"
        if decrement:
            cause += f", shrinking the capacity from {group.desired} to {group.desired - 1}"
            group.desired -= 1
        activity = self._scaling.terminate(group, member, f"{cause}.")
        self.advance()
        return group, activity

    def reclaim(self, account: str, region: str, instance_id: str, *, warn: bool) -> None:
        """EC2 takes a spot instance back, or with `warn` says that it will. Raises KeyError for any other instance."""
        from moto.ec2.models import ec2_backends

        ec2 = ec2_backends[account][region]
        for request in ec2.spot_instance_requests.values():
            if isinstance(request, SpotRequest) and request.instance.id == instance_id:
                if warn:
                    request.warn()
                else:
                    end(ec2, instance_id, RECLAIMED)
                    settle(ec2)
                self.advance()
                return
        raise KeyError(instance_id)


def _backends(group: Group) -> tuple[Any, Any]:
    from moto.ec2.models import ec2_backends
    from moto.iam.models import iam_backends

    return ec2_backends[group.account][group.region], iam_backends[group.account]["aws"]


def _zones(ec2: Any, group: Group) -> list[str]:
    given = list(group.settings.get("AvailabilityZones") or ())
    if not group.subnets:
        if not given:
            raise invalid("At least one Availability Zone or VPC Subnet is required.")
        return given
    missing = [each for each in group.subnets if each not in {subnet.id for subnet in ec2.describe_subnets()}]
    if missing:
        raise invalid(f"The subnet ID '{missing[0]}' does not exist")
    zones = sorted({ec2.get_subnet(each).availability_zone for each in group.subnets})
    if given and set(given) != set(zones):
        raise invalid("The availability zones of the specified subnets and the Auto Scaling group do not match")
    return zones
