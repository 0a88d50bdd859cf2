"""Where manager and workers are, and who reaches whom there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi

from config_render import ExistingNetwork, NetworkSettings

from .. import aws
from .vpc import NewVpc

_ANYWHERE = {"cidr_ipv4": "0.0.0.0/0"}
_ANYWHERE_V6 = {"cidr_ipv6": "::/0"}
_SSH_PORT = 22
_DOCKER_PORT = 2376


@dataclass(frozen=True, kw_only=True)
class GivenNetwork:
    """A VPC of the caller's program, which need not exist before.

    Args:
        vpc_id: The VPC.
        subnet_ids: The workers' subnets, by zone suffix: `a` for eu-central-1a. They need a way to GitLab and AWS.
        manager_subnet_id: The manager's subnet; by default the first of `subnet_ids`.
    """

    vpc_id: pulumi.Input[str]
    subnet_ids: Mapping[str, pulumi.Input[str]]
    manager_subnet_id: pulumi.Input[str] | None = None


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """What a caller decides about a `Network`."""

    settings: NetworkSettings
    """Plain, not an Input: it settles how many subnets there are and where."""

    region: str

    existing: ExistingNetwork | GivenNetwork | None = None
    """The VPC to use; a new one is made without it."""

    ssh_from: tuple[str, ...]
    """CIDRs from which the manager accepts SSH."""

    ssh_port: int = _SSH_PORT

    metrics_from: tuple[str, ...] = ()
    """CIDRs from which gitlab-runner's metrics are read."""

    metrics_port: int = 0

    manager_group_id: str | None = None
    """Security group of an existing manager."""

    public_manager: bool = True
    docker_port: bool = True
    """Whether the manager reaches Docker on workers by a port of its own: docker+machine does, others by SSH."""

    tags: Mapping[str, str] = field(default_factory=dict)


class Network(pulumi.ComponentResource):
    """A VPC, made or taken, with subnets for the workers, and two security groups.

    Workers accept SSH, and Docker's port where it is used, from the manager's group alone.
    """

    vpc_id: pulumi.Output[str]
    vpc_arn: pulumi.Output[str]
    subnet_ids: Mapping[str, pulumi.Output[str]]
    """The workers' subnets, by full zone name, such as eu-central-1a."""

    subnet_arns: list[pulumi.Output[str]]
    manager_subnet_id: pulumi.Output[str]
    manager_group_id: pulumi.Output[str]
    worker_group_id: pulumi.Output[str]
    worker_group_name: pulumi.Output[str]
    worker_group_arn: pulumi.Output[str]

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gitlab-runner-aws:index:Network", name, None, opts)
        self._name, self._args = name, args
        existing = args.existing
        if existing is None:
            self._make()
        elif isinstance(existing, GivenNetwork):
            self._take_given(existing)
        else:
            self._take(existing)

        if args.manager_group_id is None:
            self.manager_group_id = self._group("manager").id
            self._manager_rules(self.manager_group_id)
        else:
            self.manager_group_id = pulumi.Output.from_input(args.manager_group_id)
        if isinstance(existing, ExistingNetwork) and existing.worker_group is not None:
            self.worker_group_name = pulumi.Output.from_input(str(args.settings.worker_security_group))
            self.worker_group_arn = pulumi.Output.from_input(existing.worker_group)
            self.worker_group_id = pulumi.Output.from_input(existing.worker_group.rpartition("/")[2])
        else:
            workers = self._group("worker")
            self.worker_group_id, self.worker_group_name, self.worker_group_arn = workers.id, workers.name, workers.arn
            self._worker_rules(workers)
        self.register_outputs({"vpc_id": self.vpc_id, "subnet_ids": self.subnet_ids})

    def arn_of_subnet(self, subnet_id: pulumi.Input[str]) -> pulumi.Output[str]:
        """Return the ARN of a subnet of the VPC's account."""
        account = self.vpc_arn.apply(lambda arn: arn.partition(":vpc/")[0])
        return pulumi.Output.format("{0}:subnet/{1}", account, subnet_id)

    def _make(self) -> None:
        args = self._args
        made = NewVpc(self._name, args.settings, args.region, self._tags, self)
        workers = made.private or made.public
        managers = made.public if args.public_manager else workers
        self.vpc_id, self.vpc_arn = made.vpc.id, made.vpc.arn
        self.subnet_ids = {args.region + zone: subnet.id for zone, subnet in workers.items()}
        self.subnet_arns = [subnet.arn for subnet in workers.values()]
        self.manager_subnet_id = next(iter(managers.values())).id

    def _take(self, existing: ExistingNetwork) -> None:
        known = pulumi.Output.from_input
        self.vpc_id, self.vpc_arn = known(existing.vpc_id), known(existing.vpc_arn)
        self.subnet_ids = {subnet.zone: known(subnet.id) for subnet in existing.subnets}
        self.subnet_arns = [known(subnet.arn) for subnet in existing.subnets]
        self.manager_subnet_id = known(existing.manager_subnet.id)

    def _take_given(self, given: GivenNetwork) -> None:
        known, subnets = pulumi.Output.from_input, given.subnet_ids
        self.vpc_id = known(given.vpc_id)
        self.vpc_arn = aws.get_vpc_output(id=self.vpc_id, opts=pulumi.InvokeOutputOptions(parent=self)).arn
        self.subnet_ids = {self._args.region + zone: known(subnet) for zone, subnet in subnets.items()}
        self.subnet_arns = [*map(self.arn_of_subnet, subnets.values())]
        self.manager_subnet_id = known(given.manager_subnet_id or next(iter(subnets.values())))

    def _tags(self, what: str) -> dict[str, str]:
        return {**self._args.tags, "Name": f"{self._name}-{what}"}

    def _group(self, who: str) -> aws.SecurityGroup:
        # Renaming it, or another description, replaces it, and with it every machine in it.
        return aws.SecurityGroup(
            f"{self._name}-{who}",
            vpc_id=self.vpc_id,
            description=f"GitLab Runner {who}",
            tags=self._tags(who),
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _manager_rules(self, group: pulumi.Output[str]) -> None:
        args = self._args
        for what, networks, port, description in (
            ("ssh", args.ssh_from, args.ssh_port, "SSH from where manager.sshFrom says"),
            ("metrics", args.metrics_from, args.metrics_port, "Metrics for where manager.metricsFrom says"),
        ):
            for cidr in networks:
                source = {"cidr_ipv6" if ":" in cidr else "cidr_ipv4": cidr}
                self._let_in(f"manager-{what}-{cidr}", group, port, description, **source)
        self._let_out("manager", group)

    def _worker_rules(self, workers: aws.SecurityGroup) -> None:
        bounded = self._args.settings.egress_ports is not None and self._args.manager_group_id is None
        for what, port in {"ssh": _SSH_PORT, **({"docker": _DOCKER_PORT} if self._args.docker_port else {})}.items():
            self._let_in(
                f"worker-{what}",
                workers.id,
                port,
                "From the manager alone",
                referenced_security_group_id=self.manager_group_id,
            )
            if bounded:
                to_workers = {"referenced_security_group_id": workers.id}
                self._out_rule(f"manager-to-worker-{what}", self.manager_group_id, port, to_workers)
        self._let_out("worker", workers.id)

    def _let_in(self, what: str, group: pulumi.Input[str], port: int, description: str, **source: Any) -> None:
        aws.SecurityGroupIngressRule(
            f"{self._name}-{what}",
            security_group_id=group,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            description=description,
            tags=dict(self._args.tags),
            opts=pulumi.ResourceOptions(parent=self),
            **source,
        )

    def _let_out(self, who: str, group: pulumi.Input[str]) -> None:
        ports = self._args.settings.egress_ports or (None,)
        families = {"": _ANYWHERE, "-ipv6": _ANYWHERE_V6} if self._args.settings.ipv6 else {"": _ANYWHERE}
        for port in ports:
            for suffix, to in families.items():
                which = "" if port is None else f"-{port}"
                self._out_rule(f"{who}-out{which}{suffix}", group, port, to)

    def _out_rule(self, what: str, group: pulumi.Input[str], port: int | None, to: Mapping[str, Any]) -> None:
        ports: dict[str, Any] = {} if port is None else {"from_port": port, "to_port": port}
        aws.SecurityGroupEgressRule(
            f"{self._name}-{what}",
            security_group_id=group,
            ip_protocol="-1" if port is None else "tcp",
            description="Everything outside" if port is None else f"TCP {port}",
            tags=dict(self._args.tags),
            opts=pulumi.ResourceOptions(parent=self),
            **ports,
            **to,
        )
