"""What the aws stand-in answers before anything is created: names, previews, differences."""

from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from localcloud.aws_stand_in import AwsProviderStandIn
from localcloud.aws_stand_in.properties import UNKNOWN, from_struct, to_struct
from localcloud.aws_stand_in.recording import contents

from .aws_stand_in import Context, Resource, kinds, offline, urn
from .aws_stand_in_prerequisites import TRUST

VPC, SUBNET, ROLE, BUCKET = "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet", "aws:iam/role:Role", "aws:s3/bucket:Bucket"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
VPC_CASE = contents()["resources"][VPC]["applied"][0]
OFFLINE = offline()


def test_a_name_is_made_from_the_resources_name_and_kept() -> None:
    first, _ = OFFLINE.check(ROLE, {"assumeRolePolicy": TRUST}, randomSeed=b"seed")
    same, _ = OFFLINE.check(ROLE, {"assumeRolePolicy": TRUST}, randomSeed=b"seed")
    other, _ = OFFLINE.check(ROLE, {"assumeRolePolicy": TRUST}, randomSeed=b"other")
    later, _ = OFFLINE.check(ROLE, {"assumeRolePolicy": TRUST}, olds=first, randomSeed=b"other")

    assert first["name"].startswith("main-")
    assert len(first["name"]) == len("main-") + 7
    assert first == same == later
    assert other["name"] != first["name"]


@pytest.mark.parametrize("given", [{"name": "mine"}, {"namePrefix": "mine-"}])
def test_a_name_that_the_program_gives_is_respected(given: dict[str, str]) -> None:
    checked, refused = OFFLINE.check(ROLE, {"assumeRolePolicy": TRUST, **given})

    assert refused == []
    assert checked == {"assumeRolePolicy": TRUST, **given, "__defaults": []}


def test_taking_a_given_name_away_makes_a_new_one() -> None:
    olds, _ = OFFLINE.check(ROLE, {"assumeRolePolicy": TRUST, "name": "mine"})

    checked, _ = OFFLINE.check(ROLE, {"assumeRolePolicy": TRUST}, olds=olds)

    assert checked["name"] != "mine"


def test_a_name_without_room_for_the_random_digits_is_refused() -> None:
    request = provider_pb2.CheckRequest(urn=urn(ROLE, "r" * 57), news=to_struct({"assumeRolePolicy": TRUST}))

    failures = OFFLINE.provider.Check(request, OFFLINE.context).failures

    assert [failure.property for failure in failures] == ["name"]
    assert failures[0].reason.endswith("plus 7 random chars is longer than maximum length 64")


def test_a_bucket_is_named_in_lower_case() -> None:
    request = provider_pb2.CheckRequest(urn=urn(BUCKET, "Cache"))

    name = from_struct(OFFLINE.provider.Check(request, OFFLINE.context).inputs)[0]["bucket"]

    assert name.startswith("cache-")


def test_values_that_are_not_known_yet_pass_the_check() -> None:
    inputs = {"securityGroupId": UNKNOWN, "cidrIpv4": UNKNOWN, "ipProtocol": "tcp", "fromPort": UNKNOWN}

    checked, refused = OFFLINE.check(INGRESS, inputs)

    assert refused == []
    assert checked["cidrIpv4"] == UNKNOWN


def test_a_preview_calls_nothing_and_shows_the_constants() -> None:
    shown = OFFLINE.preview(VPC, {"cidrBlock": "10.9.0.0/16", "tags": {"Name": "n"}})

    assert shown["arn"] == UNKNOWN
    assert shown["cidrBlock"] == "10.9.0.0/16"
    assert shown["enableDnsSupport"] is True
    assert shown["tagsAll"] == {"Name": "n"}
    assert "id" not in shown


def test_the_preview_of_an_update_marks_what_it_will_change() -> None:
    made = Resource(VPC, "vpc-1", VPC_CASE["inputs"], VPC_CASE["outputs"])
    wanted = {**VPC_CASE["inputs"], "assignGeneratedIpv6CidrBlock": True, "tags": {"Name": UNKNOWN}}

    shown = OFFLINE.update(made, wanted, preview=True)

    assert shown["ipv6CidrBlock"] == shown["ipv6AssociationId"] == shown["tagsAll"] == UNKNOWN
    assert shown["arn"] == VPC_CASE["outputs"]["arn"]


def test_an_unknown_value_in_a_replacing_property_is_a_replacement() -> None:
    olds = {"vpcId": "vpc-1", "cidrBlock": "10.0.1.0/24"}

    answer = OFFLINE.diff(SUBNET, olds, olds, {**olds, "vpcId": UNKNOWN})

    assert list(answer.replaces) == ["vpcId"]
    assert kinds(answer) == {"vpcId": "UPDATE_REPLACE"}


def test_a_difference_is_told_to_the_last_property() -> None:
    rule = {"id": "exp", "status": "Enabled", "filter": {"prefix": ""}, "expiration": {"days": 14}}
    more = {**rule, "id": "more"}
    olds = {"bucket": "b", "rules": [rule]}
    news = {"bucket": "b", "rules": [{**rule, "expiration": {"days": 7}}, more]}

    answer = OFFLINE.diff(LIFECYCLE, olds, olds, news)

    assert kinds(answer) == {"rules[0].expiration.days": "UPDATE", "rules[1]": "ADD"}
    assert list(answer.diffs) == ["rules"]
    assert all(each.inputDiff for each in answer.detailedDiff.values())


def test_a_tag_with_dots_is_a_path_that_the_engine_can_read() -> None:
    olds = {"tags": {"a.b/c": "1", "gone": "1"}}

    answer = OFFLINE.diff(VPC, olds, olds, {"tags": {"a.b/c": "2", "new": "1"}})

    assert kinds(answer) == {'tags["a.b/c"]': "UPDATE", "tags.gone": "DELETE", "tags.new": "ADD"}


@pytest.mark.parametrize(
    ("inputs", "change", "first_delete"),
    [
        ({"name": "mine", "path": "/a/"}, {"path": "/b/"}, True),
        ({"name": "mine", "path": "/a/"}, {"name": "yours"}, False),
        ({"name": "main-1234567", "path": "/a/", "__defaults": ["name"]}, {"path": "/b/"}, False),
        ({"name": "mine", "description": "a"}, {"description": "b"}, False),
    ],
)
def test_a_replacement_deletes_first_only_where_the_given_name_is_in_the_way(
    inputs: dict[str, Any], change: dict[str, Any], first_delete: bool
) -> None:
    olds = {"assumeRolePolicy": TRUST, **inputs}

    answer = OFFLINE.diff(ROLE, olds, olds, {**olds, **change})

    assert answer.deleteBeforeReplace is first_delete


def test_inputs_stay_secret_through_the_check() -> None:
    news = to_struct({"cidrBlock": "10.0.0.0/16", "tags": {"Name": "n"}}, ["tags"])

    answer = OFFLINE.provider.Check(provider_pb2.CheckRequest(urn=urn(VPC), news=news), OFFLINE.context)

    assert from_struct(answer.inputs)[1] == {"tags"}


def test_the_plugin_says_what_it_is_and_that_it_takes_secrets() -> None:
    provider, context = AwsProviderStandIn(), Context()

    assert provider.GetPluginInfo(None, context).version == "7.51.1"
    assert provider.Handshake(None, context).accept_secrets
    assert provider.GetSchema(None, context).schema == "{}"
    assert provider.Cancel(None, context) is not None


def test_a_changed_configuration_never_replaces_what_exists() -> None:
    request = provider_pb2.DiffRequest(
        old_inputs=to_struct({"region": "us-east-1"}), news=to_struct({"region": "eu-west-1"})
    )

    answer = OFFLINE.provider.DiffConfig(request, OFFLINE.context)

    assert (list(answer.diffs), list(answer.replaces)) == (["region"], [])
