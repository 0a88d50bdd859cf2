"""A VPC of the stack's own: public subnets, private ones behind NAT gateways where asked for, and ways to AWS."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pulumi

from config_render import NetworkSettings, ipv6_slice, subnet_cidrs

from .. import aws
from ..iam import policies

_ANYWHERE = "0.0.0.0/0"
_ANYWHERE_V6 = "::/0"
_PRIVATE_V6 = 8
_HTTPS = 443
# Idle workers of a zone that goes leave within their IdleTime, 30 minutes by default. The provider alone tries for 20.
_SUBNET_GOES = pulumi.CustomTimeouts(delete="45m")


@dataclass
class NewVpc:
    """Declares the VPC as parts of `parent`. Renaming a part replaces it, and with it every machine in it."""

    name: str
    settings: NetworkSettings
    region: str
    tags: Callable[[str], dict[str, str]]
    """The tags of a part, by what is behind the last dash of its name."""
    parent: pulumi.Resource

    vpc: aws.Vpc = field(init=False)
    public: dict[str, aws.Subnet] = field(init=False)
    """By zone suffix, as the private ones."""
    private: dict[str, aws.Subnet] = field(init=False)

    def __post_init__(self) -> None:
        name, settings, child = self.name, self.settings, self._child()
        self.vpc = aws.Vpc(
            f"{name}-vpc",
            cidr_block=str(settings.cidr),
            enable_dns_hostnames=True,
            assign_generated_ipv6_cidr_block=settings.ipv6 or None,
            tags=self.tags("vpc"),
            opts=child,
        )
        self._way_out = aws.InternetGateway(f"{name}-igw", vpc_id=self.vpc.id, tags=self.tags("igw"), opts=child)
        routes = self._routes("public")
        self._route("internet", routes, destination_cidr_block=_ANYWHERE, gateway_id=self._way_out.id)
        if settings.ipv6:
            to = {"destination_ipv6_cidr_block": _ANYWHERE_V6, "gateway_id": self._way_out.id}
            self._route("internet-ipv6", routes, **to)
        # Who wants a public address here asks for it: the manager and docker-machine do.
        self.public = {
            zone: self._subnet(f"public-{zone}", zone, str(cidr), place, routes)
            for place, (zone, cidr) in enumerate(subnet_cidrs(settings.cidr, settings.zones).items())
        }
        private_routes = self._private_routes() if settings.private else {}
        cidrs = subnet_cidrs(settings.cidr, settings.zones, private=True)
        self.private = {
            zone: self._subnet(f"private-{zone}", zone, str(cidrs[zone]), _PRIVATE_V6 + place, private_routes[zone])
            for place, zone in enumerate(private_routes)
        }
        tables = {id(table): table for table in (routes, *private_routes.values())}
        aws.VpcEndpoint(
            f"{name}-s3",
            vpc_id=self.vpc.id,
            service_name=f"com.amazonaws.{self.region}.s3",
            route_table_ids=[table.id for table in tables.values()],
            tags=self.tags("s3"),
            opts=child,
        )
        if settings.interface_endpoints:
            self._interface_endpoints(settings.interface_endpoints)

    def _child(self) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(parent=self.parent)

    def _routes(self, what: str) -> aws.RouteTable:
        return aws.RouteTable(f"{self.name}-{what}", vpc_id=self.vpc.id, tags=self.tags(what), opts=self._child())

    def _route(self, what: str, routes: aws.RouteTable, **to: Any) -> None:
        aws.Route(f"{self.name}-{what}", route_table_id=routes.id, opts=self._child(), **to)

    def _subnet(self, what: str, zone: str, cidr: str, place: int, routes: aws.RouteTable, **more: Any) -> aws.Subnet:
        if self.settings.ipv6:
            more["ipv6_cidr_block"] = self.vpc.ipv6_cidr_block.apply(lambda whole: ipv6_slice(whole, place))
            more["assign_ipv6_address_on_creation"] = True
        subnet = aws.Subnet(
            f"{self.name}-{what}",
            vpc_id=self.vpc.id,
            availability_zone=self.region + zone,
            cidr_block=cidr,
            tags=self.tags(what),
            opts=pulumi.ResourceOptions(parent=self.parent, custom_timeouts=_SUBNET_GOES),
            **more,
        )
        aws.RouteTableAssociation(
            f"{self.name}-{what}", subnet_id=subnet.id, route_table_id=routes.id, opts=self._child()
        )
        return subnet

    def _private_routes(self) -> dict[str, aws.RouteTable]:
        """Make the NAT gateways, and return for each zone the routes that lead to its one."""
        zones = self.settings.zones
        each = self.settings.nat_gateways == "perZone"
        tables = {f"-{zone}": self._through_nat(f"-{zone}", zone) for zone in zones} if each else {}
        tables = tables or {"": self._through_nat("", zones[0])}
        if self.settings.ipv6:
            # A VPC has one at most.
            out = aws.EgressOnlyInternetGateway(
                f"{self.name}-eigw", vpc_id=self.vpc.id, tags=self.tags("eigw"), opts=self._child()
            )
            for suffix, routes in tables.items():
                to = {"destination_ipv6_cidr_block": _ANYWHERE_V6, "egress_only_gateway_id": out.id}
                self._route(f"private{suffix}-ipv6", routes, **to)
        return {zone: tables.get(f"-{zone}") or tables[""] for zone in zones}

    def _through_nat(self, suffix: str, zone: str) -> aws.RouteTable:
        # AWS attaches an address, and lets go of the internet gateway, only while the other is as it should be.
        after = pulumi.ResourceOptions(parent=self.parent, depends_on=[self._way_out])
        address = aws.Eip(f"{self.name}-nat{suffix}", domain="vpc", tags=self.tags(f"nat{suffix}"), opts=after)
        gateway = aws.NatGateway(
            f"{self.name}-nat{suffix}",
            allocation_id=address.allocation_id,
            subnet_id=self.public[zone].id,
            tags=self.tags(f"nat{suffix}"),
            opts=after,
        )
        routes = self._routes(f"private{suffix}")
        self._route(f"nat{suffix}", routes, destination_cidr_block=_ANYWHERE, nat_gateway_id=gateway.id)
        return routes

    def _interface_endpoints(self, services: tuple[str, ...]) -> None:
        group = aws.SecurityGroup(
            f"{self.name}-endpoints",
            vpc_id=self.vpc.id,
            description="AWS services inside of the VPC",
            tags=self.tags("endpoints"),
            opts=self._child(),
        )
        aws.SecurityGroupIngressRule(
            f"{self.name}-endpoints-https",
            security_group_id=group.id,
            cidr_ipv4=str(self.settings.cidr),
            ip_protocol="tcp",
            from_port=_HTTPS,
            to_port=_HTTPS,
            description="HTTPS from the VPC",
            tags=self.tags("endpoints"),
            opts=self._child(),
        )
        subnets = self.private or self.public
        for service in services:
            aws.VpcEndpoint(
                f"{self.name}-endpoint-{service}",
                vpc_id=self.vpc.id,
                vpc_endpoint_type="Interface",
                service_name=f"com.amazonaws.{self.region}.{service}",
                subnet_ids=[subnet.id for subnet in subnets.values()],
                security_group_ids=[group.id],
                private_dns_enabled=True,
                policy=self.vpc.owner_id.apply(lambda account: json.dumps(policies.own_account(account))),
                tags=self.tags(f"endpoint-{service}"),
                opts=self._child(),
            )
