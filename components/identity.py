"""Who the manager and its workers are in IAM."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi

from . import aws, policies


@dataclass(frozen=True, kw_only=True)
class IdentityArgs:
    """What the manager is to be allowed to use."""

    vpc_arn: pulumi.Input[str]
    subnet_arns: Sequence[pulumi.Input[str]]
    worker_group_arn: pulumi.Input[str]
    bucket_arn: pulumi.Input[str]
    tags: Mapping[str, str] = field(default_factory=dict)


class Identity(pulumi.ComponentResource):
    """A role and an instance profile for the manager, and a pair without any rights for the workers."""

    manager_profile: pulumi.Output[str]
    """Name of the manager's instance profile."""

    worker_profile: pulumi.Output[str]
    """Name of the workers' instance profile, as the driver wants it."""

    def __init__(self, name: str, args: IdentityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gitlab-runner-aws:index:Identity", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        trust = json.dumps(policies.assumed_by_ec2())

        def role(who: str) -> tuple[aws.Role, aws.InstanceProfile]:
            made = aws.Role(f"{name}-{who}", assume_role_policy=trust, tags=args.tags, opts=child)
            return made, aws.InstanceProfile(f"{name}-{who}", role=made.name, tags=args.tags, opts=child)

        manager_role, manager_profile = role("manager")
        worker_role, worker_profile = role("worker")
        policy = pulumi.Output.all(
            vpc_arn=args.vpc_arn,
            subnet_arns=pulumi.Output.all(*args.subnet_arns),
            worker_group_arn=args.worker_group_arn,
            worker_role_arn=worker_role.arn,
            worker_profile_arn=worker_profile.arn,
            bucket_arn=args.bucket_arn,
        ).apply(lambda arns: json.dumps(policies.manager(**arns)))
        aws.RolePolicy(f"{name}-manager", role=manager_role.name, policy=policy, opts=child)

        self.manager_profile, self.worker_profile = manager_profile.name, worker_profile.name
        self.register_outputs({"manager_profile": self.manager_profile, "worker_profile": self.worker_profile})
