"""Stand-in for pulumi-aws: EventBridge rules and their targets, which Pulumi files under CloudWatch."""

from collections.abc import Mapping
from typing import Any

from ..access import Access
from ..errors import unless_gone
from ..naming import with_prefix
from ..properties import Properties
from ..same import normal_policy
from .base import Resource, present, tag_changes, tag_list, tag_map
from .roles import name_of

_DEFAULT_BUS = "default"


def _bus(properties: Properties) -> str:
    return properties.get("eventBusName") or _DEFAULT_BUS


class EventRule(Resource):
    kind = "aws:cloudwatch/eventRule:EventRule"
    service = "EventBridge"
    carries_out = frozenset(
        {
            "description",
            "eventBusName",
            "eventPattern",
            "forceDestroy",
            "isEnabled",
            "name",
            "namePrefix",
            "roleArn",
            "scheduleExpression",
            "state",
            "tags",
        }
    )

    def create(self, aws: Access, inputs: Properties) -> str:
        name, bus, tags = name_of(inputs), _bus(inputs), inputs.get("tags")
        self._put(aws, name, inputs, "creating", Tags=tag_list(tags) if tags else None)
        return name if bus == _DEFAULT_BUS else f"{bus}/{name}"

    def _put(self, aws: Access, name: str, inputs: Properties, verb: str, **more: Any) -> None:
        disabled = inputs.get("isEnabled") is False
        with self.doing(f"{verb} EventBridge Rule ({name})"):
            aws.client("events").put_rule(
                Name=name,
                EventBusName=_bus(inputs),
                State=inputs.get("state") or ("DISABLED" if disabled else "ENABLED"),
                **present(
                    Description=inputs.get("description"),
                    EventPattern=inputs.get("eventPattern"),
                    RoleArn=inputs.get("roleArn"),
                    ScheduleExpression=inputs.get("scheduleExpression"),
                    **more,
                ),
            )

    def read(self, aws: Access, identity: str, known: Properties) -> Properties | None:
        events, (bus, name) = aws.client("events"), _of_rule(identity)
        rule = unless_gone(lambda: events.describe_rule(Name=name, EventBusName=bus))
        if rule is None:
            return None
        pattern = rule.get("EventPattern")
        return {
            "arn": rule["Arn"],
            "description": rule.get("Description") or "",
            "eventBusName": bus,
            "eventPattern": normal_policy(pattern) if pattern else None,
            "isEnabled": rule["State"] != "DISABLED",
            "name": name,
            "namePrefix": known.get("namePrefix") or "",
            "roleArn": rule.get("RoleArn") or "",
            "scheduleExpression": rule.get("ScheduleExpression") or "",
            "state": rule["State"],
            "tags": tag_map(events.list_tags_for_resource(ResourceARN=rule["Arn"])),
        }

    def update(self, aws: Access, identity: str, olds: Properties, news: Properties) -> str | None:
        events = aws.client("events")
        self._put(aws, _of_rule(identity)[1], news, "updating")
        gone, changed = tag_changes(olds, news)
        with self.doing(f"updating tags for EventBridge resource ({identity})"):
            if gone:
                events.untag_resource(ResourceARN=olds["arn"], TagKeys=gone)
            if changed:
                events.tag_resource(ResourceARN=olds["arn"], Tags=tag_list(changed))
        return None

    def delete(self, aws: Access, identity: str, known: Properties) -> None:
        events, (bus, name) = aws.client("events"), _of_rule(identity)
        with self.doing(f"deleting EventBridge Rule ({identity})"):
            if known.get("forceDestroy"):
                targets = events.list_targets_by_rule(Rule=name, EventBusName=bus)["Targets"]
                if targets:
                    events.remove_targets(Rule=name, EventBusName=bus, Ids=[target["Id"] for target in targets])
            events.delete_rule(Name=name, EventBusName=bus)


def _of_rule(identity: str) -> tuple[str, str]:
    """A rule's bus and name, from its id: `<name>`, or `<bus>/<name>` where it is another bus than the default."""
    bus, _, name = identity.rpartition("/")
    return bus or _DEFAULT_BUS, name


_TARGET: Mapping[str, str] = {"arn": "Arn", "input": "Input", "inputPath": "InputPath", "roleArn": "RoleArn"}
_BLOCKS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "deadLetterConfig": ("DeadLetterConfig", {"arn": "Arn"}),
    "inputTransformer": ("InputTransformer", {"inputPaths": "InputPathsMap", "inputTemplate": "InputTemplate"}),
    "retryPolicy": (
        "RetryPolicy",
        {
            "maximumEventAgeInSeconds": "MaximumEventAgeInSeconds",
            "maximumRetryAttempts": "MaximumRetryAttempts",
        },
    ),
}


class EventTarget(Resource):
    kind = "aws:cloudwatch/eventTarget:EventTarget"
    service = "EventBridge"
    carries_out = frozenset({"eventBusName", "forceDestroy", "rule", "targetId", *_TARGET, *_BLOCKS})

    def create(self, aws: Access, inputs: Properties) -> str:
        bus, target = _bus(inputs), inputs.get("targetId") or with_prefix("terraform-")
        identity = "-".join([*([] if bus == _DEFAULT_BUS else [bus]), inputs["rule"], target])
        self._put(aws, identity, target, inputs, "creating")
        return identity

    def _put(self, aws: Access, identity: str, target: str, inputs: Properties, verb: str) -> None:
        blocks = {
            parameter: {key: inputs[name][own] for own, key in names.items() if inputs[name].get(own) is not None}
            for name, (parameter, names) in _BLOCKS.items()
            if inputs.get(name)
        }
        values = {parameter: inputs[name] for name, parameter in _TARGET.items() if inputs.get(name)}
        with self.doing(f"{verb} EventBridge Target ({identity})"):
            aws.client("events").put_targets(
                Rule=inputs["rule"], EventBusName=_bus(inputs), Targets=[{"Id": target, **values, **blocks}]
            )

    def _target_id(self, identity: str, known: Properties) -> str:
        return str(known.get("targetId") or identity.rpartition(f"{known['rule']}-")[2])

    def read(self, aws: Access, identity: str, known: Properties) -> Properties | None:
        bus, rule, target = _bus(known), known["rule"], self._target_id(identity, known)
        answer = unless_gone(lambda: aws.client("events").list_targets_by_rule(Rule=rule, EventBusName=bus))
        for found in [] if answer is None else answer["Targets"]:
            if found["Id"] == target:
                return {
                    "eventBusName": bus,
                    "rule": rule,
                    "targetId": target,
                    **{name: found.get(parameter) or "" for name, parameter in _TARGET.items()},
                    **{name: _shown(found.get(parameter), names) for name, (parameter, names) in _BLOCKS.items()},
                }
        return None

    def update(self, aws: Access, identity: str, olds: Properties, news: Properties) -> str | None:
        self._put(aws, identity, self._target_id(identity, olds), news, "updating")
        return None

    def delete(self, aws: Access, identity: str, known: Properties) -> None:
        with self.doing(f"deleting EventBridge Target ({identity})"):
            aws.client("events").remove_targets(
                Rule=known["rule"], EventBusName=_bus(known), Ids=[self._target_id(identity, known)]
            )


def _shown(block: Mapping[str, Any] | None, names: Mapping[str, str]) -> Properties | None:
    return None if block is None else {name: block.get(parameter) for name, parameter in names.items()}
