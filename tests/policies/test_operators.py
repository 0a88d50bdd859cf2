"""What the policies of docs/permissions.md refuse. What they allow is asked in tests/engine/test_permissions.py."""

import json

import pytest

from components.iam.policies import LONGEST_MANAGED_POLICY, length

from .evaluator import Evaluator, Request
from .operators import OPERATOR, PAGE_TAG, REGION, TAG, documented
from .variants import ACCOUNT

PREVIEW, UP = documented(PAGE_TAG)
EC2 = f"arn:aws:ec2:{REGION}:{ACCOUNT}"
IAM = f"arn:aws:iam::{ACCOUNT}"
OURS, OTHERS = {TAG: PAGE_TAG}, {TAG: "gitlab-runner-aws/dev/runner"}
GROUPS = f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:autoScalingGroup:1:autoScalingGroupName"


def having(tags: dict[str, str]) -> dict[str, str]:
    """The context of a resource that bears these tags."""
    return {f"aws:ResourceTag/{key}": value for key, value in tags.items()}


def giving(tags: dict[str, str]) -> dict[str, str]:
    """The context of a request that gives a resource these tags."""
    return {f"aws:RequestTag/{key}": value for key, value in tags.items()}


def request(action: str, resource: str, context: dict[str, str] | None = None) -> Request:
    return Request(action=action, resource=resource, context=context or {}, principal=OPERATOR)


REFUSED = {
    "preview": [
        request("ec2:RunInstances", f"{EC2}:instance/new", giving(OURS)),
        request("ec2:CreateTags", f"{EC2}:instance/i-1", having(OURS)),
        request("ec2:TerminateInstances", f"{EC2}:instance/i-1", having(OURS)),
        request("ec2:DescribeInstanceAttribute", f"{EC2}:instance/i-1"),
        request("ec2:DescribeInstances", "*", {"aws:RequestedRegion": REGION}),
        request("ec2:DescribeImages", "*", {"aws:RequestedRegion": "us-east-1"}),
        request("ec2:GetPasswordData", f"{EC2}:instance/i-1"),
        request("iam:GetRole", f"{IAM}:role/runner-identity-manager"),
        request("iam:PassRole", f"{IAM}:role/runner-identity-manager", {"iam:PassedToService": "ec2.amazonaws.com"}),
        request("s3:GetObject", "arn:aws:s3:::runner-cache-bucket/key"),
        request("ssm:GetParameter", f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/ci/token"),
        request("kms:Decrypt", f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"),
        request("sts:AssumeRole", f"{IAM}:role/runner-up"),
    ],
    "up": [
        # What bears no tag of the stack, or another's
        request("ec2:TerminateInstances", f"{EC2}:instance/i-1", having(OTHERS)),
        request("ec2:TerminateInstances", f"{EC2}:instance/i-1"),
        request("ec2:ModifyInstanceAttribute", f"{EC2}:instance/i-1", having(OTHERS)),
        request("ec2:DeleteVpc", f"{EC2}:vpc/vpc-1"),
        request("ec2:CreateSubnet", f"{EC2}:vpc/vpc-1"),
        request("ec2:AuthorizeSecurityGroupIngress", f"{EC2}:security-group/sg-1"),
        request("ec2:DeleteSecurityGroup", f"{EC2}:security-group/sg-1", having(OTHERS)),
        request("ec2:CreateRoute", f"{EC2}:route-table/rtb-1", having(OTHERS)),
        request("ec2:AssociateAddress", f"{EC2}:elastic-ip/eipalloc-1", having(OTHERS)),
        request("ec2:DeleteKeyPair", f"{EC2}:key-pair/somebody"),
        request("ec2:CreateLaunchTemplateVersion", f"{EC2}:launch-template/lt-1", having(OTHERS)),
        request("ec2:TerminateInstances", f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/i-1", having(OURS)),
        # New things without its tag, and its tag for things of others
        request("ec2:RunInstances", f"{EC2}:instance/new"),
        request("ec2:RunInstances", f"{EC2}:instance/new", giving(OTHERS)),
        request("ec2:CreateVpc", f"{EC2}:vpc/new"),
        request("ec2:ImportKeyPair", f"{EC2}:key-pair/new", giving(OTHERS)),
        request("ec2:CreateTags", f"{EC2}:instance/i-1", {**giving(OURS), **having(OTHERS)}),
        request("ec2:CreateTags", f"{EC2}:instance/i-1", giving(OURS)),
        request("ec2:GetPasswordData", f"{EC2}:instance/i-1", having(OURS)),
        request("ec2:CreateImage", f"{EC2}:instance/i-1", having(OTHERS)),
        # Identities
        request("iam:CreateRole", f"{IAM}:role/admin"),
        request("iam:PutRolePolicy", f"{IAM}:role/admin"),
        request("iam:PutRolePolicy", OPERATOR),
        request("iam:AttachRolePolicy", OPERATOR),
        request("iam:UpdateAssumeRolePolicy", f"{IAM}:role/admin"),
        request("iam:PassRole", f"{IAM}:role/admin", {"iam:PassedToService": "ec2.amazonaws.com"}),
        request("iam:PassRole", f"{IAM}:role/runner-identity-manager", {"iam:PassedToService": "lambda.amazonaws.com"}),
        request("iam:CreateUser", f"{IAM}:user/runner-identity-manager"),
        request("iam:CreatePolicyVersion", f"{IAM}:policy/runner-identity-manager"),
        request(
            "iam:CreateServiceLinkedRole",
            f"{IAM}:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot",
            {"iam:AWSServiceName": "spot.amazonaws.com"},
        ),
        request("sts:AssumeRole", f"{IAM}:role/admin"),
        # Data
        request("s3:GetObject", "arn:aws:s3:::runner-cache-bucket/key"),
        request("s3:DeleteBucket", "arn:aws:s3:::company-data"),
        request("s3:PutBucketPolicy", "arn:aws:s3:::company-data"),
        request("ssm:GetParameter", f"arn:aws:ssm:{REGION}:{ACCOUNT}:parameter/ci/token"),
        request("secretsmanager:GetSecretValue", f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:ci-AbCdEf"),
        request("logs:GetLogEvents", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:runner-x:log-stream:y"),
        # Groups, alarms, logs and rules of others
        request("autoscaling:DeleteAutoScalingGroup", f"{GROUPS}/gitlab-runner-aws/dev/runner/ci"),
        request("autoscaling:UpdateAutoScalingGroup", f"{GROUPS}/web"),
        request("cloudwatch:DeleteAlarms", f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:billing"),
        request("logs:DeleteLogGroup", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:audit"),
        request("events:PutTargets", f"arn:aws:events:{REGION}:{ACCOUNT}:rule/audit"),
        request("logs:PutResourcePolicy", "*", {"aws:RequestedRegion": "us-east-1"}),
    ],
}


@pytest.mark.parametrize(
    ("kind", "asked"),
    [
        pytest.param(kind, each, id=f"{kind} {number} {each.action}")
        for kind, requests in REFUSED.items()
        for number, each in enumerate(requests)
    ],
)
def test_what_is_not_the_stacks_is_refused(kind: str, asked: Request, evaluator: Evaluator) -> None:
    assert not evaluator.allows({"preview": PREVIEW, "up": UP}[kind], asked)


def test_each_fits_into_a_managed_policy() -> None:
    assert max(length(PREVIEW), length(UP)) <= LONGEST_MANAGED_POLICY


def test_they_name_no_other_account_region_or_tag() -> None:
    text = json.dumps([PREVIEW, UP])
    assert "us-" not in text
    assert {part for part in text.split(":") if part.isdigit() and len(part) == 12} == {ACCOUNT}
