"""What the manager may do, and what it may not."""

from fnmatch import fnmatchcase
from typing import Any

import pytest

from components import policies

ACCOUNT = "arn:aws:ec2:eu-central-1:123456789012"
POLICY = policies.manager(
    vpc_arn=f"{ACCOUNT}:vpc/vpc-1",
    subnet_arns=[f"{ACCOUNT}:subnet/subnet-1"],
    worker_group_arn=f"{ACCOUNT}:security-group/sg-1",
    worker_role_arn="arn:aws:iam::123456789012:role/worker",
    worker_profile_arn="arn:aws:iam::123456789012:instance-profile/worker",
    bucket_arn="arn:aws:s3:::cache",
)


def statements(action: str, resource: str) -> list[dict[str, Any]]:
    return [
        statement
        for statement in POLICY["Statement"]
        if action in statement["Action"] and any(fnmatchcase(resource, pattern) for pattern in statement["Resource"])
    ]


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("ec2:RunInstances", f"{ACCOUNT}:subnet/subnet-1"),
        ("ec2:RunInstances", f"{ACCOUNT}:security-group/sg-1"),
        ("ec2:RunInstances", f"{ACCOUNT}:instance/i-1"),
        ("ec2:RunInstances", "arn:aws:ec2:eu-central-1::image/ami-1"),
        ("ec2:ImportKeyPair", f"{ACCOUNT}:key-pair/runner-abc-ci-1"),
        ("ec2:DescribeSubnets", "*"),
        ("s3:GetObject", "arn:aws:s3:::cache/project/1/default"),
        ("s3:ListBucket", "arn:aws:s3:::cache"),
    ],
)
def test_what_the_driver_and_the_cache_need_is_allowed(action: str, resource: str) -> None:
    assert statements(action, resource)


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("ec2:RunInstances", f"{ACCOUNT}:subnet/subnet-of-others"),
        ("ec2:RunInstances", f"{ACCOUNT}:security-group/sg-of-others"),
        ("ec2:ImportKeyPair", f"{ACCOUNT}:key-pair/somebody"),
        ("ec2:DeleteKeyPair", f"{ACCOUNT}:key-pair/somebody"),
        ("ec2:CreateSecurityGroup", f"{ACCOUNT}:security-group/sg-2"),
        ("iam:PassRole", "arn:aws:iam::123456789012:role/admin"),
        ("s3:GetObject", "arn:aws:s3:::another/secret"),
        ("s3:DeleteBucket", "arn:aws:s3:::cache"),
    ],
)
def test_neighbours_are_not(action: str, resource: str) -> None:
    assert not statements(action, resource)


@pytest.mark.parametrize("action", ["ec2:TerminateInstances", "ec2:StopInstances"])
def test_only_machines_with_the_workers_profile_can_be_removed(action: str) -> None:
    (statement,) = statements(action, f"{ACCOUNT}:instance/i-1")
    assert statement["Condition"] == {
        "ArnEquals": {"ec2:InstanceProfile": "arn:aws:iam::123456789012:instance-profile/worker"}
    }


def test_the_worker_role_is_handed_to_ec2_alone() -> None:
    (statement,) = statements("iam:PassRole", "arn:aws:iam::123456789012:role/worker")
    assert statement["Condition"] == {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}


def test_no_statement_allows_every_action() -> None:
    assert all("*" not in action for statement in POLICY["Statement"] for action in statement["Action"])


def test_arns_follow_the_partition() -> None:
    china = policies.manager(
        vpc_arn="arn:aws-cn:ec2:cn-north-1:123456789012:vpc/vpc-1",
        subnet_arns=[],
        worker_group_arn="g",
        worker_role_arn="r",
        worker_profile_arn="p",
        bucket_arn="b",
    )
    resources = [r for statement in china["Statement"] for r in statement["Resource"] if r.startswith("arn:")]
    assert resources
    assert all(r.startswith("arn:aws-cn:") for r in resources)
