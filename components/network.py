"""A VPC with one public subnet in each zone, and the security groups of manager and workers."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi

from config_render import NetworkSettings, subnet_cidrs

from . import aws

_ANYWHERE = "0.0.0.0/0"
_DOCKER_PORT = 2376
_SSH_PORT = 22


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """What a caller decides about a `Network`."""

    settings: NetworkSettings
    """Plain, not an Input: it settles how many subnets there are and where."""

    region: str

    ssh_from: tuple[str, ...]
    """CIDRs from which the manager accepts SSH."""

    ssh_port: int = _SSH_PORT
    tags: Mapping[str, str] = field(default_factory=dict)


class Network(pulumi.ComponentResource):
    """A VPC, its public subnets, a free gateway to S3, and two security groups.

    Workers accept SSH and the Docker port from the manager's group alone.
    """

    vpc_id: pulumi.Output[str]
    vpc_arn: pulumi.Output[str]
    subnet_ids: Mapping[str, pulumi.Output[str]]
    """By full zone name, such as eu-central-1a."""

    subnet_arns: list[pulumi.Output[str]]
    manager_group_id: pulumi.Output[str]
    worker_group_name: pulumi.Output[str]
    worker_group_arn: pulumi.Output[str]

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gitlab-runner-aws:index:Network", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)

        def tags(what: str) -> dict[str, str]:
            return {**args.tags, "Name": f"{name}-{what}"}

        # Renaming one of these replaces a part of the network, and with it every machine in it.
        vpc = aws.Vpc(
            f"{name}-vpc",
            cidr_block=str(args.settings.cidr),
            enable_dns_hostnames=True,
            tags=tags("vpc"),
            opts=child,
        )
        gateway = aws.InternetGateway(f"{name}-igw", vpc_id=vpc.id, tags=tags("igw"), opts=child)
        routes = aws.RouteTable(f"{name}-public", vpc_id=vpc.id, tags=tags("public"), opts=child)
        aws.Route(
            f"{name}-internet",
            route_table_id=routes.id,
            destination_cidr_block=_ANYWHERE,
            gateway_id=gateway.id,
            opts=child,
        )
        aws.VpcEndpoint(
            f"{name}-s3",
            vpc_id=vpc.id,
            service_name=f"com.amazonaws.{args.region}.s3",
            route_table_ids=[routes.id],
            tags=tags("s3"),
            opts=child,
        )

        subnets = {}
        for zone, cidr in subnet_cidrs(args.settings.cidr, args.settings.zones).items():
            subnet = aws.Subnet(
                f"{name}-public-{zone}",
                vpc_id=vpc.id,
                availability_zone=args.region + zone,
                cidr_block=str(cidr),
                map_public_ip_on_launch=True,
                tags=tags(f"public-{zone}"),
                opts=child,
            )
            aws.RouteTableAssociation(
                f"{name}-public-{zone}", subnet_id=subnet.id, route_table_id=routes.id, opts=child
            )
            subnets[args.region + zone] = subnet

        manager, workers = (
            aws.SecurityGroup(
                f"{name}-{who}",
                vpc_id=vpc.id,
                description=f"GitLab Runner {who}",
                tags=tags(who),
                opts=child,
            )
            for who in ("manager", "worker")
        )
        self._rules(name, args, manager, workers)

        self.vpc_id, self.vpc_arn = vpc.id, vpc.arn
        self.subnet_ids = {zone: subnet.id for zone, subnet in subnets.items()}
        self.subnet_arns = [subnet.arn for subnet in subnets.values()]
        self.manager_group_id = manager.id
        self.worker_group_name, self.worker_group_arn = workers.name, workers.arn
        self.register_outputs({"vpc_id": self.vpc_id, "subnet_ids": self.subnet_ids})

    def _rules(self, name: str, args: NetworkArgs, manager: aws.SecurityGroup, workers: aws.SecurityGroup) -> None:
        child = pulumi.ResourceOptions(parent=self)
        for cidr in args.ssh_from:
            family = {"cidr_ipv6": cidr} if ":" in cidr else {"cidr_ipv4": cidr}
            aws.SecurityGroupIngressRule(
                f"{name}-manager-ssh-{cidr}",
                security_group_id=manager.id,
                ip_protocol="tcp",
                from_port=args.ssh_port,
                to_port=args.ssh_port,
                tags=args.tags,
                opts=child,
                **family,
            )
        for what, port in (("ssh", _SSH_PORT), ("docker", _DOCKER_PORT)):
            aws.SecurityGroupIngressRule(
                f"{name}-worker-{what}",
                security_group_id=workers.id,
                referenced_security_group_id=manager.id,
                ip_protocol="tcp",
                from_port=port,
                to_port=port,
                tags=args.tags,
                opts=child,
            )
        for who, group in (("manager", manager), ("worker", workers)):
            aws.SecurityGroupEgressRule(
                f"{name}-{who}-out",
                security_group_id=group.id,
                ip_protocol="-1",
                cidr_ipv4=_ANYWHERE,
                tags=args.tags,
                opts=child,
            )
