"""Who the manager and its workers are in IAM."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pulumi

from config_render import ACCESS_KEY_ID, SECRET_ACCESS_KEY, IdentitySettings, partition

from .. import aws
from . import ecr, policies


@dataclass(frozen=True, kw_only=True)
class CacheGrant:
    """The bucket that the manager signs requests for."""

    bucket_arn: pulumi.Input[str]
    kms_key: str | None
    role_arn: str | None
    """An existing role for uploads and downloads in parts."""

    upload_role: bool
    """Whether a role is made for uploads and downloads in parts."""


@dataclass(frozen=True, kw_only=True)
class WorkerBounds:
    """What the manager may start with docker+machine; see `policies.Workers`."""

    subnet_arns: Sequence[pulumi.Input[str]]
    group_arn: pulumi.Input[str]
    image_ids: Sequence[pulumi.Input[str]]
    plain: Mapping[str, Any]
    """The fields of `policies.Workers` that settings alone decide."""


@dataclass(frozen=True, kw_only=True)
class IdentityArgs:
    """What the manager is to be allowed to use."""

    settings: IdentitySettings
    region: str
    deployment: str
    """Value of the tag `gitlab-runner-aws`, which machines carry."""

    vpc_arn: pulumi.Input[str]
    workers: WorkerBounds | None
    """None where no pool has docker+machine."""

    groups: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Names of Auto Scaling groups, as `policies.Groups.names`; empty where no pool has docker-autoscaler."""

    cache: CacheGrant | None
    """None where the cache is not in a bucket of Amazon's."""

    token: Callable[[policies.Place], policies.Policy] | None = None
    """Makes the policy that lets the manager read the runner's token, where AWS keeps that."""

    ssm: bool = False
    tags: Mapping[str, str] = field(default_factory=dict)


class Identity(pulumi.ComponentResource):
    """An identity for the manager, a role or a user with an access key, and a role without any rights for the workers.

    What the settings name as being there already is taken instead.
    """

    manager_profile: pulumi.Output[str] | None = None
    """Name of the manager's instance profile; None where it has an access key."""

    manager_role: pulumi.Output[str] | None = None
    """Name of the role that was made for the manager."""

    manager_user: pulumi.Output[str] | None = None
    """Name of the user that was made for the manager."""

    worker_profile: pulumi.Output[str]
    """Name of the workers' instance profile, as the driver wants it."""

    cache_role_arn: pulumi.Output[str] | None = None

    secrets: Mapping[str, pulumi.Output[str]]
    """The access key by the names that config.toml's placeholders have; empty in the other mode."""

    def __init__(self, name: str, args: IdentityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gitlab-runner-aws:index:Identity", name, None, opts)
        self._name, self._args = name, args
        settings = args.settings
        self.secrets = {}
        worker_role, worker_profile = self._workers()
        if settings.manager_instance_profile is not None:
            self.manager_profile = pulumi.Output.from_input(settings.manager_instance_profile)
        elif settings.by_key:
            self._user(worker_role, worker_profile)
        else:
            self._manager(worker_role, worker_profile)
        self.register_outputs({"manager_profile": self.manager_profile, "worker_profile": self.worker_profile})

    def _workers(self) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
        """Return the ARNs of the workers' role and instance profile."""
        given = self._args.settings
        if given.worker_instance_profile is None:
            role, profile = self._role("worker")
            self._attach_to_role("worker", role, given.worker_policies)
            self.worker_profile = profile.name
            return role.arn, profile.arn
        self.worker_profile = pulumi.Output.from_input(given.worker_instance_profile.rsplit("/", 1)[-1])
        return pulumi.Output.from_input(given.worker_role or ""), pulumi.Output.from_input(
            given.worker_instance_profile
        )

    def _role(self, who: str) -> tuple[aws.Role, aws.InstanceProfile]:
        trust = json.dumps(policies.assumed_by_ec2(partition(self._args.region)))
        path, tags = self._args.settings.path, self._args.tags
        role = aws.Role(
            f"{self._name}-{who}",
            assume_role_policy=trust,
            path=path,
            permissions_boundary=self._args.settings.permissions_boundary,
            tags=tags,
            opts=self._child(),
        )
        profile = aws.InstanceProfile(f"{self._name}-{who}", role=role.name, path=path, tags=tags, opts=self._child())
        return role, profile

    def _manager(self, worker_role: pulumi.Output[str], worker_profile: pulumi.Output[str]) -> None:
        role, profile = self._role("manager")
        self.manager_profile, self.manager_role = profile.name, role.name
        # Policies inside of a role share its characters.
        pulling = self._args.settings.ecr
        at_most = policies.LONGEST_ROLE_POLICY - (policies.LONGEST_GROUPS_POLICY if self._args.groups else 0)
        at_most -= ecr.longest(pulling)
        for what, policy in self._policies(worker_role, worker_profile, role.arn, at_most).items():
            aws.RolePolicy(f"{self._name}-{what}", role=role.name, policy=policy, opts=self._child())
        if reading := self._args.token:
            self._of_place("token", role, reading)
        if pulling is not None:
            self._of_place("ecr", role, partial(ecr.pulling, pulling))
        self._attach_to_role("manager", role, self._args.settings.manager_policies)
        if self._args.ssm:
            aws.RolePolicyAttachment(
                f"{self._name}-ssm",
                role=role.name,
                policy_arn=f"arn:{partition(self._args.region)}:iam::aws:policy/AmazonSSMManagedInstanceCore",
                opts=self._child(),
            )

    def _of_place(self, what: str, role: aws.Role, made: Callable[[policies.Place], policies.Policy]) -> None:
        """Give a role a policy that depends on where the stack is."""
        vpc_arn = pulumi.Output.from_input(self._args.vpc_arn)
        policy = vpc_arn.apply(lambda arn: json.dumps(made(policies.Place.of(arn))))
        aws.RolePolicy(f"{self._name}-{what}", role=role.name, policy=policy, opts=self._child())

    def _attach_to_role(self, who: str, role: aws.Role, policies: Sequence[str] | None) -> None:
        """Attach managed policies, each on its own: others that somebody has attached to the role stay."""
        for arn in policies or ():
            aws.RolePolicyAttachment(
                _attachment(f"{self._name}-{who}", arn), role=role.name, policy_arn=arn, opts=self._child()
            )

    def _user(self, worker_role: pulumi.Output[str], worker_profile: pulumi.Output[str]) -> None:
        """Make a user without a password, for its access key alone."""
        path, tags = self._args.settings.path, self._args.tags
        user = aws.User(
            f"{self._name}-manager",
            path=path,
            permissions_boundary=self._args.settings.permissions_boundary,
            tags=tags,
            opts=self._child(),
        )
        self.manager_user = user.name
        # Managed policies: those inside of a user hold 2,048 characters in all.
        attached = []
        for what, document in self._policies(
            worker_role, worker_profile, user.arn, policies.LONGEST_MANAGED_POLICY
        ).items():
            policy = aws.Policy(
                f"{self._name}-{what}",
                path=path,
                description="What the manager of GitLab Runner may do",
                policy=document,
                tags=tags,
                opts=self._child(),
            )
            attached.append(
                aws.UserPolicyAttachment(
                    f"{self._name}-{what}", user=user.name, policy_arn=policy.arn, opts=self._child()
                )
            )
        for arn in self._args.settings.manager_policies or ():
            attached.append(
                aws.UserPolicyAttachment(
                    _attachment(f"{self._name}-manager", arn), user=user.name, policy_arn=arn, opts=self._child()
                )
            )
        key = aws.AccessKey(
            f"{self._name}-manager",
            user=user.name,
            opts=pulumi.ResourceOptions(parent=self, depends_on=attached, additional_secret_outputs=["secret"]),
        )
        self.secrets = {
            ACCESS_KEY_ID: pulumi.Output.secret(key.id),
            SECRET_ACCESS_KEY: pulumi.Output.secret(key.secret),
        }

    def _policies(
        self,
        worker_role: pulumi.Output[str],
        worker_profile: pulumi.Output[str],
        manager: pulumi.Output[str],
        at_most: int,
    ) -> dict[str, pulumi.Output[str]]:
        """Return the manager's policy documents, having made the role for large caches if there is to be one.

        One for each executor, `manager` and `groups`: the engine deletes what a stack no longer has once all else is
        done, so that a manager keeps its rights to old machines until it has let go of them.
        """
        args, cache = self._args, self._args.cache
        if cache is not None and cache.upload_role:
            self.cache_role_arn = self._cache_role(cache, manager)
        access = None if cache is None else self._access(cache, self.cache_role_arn or cache.role_arn)
        found = {}
        if args.workers is not None:
            found["manager"] = self._machine_policy(args.workers, worker_role, worker_profile, access, at_most)
        if args.groups:
            found["groups"] = self._group_policy(worker_profile, None if args.workers else access)
        return found

    def _group_policy(
        self, worker_profile: pulumi.Output[str], access: "pulumi.Output[policies.CacheAccess] | None"
    ) -> pulumi.Output[str]:
        def written(known: Sequence[Any]) -> str:
            vpc_arn, profile_arn, cache = known
            groups = policies.Groups(vpc_arn=vpc_arn, names=self._args.groups)
            earlier = []
            if self._args.workers is None:
                earlier = policies.remove_earlier(vpc_arn, profile_arn, self._args.deployment)
            return json.dumps(policies.group_manager(groups, cache, earlier))

        return pulumi.Output.all(self._args.vpc_arn, worker_profile, access).apply(written)

    def _machine_policy(
        self,
        workers: WorkerBounds,
        worker_role: pulumi.Output[str],
        worker_profile: pulumi.Output[str],
        access: "pulumi.Output[policies.CacheAccess] | None",
        at_most: int,
    ) -> pulumi.Output[str]:
        late = pulumi.Output.all(
            vpc_arn=self._args.vpc_arn,
            subnet_arns=pulumi.Output.all(*workers.subnet_arns),
            group_arns=pulumi.Output.all(workers.group_arn),
            image_ids=pulumi.Output.all(*workers.image_ids),
            role_arn=worker_role,
            profile_arn=worker_profile,
        )
        return pulumi.Output.all(late, access).apply(
            lambda both: json.dumps(
                policies.manager(policies.Workers(**both[0], **workers.plain), both[1], at_most=at_most)
            )
        )

    def _cache_role(self, cache: CacheGrant, manager: pulumi.Output[str]) -> pulumi.Output[str]:
        role = aws.Role(
            f"{self._name}-cache",
            assume_role_policy=manager.apply(lambda arn: json.dumps(policies.assumed_by(arn))),
            path=self._args.settings.path,
            permissions_boundary=self._args.settings.permissions_boundary,
            tags=self._args.tags,
            opts=self._child(),
        )
        policy = self._access(cache, None).apply(lambda access: json.dumps(policies.cache_objects(access)))
        aws.RolePolicy(f"{self._name}-cache", role=role.name, policy=policy, opts=self._child())
        return role.arn

    def _access(self, cache: CacheGrant, role: pulumi.Input[str] | None) -> "pulumi.Output[policies.CacheAccess]":
        return pulumi.Output.all(cache.bucket_arn, role).apply(
            lambda arns: policies.CacheAccess(bucket_arn=arns[0], kms_key=cache.kms_key, role_arn=arns[1])
        )

    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self)


def _attachment(prefix: str, policy_arn: str) -> str:
    """Name an attachment by its policy, such as PREFIX-aws/AmazonS3ReadOnlyAccess: the order of a list is no matter."""
    return f"{prefix}-{policy_arn.partition('::')[2].replace(':policy/', '/', 1)}"
