"""What IAM policy documents are put together from."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

Policy = dict[str, Any]
Statement = dict[str, Any]


@dataclass(frozen=True)
class Place:
    partition: str
    region: str
    account: str

    @classmethod
    def of(cls, arn: str) -> Self:
        _, partition, _, region, account, _ = arn.split(":", 5)
        return cls(partition, region, account)

    def arn(self, service: str, resource: str) -> str:
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"

    def ec2(self, *resources: str) -> list[str]:
        return [self.arn("ec2", resource) for resource in resources]

    def images(self, ids: Sequence[str]) -> list[str]:
        return [f"arn:{self.partition}:ec2:{self.region}::image/{image}" for image in ids]

    def role(self, path: str) -> str:
        return f"arn:{self.partition}:iam::{self.account}:role/{path}"


def allow(
    sid: str, actions: Sequence[str], resources: Sequence[str], condition: Mapping[str, object] | None = None
) -> Statement:
    statement = {"Sid": sid, "Effect": "Allow", "Action": list(actions), "Resource": list(resources)}
    return {**statement, "Condition": dict(condition)} if condition else statement


def document(*statements: Statement) -> Policy:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def length(policy: Policy) -> int:
    """Return how many characters IAM counts: it leaves out white space."""
    return len(json.dumps(policy, separators=(",", ":")))


def use_keys(
    sid: str,
    actions: list[str],
    keys: Sequence[str],
    here: Place,
    service: str,
    condition: Mapping[str, object] | None = None,
) -> list[Statement]:
    """Use of KMS keys through one service alone; an alias can't be a resource, but what it stands for can be bound."""
    # In China the service's name ends in .cn.
    via = {**(condition or {}), "StringLike": {"kms:ViaService": f"{service}.{here.region}.amazonaws.com*"}}
    aliases = [key[key.index("alias/") :] for key in keys if "alias/" in key]
    arns = [key if key.startswith("arn:") else here.arn("kms", f"key/{key}") for key in keys if "alias/" not in key]
    statements = [allow(sid, actions, arns, via)] if arns else []
    if aliases:
        condition = {**via, "ForAnyValue:StringEquals": {"kms:ResourceAliases": aliases}}
        statements.append(allow(f"{sid}ByAlias", actions, [here.arn("kms", "key/*")], condition))
    return statements


def ec2_service(partition: str) -> str:
    return "ec2.amazonaws.com.cn" if partition == "aws-cn" else "ec2.amazonaws.com"
