"""Stand-in for Auto Scaling: its API, one method for each action that this project or the plugin for GitLab uses."""

from collections.abc import Mapping
from typing import Any, ClassVar

from moto.core.responses import ActionResult, BaseResponse, EmptyResult

from . import checks
from .errors import invalid
from .group import Group
from .groups import Groups

_PAGE = 50
_LONGEST_PAGE = 100


class AutoScalingApi(BaseResponse):
    """One request; moto reads it, checks who asks and writes the answer."""

    groups: ClassVar[Groups]

    def __init__(self) -> None:
        super().__init__(service_name="autoscaling")
        self.automated_parameter_parsing = True

    @property
    def _given(self) -> dict[str, Any]:
        return dict(self.params)

    def _group(self) -> Group:
        return self.groups.existing(self.current_account, self.region, self._given["AutoScalingGroupName"])

    def create_auto_scaling_group(self) -> ActionResult:
        self.groups.create(self.current_account, self.region, self._given)
        return EmptyResult()

    def update_auto_scaling_group(self) -> ActionResult:
        self.groups.update(self._group(), self._given)
        return EmptyResult()

    def delete_auto_scaling_group(self) -> ActionResult:
        self.groups.delete(self._group(), force=bool(self._given.get("ForceDelete")))
        return EmptyResult()

    def describe_auto_scaling_groups(self) -> ActionResult:
        names, filters = self._given.get("AutoScalingGroupNames"), self._given.get("Filters") or []
        found = [
            group.described()
            for group in self.groups.all_of(self.current_account, self.region)
            if (not names or group.name in names) and all(_fits(group, each) for each in filters)
        ]
        return ActionResult(self._page("AutoScalingGroups", found))

    def _page(self, key: str, items: list[Any]) -> dict[str, Any]:
        most = min(int(self._given.get("MaxRecords") or _PAGE), _LONGEST_PAGE)
        start = int(self._given.get("NextToken") or 0)
        more = {"NextToken": str(start + most)} if len(items) > start + most else {}
        return {key: items[start : start + most], **more}

    def describe_auto_scaling_instances(self) -> ActionResult:
        wanted = self._given.get("InstanceIds")
        found = [
            {
                **member.described(),
                "AutoScalingGroupName": group.name,
                "HealthStatus": member.described()["HealthStatus"].upper(),
            }
            for group in self.groups.all_of(self.current_account, self.region)
            for member in group.members
            if not wanted or member.instance_id in wanted
        ]
        return ActionResult(self._page("AutoScalingInstances", found))

    def describe_scaling_activities(self) -> ActionResult:
        name, wanted = self._given.get("AutoScalingGroupName"), self._given.get("ActivityIds")
        if name:
            self._group()
        found = [
            activity.described(group.name, group.arn)
            for group in self.groups.all_of(self.current_account, self.region)
            for activity in group.activities
            if (not name or group.name == name) and (not wanted or activity.identity in wanted)
        ]
        return ActionResult(self._page("Activities", found))

    def set_desired_capacity(self) -> ActionResult:
        self.groups.set_desired(self._group(), self._given["DesiredCapacity"])
        return EmptyResult()

    def terminate_instance_in_auto_scaling_group(self) -> ActionResult:
        group, activity = self.groups.terminate(
            self.current_account,
            self.region,
            self._given["InstanceId"],
            decrement=bool(self._given.get("ShouldDecrementDesiredCapacity")),
        )
        return ActionResult({"Activity": activity.described(group.name, group.arn)})

    def set_instance_protection(self) -> ActionResult:
        group, ids = self._group(), self._given.get("InstanceIds") or []
        members = [group.member(each) for each in ids]
        for identity, member in zip(ids, members, strict=True):
            if member is None:
                raise invalid(f"The instance {identity} is not part of Auto Scaling group {group.name}.")
        for member in members:
            if member is not None:
                member.protected = bool(self._given["ProtectedFromScaleIn"])
        group.blocked = False
        self.groups.advance()
        return EmptyResult()

    def set_instance_health(self) -> ActionResult:
        _, member = self.groups.of_instance(self.current_account, self.region, self._given["InstanceId"])
        member.healthy = self._given["HealthStatus"] == "Healthy"
        return EmptyResult()

    def suspend_processes(self) -> ActionResult:
        names = self._given.get("ScalingProcesses") or list(checks.PROCESSES)
        checks.processes(names)
        self._group().suspended |= dict.fromkeys(names, "User suspended")
        return EmptyResult()

    def resume_processes(self) -> ActionResult:
        names = self._given.get("ScalingProcesses") or list(checks.PROCESSES)
        checks.processes(names)
        group = self._group()
        group.suspended = {name: why for name, why in group.suspended.items() if name not in names}
        return EmptyResult()

    def enable_metrics_collection(self) -> ActionResult:
        group = self._group()
        group.metrics = sorted({*group.metrics, *(self._given.get("Metrics") or ())})
        return EmptyResult()

    def disable_metrics_collection(self) -> ActionResult:
        group, gone = self._group(), self._given.get("Metrics")
        group.metrics = [name for name in group.metrics if gone and name not in gone]
        return EmptyResult()

    def create_or_update_tags(self) -> ActionResult:
        for tag in self._given["Tags"]:
            self._tagged(tag).set_tags([tag])
        return EmptyResult()

    def delete_tags(self) -> ActionResult:
        for tag in self._given["Tags"]:
            self._tagged(tag).tags.pop(tag["Key"], None)
        return EmptyResult()

    def _tagged(self, tag: Mapping[str, Any]) -> Group:
        return self.groups.existing(self.current_account, self.region, tag["ResourceId"])

    def describe_tags(self) -> ActionResult:
        filters = self._given.get("Filters") or []
        wanted = [each["Values"] for each in filters if each["Name"] == "auto-scaling-group"]
        found = [
            group.tag(key)
            for group in self.groups.all_of(self.current_account, self.region)
            for key in sorted(group.tags)
            if all(group.name in names for names in wanted)
        ]
        return ActionResult(self._page("Tags", found))


def _fits(group: Group, condition: Mapping[str, Any]) -> bool:
    name, values = condition["Name"], condition.get("Values") or []
    if name == "tag-key":
        return any(key in values for key in group.tags)
    if name == "tag-value":
        return any(tag["Value"] in values for tag in group.tags.values())
    return name.startswith("tag:") and group.tags.get(name[4:], {}).get("Value") in values
