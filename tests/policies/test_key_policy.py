"""The key policy of docs/kms.md: with it the stack's roles may do what they need, and nobody else anything."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from components.iam.policies import Policy

from ..docs.blocks import blocks
from .evaluator import Evaluator, Request
from .variants import ACCOUNT, VARIANTS

_IAM = f"arn:aws:iam::{ACCOUNT}"
KEY = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/key-by-id"
CACHE_KEY = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/cache-key"
MANAGER, UPLOADS, SOMEBODY = (f"{_IAM}:role/{name}" for name in ("manager", "upload", "somebody"))
SPOT = f"{_IAM}:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot"
AUTO_SCALING = f"{_IAM}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
UP = f"{_IAM}:role/runner-up"
TAG = {"aws:PrincipalTag/gitlab-runner-aws": "gitlab-runner-aws/prod/runner"}
EC2, S3 = ({"kms:ViaService": f"{service}.eu-central-1.amazonaws.com"} for service in ("ec2", "s3"))
FOR_EBS = {"kms:GrantIsForAWSResource": "true"}
VOLUME_USES = ("Decrypt", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo")
EVERYTHING: Policy = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["kms:*"], "Resource": ["*"]}],
}
"""What an administrator's role has in IAM."""


@pytest.fixture(scope="module")
def key_policy() -> Policy:
    (block,) = (block for block in blocks("json") if block.page == "docs/kms.md")
    loaded: Policy = json.loads(block.text)
    return loaded


def needed() -> Iterator[tuple[Policy | None, Request]]:
    """What the stack's roles, AWS's own and whoever runs `pulumi up` ask for, with what IAM gives them."""
    roles = VARIANTS["kms"].policies
    for call in ("DescribeKey", *VOLUME_USES):
        yield roles["manager"], request(MANAGER, call, KEY, TAG | EC2)
    yield roles["manager"], request(MANAGER, "CreateGrant", KEY, TAG | EC2 | FOR_EBS)
    for name, principal in (("manager", MANAGER), ("upload role", UPLOADS)):
        for call in ("Decrypt", "GenerateDataKey"):
            yield roles[name], request(principal, call, CACHE_KEY, TAG | S3)
    for call in ("Encrypt", "DescribeKey", *VOLUME_USES):
        yield None, request(SPOT, call, KEY)
    yield None, request(SPOT, "CreateGrant", KEY, FOR_EBS)
    yield None, request(UP, "CreateGrant", KEY, {"kms:GranteePrincipal": AUTO_SCALING})
    yield EVERYTHING, request(UP, "RevokeGrant", KEY)
    yield EVERYTHING, request(UP, "DescribeKey", KEY)
    yield EVERYTHING, request(SOMEBODY, "PutKeyPolicy", KEY)


def refused() -> Iterator[tuple[Policy | None, Request]]:
    """Neighbours: by others, in another way, or to somebody else; by IAM alone all of them would be allowed."""
    other = {"aws:PrincipalTag/gitlab-runner-aws": "gitlab-runner-aws/dev/runner"}
    for call in ("Encrypt", "GenerateDataKey", *VOLUME_USES):
        yield EVERYTHING, request(SOMEBODY, call, KEY)
        yield EVERYTHING, request(SOMEBODY, call, KEY, EC2)
        yield EVERYTHING, request(MANAGER, call, KEY, other | EC2)
        yield EVERYTHING, request(MANAGER, call, KEY, TAG)
        yield EVERYTHING, request(UP, call, KEY, S3)
    yield EVERYTHING, request(SOMEBODY, "CreateGrant", KEY, EC2 | FOR_EBS)
    yield EVERYTHING, request(MANAGER, "CreateGrant", KEY, TAG | EC2)
    yield EVERYTHING, request(MANAGER, "CreateGrant", KEY, TAG | FOR_EBS)
    yield EVERYTHING, request(MANAGER, "CreateGrant", KEY, other | EC2 | FOR_EBS)
    yield EVERYTHING, request(MANAGER, "Decrypt", KEY, TAG | {"kms:ViaService": "ec2.us-east-1.amazonaws.com"})
    yield None, request(SPOT, "CreateGrant", KEY)
    yield EVERYTHING, request(UP, "CreateGrant", KEY, {"kms:GranteePrincipal": SOMEBODY})
    yield EVERYTHING, request(SOMEBODY, "CreateGrant", KEY, {"kms:GranteePrincipal": AUTO_SCALING})
    yield None, request(MANAGER, "Decrypt", KEY, TAG | EC2)


def request(principal: str, call: str, key: str, context: dict[str, str] | None = None) -> Request:
    return Request(action=f"kms:{call}", resource=key, context=context or {}, principal=principal)


def named(asked: Any) -> str:
    return f"{asked.principal.rpartition('/')[2]} {asked.action} {asked.context}" if isinstance(asked, Request) else ""


@pytest.mark.parametrize(("policy", "asked"), [*needed()], ids=named)
def test_what_is_needed_is_allowed(
    policy: Policy | None, asked: Request, key_policy: Policy, evaluator: Evaluator
) -> None:
    assert evaluator.allows(policy, asked, key_policy)


@pytest.mark.parametrize(("policy", "asked"), [*refused()], ids=named)
def test_what_others_want_is_refused(
    policy: Policy | None, asked: Request, key_policy: Policy, evaluator: Evaluator
) -> None:
    assert not evaluator.allows(policy, asked, key_policy)


def test_no_statement_is_there_for_nothing(key_policy: Policy, evaluator: Evaluator) -> None:
    for left_out in key_policy["Statement"]:
        rest = {**key_policy, "Statement": [each for each in key_policy["Statement"] if each != left_out]}
        assert not all(evaluator.allows(policy, asked, rest) for policy, asked in needed()), left_out["Sid"]
