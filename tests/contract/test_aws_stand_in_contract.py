"""The aws stand-in against `recordings/aws_provider_behaviour.json`: every type it has, created, previewed, changed."""

import json
import re
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from localcloud.aws_stand_in import schema
from localcloud.aws_stand_in.properties import UNKNOWN
from localcloud.aws_stand_in.recording import Part, contents, parts
from localcloud.aws_stand_in.resources import RESOURCES

from .aws_stand_in import Stack, offline
from .aws_stand_in_prerequisites import Prerequisites, comparable

RECORDED = contents()["resources"]
OFFLINE = offline()
CASES = [(token, index) for token in sorted(RESOURCES) for index in range(len(RECORDED[token]["applied"]))]

NOT_CREATED = {
    ("aws:ec2/instance:Instance", 3): "launchTemplate is not carried out",
}

DIFFERS: dict[str, dict[str, str]] = {
    "aws:ec2/securityGroup:SecurityGroup": {
        "description": "the Pulumi bridge says Managed by Pulumi",
        "name": "the Pulumi bridge names by itself",
        "namePrefix": "no prefix when the bridge names",
        "vpcId": "one of the cases is in the default VPC",
    },
    "aws:iam/rolePolicy:RolePolicy": {
        "id": "holds the name",
        "name": "the Pulumi bridge names by itself",
        "namePrefix": "no prefix when the bridge names",
    },
    "aws:s3/bucket:Bucket": {
        **dict.fromkeys(
            ("arn", "bucket", "bucketDomainName", "bucketRegionalDomainName", "id"), "the Pulumi bridge names by itself"
        ),
        "bucketPrefix": "no prefix when the bridge names",
    },
    "aws:ec2/instance:Instance": {
        "userData": "version 6 keeps the text, 5.100 its SHA-1",
        "associatePublicIpAddress": "moto's true without an address is an artefact",
        "creditSpecification": "moto says standard whatever was set",
        "maintenanceOptions": "moto does not keep them; kept as given",
        "vpcSecurityGroupIds": "a newer moto tells the group in the subnet's default case",
        "availabilityZone": "that of the prerequisite subnet",
        "ebsBlockDevices": "iops of gp2: see rootBlockDevice",
        "rootBlockDevice": "size and type of the image's own disk",
    },
    "aws:cloudwatch/eventTarget:EventTarget": dict.fromkeys(("id", "targetId"), "the Pulumi bridge names by itself"),
    "aws:ec2/launchTemplate:LaunchTemplate": {"tagSpecifications": "moto's has the template's own tags too"},
    "aws:autoscaling/group:Group": {"mixedInstancesPolicy": "AWS fills in the on-demand strategy, moto does not"},
    "aws:ec2/eip:Eip": {"vpc": "gone in version 6"},
}


@pytest.mark.parametrize("token", sorted(RESOURCES))
def test_names_of_inputs_are_those_of_the_installed_sdk(token: str) -> None:
    properties = schema.resource(token).properties

    assert properties.keys() == set(RECORDED[token]["inputs"])
    assert {name for name, item in properties.items() if item.required} == set(RECORDED[token]["required_inputs"])
    assert RESOURCES[token].carries_out <= properties.keys()


@pytest.mark.parametrize(("token", "index"), [case for case in CASES if case not in NOT_CREATED])
def test_outputs_after_creation_are_the_recorded_ones(
    cloud: Stack, given: Prerequisites, token: str, index: int
) -> None:
    case = RECORDED[token]["applied"][index]
    wanted, allowed = comparable(case["outputs"]), DIFFERS.get(token, {})

    made = cloud.create(token, given.filled(case["inputs"]))
    shown, again = comparable(made.outputs), cloud.read(made)
    cloud.delete(made)

    assert {name: shown.get(name) for name in wanted if name not in allowed} == {
        name: value for name, value in wanted.items() if name not in allowed
    }
    assert shown.keys() - wanted.keys() - {"region", "bucketRegion"} <= allowed.keys()
    assert comparable(made.outputs["id"]) == shown["id"] == comparable(made.id)
    assert again is not None
    assert comparable(again.outputs) == shown
    assert again.inputs == made.inputs
    assert cloud.read(made) is None


@pytest.mark.parametrize(("token", "index"), CASES)
def test_the_first_preview_leaves_the_recorded_outputs_unknown(token: str, index: int) -> None:
    case = RECORDED[token]["applied"][index]
    # In version 6 `region` is an input with a known default.
    not_in_version_6 = {"region", "vpc", "cpuCoreCount", "cpuThreadsPerCore"}

    shown = OFFLINE.preview(token, case["inputs"])

    unknown = {name for name, value in shown.items() if value == UNKNOWN}
    assert unknown == set(case["unknown_in_first_preview"]) - {"id"} - not_in_version_6


def _value(text: str | None, example: Any, *, changed: bool = False) -> Any:
    """A recorded value; the recording cuts long ones, and generalises ids, so that `changed` makes another one."""
    if text is None:
        return None
    try:
        value = json.loads(text.replace("\n", "\\n"))
    except json.JSONDecodeError:
        value = text[1:-1] if _is_json(text[1:-1]) else _uncut(text, example, changed)
    return json.loads(re.sub("<(hex|public ip)>", "<another>", json.dumps(value))) if changed else value


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except json.JSONDecodeError:
        return False
    return True


def _uncut(text: str, example: Any, changed: bool) -> Any:
    if text.startswith("["):
        rule = {"fromPort": 443, "toPort": 443, "protocol": "tcp", "cidrBlocks": ["10.0.0.0/8"]}
        return [rule] if changed or example is None else example
    if text.startswith("{"):
        kms = {"sseAlgorithm": "aws:kms", "kmsMasterKeyId": "arn:aws:kms:us-east-1:123456789012:key/<uuid>"}
        return kms if changed else example
    if not changed:
        return example
    return json.dumps({"Version": "2012-10-17", "Statement": [], "Id": "changed"})


def _after(change: str, part: Part, before: Any) -> Any:
    if change.endswith("[same JSON, other spacing]"):
        return json.dumps(json.loads(before), indent=2)
    if change.endswith("[Action as list]"):
        return before.replace('"sts:AssumeRole"', '["sts:AssumeRole"]')
    return _value(part.after, before, changed=True)


def _at(properties: Any, path: str) -> Any:
    for name in path.split("."):
        properties = properties.get(name.removesuffix("[]")) if isinstance(properties, dict) else None
        if name.endswith("[]") and properties:
            properties = properties[0]
    return properties


def _set(properties: dict[str, Any], path: str, value: Any) -> None:
    *above, last = path.split(".")
    for name in above:
        item = properties.setdefault(name.removesuffix("[]"), [{}] if name.endswith("[]") else {})
        properties = item[0] if name.endswith("[]") else item
    if value is None:
        properties.pop(last, None)
    else:
        properties[last] = value


def _copy(value: Any) -> Any:
    return json.loads(json.dumps(value))


def _fits(case: dict[str, Any], part: Part) -> bool:
    value = _at(case["inputs"], part.path)
    if part.before is None or value is None:
        return part.before is None and value is None
    return bool(_value(part.before, value) == value)


Outcome = tuple[str, frozenset[str]]
"""Result, and the properties because of which a replacement is one."""


def _outcomes(token: str, change: str) -> set[Outcome]:
    """What the change does, from each applied case that it can have been recorded from."""
    pieces = parts(change)
    cases = [case for case in RECORDED[token]["applied"] if all(_fits(case, part) for part in pieces)]
    outcomes = set()
    for case in cases or RECORDED[token]["applied"][:1]:
        old_inputs, olds, news = (_copy(case[key]) for key in ("inputs", "outputs", "inputs"))
        for part in pieces:
            before = _value(part.before, _at(old_inputs, part.path))
            if not cases:
                _set(old_inputs, part.path, before)
                _set(olds, part.path, before)
            _set(news, part.path, _after(change, part, before))
        answer = OFFLINE.diff(token, old_inputs, olds, news)
        replaces = frozenset(path.split(".")[0].split("[")[0] for path in answer.replaces)
        result = "replace" if replaces else "update" if answer.diffs else "none"
        assert (answer.changes == provider_pb2.DiffResponse.DIFF_NONE) == (result == "none")
        outcomes.add((result, replaces))
    return outcomes


CHANGES_NOT_TRIED = {
    ("aws:ec2/instance:Instance", "cpuCoreCount: (absent) -> 1"): "gone in version 6",
}


@pytest.mark.parametrize("token", sorted(RESOURCES))
def test_changes_do_what_was_recorded(token: str) -> None:
    recorded: dict[str, set[Outcome]] = {}
    for each in RECORDED[token]["changes"]:
        because = frozenset(path.split(".")[0] for path in each.get("because", ()))
        recorded.setdefault(each["change"], set()).add((each["result"], because))

    for change, wanted in recorded.items():
        if (token, change) not in CHANGES_NOT_TRIED:
            # One text may be recorded from several cases, with a result of its own from each.
            assert wanted == _outcomes(token, change) & wanted, change
