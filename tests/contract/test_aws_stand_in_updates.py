"""The aws stand-in's updates in place: each that `recordings/aws_provider_behaviour.json` has, carried out."""

from collections.abc import Iterator
from typing import Any

import pytest

from localcloud.aws_stand_in.recording import contents, parts
from localcloud.aws_stand_in.resources import RESOURCES

from .aws_stand_in import Resource, Stack, kinds
from .aws_stand_in_prerequisites import Prerequisites, comparable
from .test_aws_stand_in_contract import NOT_CREATED, _after, _at, _copy, _fits, _set

INSTANCE = "aws:ec2/instance:Instance"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
RECORDED = contents()["resources"]

NOT_TRIED = {
    ("aws:cloudwatch/logGroup:LogGroup", "kmsKeyId"): "moto has no AssociateKmsKey: refused, tested by itself",
    ("aws:cloudwatch/logGroup:LogGroup", "skipDestroy"): "leaves the group behind: tested by itself",
    (INSTANCE, "disableApiTermination"): "can't be destroyed then: tested by itself",
    (INSTANCE, "ipv6AddressCount"): "the prerequisite subnet has no IPv6: tested by itself",
    ("aws:ec2/subnet:Subnet", "ipv6CidrBlock"): "the prerequisite VPC has no IPv6: tested by itself",
    (LIFECYCLE, "rules[].filter"): "moto takes no rule without filter and prefix",
}


REFUSED = {("aws:autoscaling/group:Group", 1, "minSize: 0 -> 1"): "above the maxSize of this case"}


def _updates() -> Iterator[tuple[str, int, str]]:
    """Type, number of the applied case, and change, of each recorded update in place that can be tried by itself."""
    for token in sorted(RESOURCES):
        for change in RECORDED[token]["changes"]:
            pieces = parts(change["change"])
            keys = {part.path.split(".")[0].removesuffix("[]") for part in pieces}
            cut = "..." in change["change"]
            if change["result"] != "update" or cut or not keys <= RESOURCES[token].carries_out:
                continue
            for index, case in enumerate(RECORDED[token]["applied"]):
                skipped = any((token, part.path) in NOT_TRIED for part in pieces)
                conflict = "volumeTags" in keys and "tags" in case["inputs"].get("rootBlockDevice", {})
                if (
                    not skipped
                    and not conflict
                    and (token, index) not in NOT_CREATED
                    and (token, index, change["change"]) not in REFUSED
                    and all(_fits(case, part) for part in pieces)
                ):
                    yield token, index, change["change"]


@pytest.mark.parametrize(("token", "index", "change"), list(_updates()))
def test_an_update_in_place_reaches_aws_and_stays(
    cloud: Stack, given: Prerequisites, token: str, index: int, change: str
) -> None:
    made = cloud.create(token, given.filled(RECORDED[token]["applied"][index]["inputs"]))
    wanted: dict[str, Any] = _copy(made.inputs)
    for part in parts(change):
        before = _at(made.inputs, part.path)
        after = given.filled(_after(change, part, before))
        # Of a list that grows, the recording shows all ids as the same.
        grown = isinstance(after, list) and len(after) == 2 and after[0] == after[-1]
        _set(wanted, part.path, [*before, after[1]] if grown else after)
    differences = kinds(cloud.diff(token, made.inputs, made.outputs, wanted))

    outputs = cloud.update(made, wanted)
    changed = Resource(token, str(outputs["id"]), wanted, outputs)
    found = cloud.read(changed)
    cloud.delete(changed)

    assert differences
    assert found is not None
    assert comparable(found.outputs) == comparable(outputs)
    assert found.inputs == wanted
