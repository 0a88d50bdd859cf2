"""IAM policy documents as plain data: what the manager may do, and who may assume which role.

The EC2 part allows the calls that docker-machine's amazonec2 driver makes, and no others. Conditions on tags would
refuse spot machines, which are tagged only after they run; so machines are bound by their instance profile instead,
which they carry from their first moment.
"""

from collections.abc import Sequence
from typing import Any

Policy = dict[str, Any]

_MACHINE_KEY_PAIRS = "runner-*"
"""gitlab-runner names each machine, and docker-machine its key pair, `runner-<start of the token>-<MachineName>`."""


def assumed_by_ec2() -> Policy:
    """The trust policy of a role that EC2 instances take."""
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}
    return _policy(statement)


def manager(
    *,
    vpc_arn: str,
    subnet_arns: Sequence[str],
    worker_group_arn: str,
    worker_role_arn: str,
    worker_profile_arn: str,
    bucket_arn: str,
) -> Policy:
    """What the manager needs: machines in these subnets, with this group and profile, and objects in this bucket."""
    arn, partition, _, region, account, _ = vpc_arn.split(":", 5)
    ec2 = f"{arn}:{partition}:ec2:{region}:{account}:"
    worker_profile = {"ArnEquals": {"ec2:InstanceProfile": worker_profile_arn}}
    return _policy(
        _allow(
            "Look",
            [
                "ec2:DescribeInstances",
                "ec2:DescribeKeyPairs",
                "ec2:DescribeSecurityGroups",
                "ec2:DescribeSubnets",
            ],
            ["*"],
        ),
        _allow("StartWorkers", ["ec2:RunInstances"], [f"{ec2}instance/*"], worker_profile),
        _allow(
            "StartWorkersHere",
            ["ec2:RunInstances"],
            [
                *subnet_arns,
                worker_group_arn,
                f"{ec2}key-pair/{_MACHINE_KEY_PAIRS}",
                f"{ec2}network-interface/*",
                f"{ec2}volume/*",
                f"{arn}:{partition}:ec2:{region}::image/*",
            ],
        ),
        _allow(
            "TagWorkers",
            ["ec2:CreateTags"],
            [f"{ec2}instance/*", f"{ec2}network-interface/*", f"{ec2}volume/*"],
        ),
        _allow(
            "RemoveWorkers",
            ["ec2:StopInstances", "ec2:TerminateInstances"],
            [f"{ec2}instance/*"],
            worker_profile,
        ),
        _allow(
            "KeyPairsOfWorkers",
            ["ec2:DeleteKeyPair", "ec2:ImportKeyPair"],
            [f"{ec2}key-pair/{_MACHINE_KEY_PAIRS}"],
        ),
        _allow(
            "WorkerRole",
            ["iam:PassRole"],
            [worker_role_arn],
            {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}},
        ),
        _allow("CacheObjects", ["s3:DeleteObject", "s3:GetObject", "s3:PutObject"], [f"{bucket_arn}/*"]),
        # Without it S3 answers 403 instead of 404 for an object that is not there.
        _allow("CacheBucket", ["s3:GetBucketLocation", "s3:ListBucket"], [bucket_arn]),
    )


def tls_only(bucket_arn: str) -> Policy:
    """A bucket policy that refuses every request without TLS."""
    return _policy(
        {
            "Sid": "TlsOnly",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [bucket_arn, f"{bucket_arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    )


def _allow(
    sid: str, actions: list[str], resources: list[str], condition: dict[str, Any] | None = None
) -> dict[str, Any]:
    statement = {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}
    return {**statement, "Condition": condition} if condition else statement


def _policy(*statements: dict[str, Any]) -> Policy:
    return {"Version": "2012-10-17", "Statement": list(statements)}
