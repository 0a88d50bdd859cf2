"""The aws stand-in's IAM users and access keys, and log groups: what one recorded case by itself does not show."""

import pytest
from pulumi.runtime.proto import provider_pb2

from localcloud.aws_stand_in.properties import from_struct, to_struct

from .aws_stand_in import Refused, Resource, Stack, offline, urn

USER, KEY, GROUP = "aws:iam/user:User", "aws:iam/accessKey:AccessKey", "aws:cloudwatch/logGroup:LogGroup"
SECRETS = {"secret", "sesSmtpPasswordV4"}


def test_the_secret_of_an_access_key_is_secret_and_kept(cloud: Stack) -> None:
    user = cloud.create(USER, {})

    made = cloud.create(KEY, {"user": user.id})
    found = cloud.read(made)
    updated = cloud.update(made, {**made.inputs, "status": "Inactive"})

    assert made.secrets == SECRETS
    assert found is not None
    assert found.secrets == SECRETS
    assert found.outputs == made.outputs
    assert updated == {**made.outputs, "status": "Inactive"}


def test_the_secret_of_an_access_key_is_secret_in_the_preview_too() -> None:
    stand_in = offline()
    request = provider_pb2.CreateRequest(urn=urn(KEY), properties=to_struct({"user": "u"}), preview=True)

    answer = stand_in.provider.Create(request, stand_in.context)

    assert from_struct(answer.properties)[1] == SECRETS


def test_an_inactive_access_key_is_so_from_the_start(cloud: Stack) -> None:
    user = cloud.create(USER, {})

    cloud.create(KEY, {"user": user.id, "status": "Inactive"})

    keys = cloud.client("iam").list_access_keys(UserName=user.id)["AccessKeyMetadata"]
    assert [key["Status"] for key in keys] == ["Inactive"]


def test_a_renamed_user_keeps_its_tags_and_is_found_by_the_new_name(cloud: Stack) -> None:
    made = cloud.create(USER, {"name": "before", "tags": {"Name": "n"}})

    outputs = cloud.update(made, {**made.inputs, "name": "after", "path": "/x/"})
    found = cloud.read(Resource(USER, made.id, made.inputs, outputs))

    assert (outputs["id"], outputs["path"], outputs["tags"]) == ("after", "/x/", {"Name": "n"})
    assert found is not None
    assert found.id == "after"
    assert cloud.read(made) is None


def test_a_user_destroyed_by_force_leaves_no_keys(cloud: Stack) -> None:
    made = cloud.create(USER, {"name": "forced", "forceDestroy": True})
    cloud.client("iam").create_access_key(UserName="forced")

    cloud.delete(made)

    assert cloud.read(made) is None


def test_a_user_with_keys_is_not_destroyed_without_force(cloud: Stack) -> None:
    made = cloud.create(USER, {"name": "unforced"})
    cloud.client("iam").create_access_key(UserName="unforced")

    with pytest.raises(Refused, match=r"deleting IAM User \(unforced\): .*DeleteConflict"):
        cloud.delete(made)


def test_a_log_group_may_outlive_its_resource(cloud: Stack) -> None:
    made = cloud.create(GROUP, {"name": "/kept", "skipDestroy": True})

    cloud.delete(made)

    assert cloud.read(made) is not None


def test_another_kms_key_of_a_log_group_is_refused(cloud: Stack) -> None:
    made = cloud.create(GROUP, {"name": "/plain"})

    with pytest.raises(Refused, match="can't change kmsKeyId"):
        cloud.update(made, {**made.inputs, "kmsKeyId": "arn:aws:kms:us-east-1:123456789012:key/k"})
