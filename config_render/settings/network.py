"""The network of manager and workers: a new one, or one that the account has already."""

from ipaddress import IPv4Network
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from ..base.marks import Mark
from ..base.section import Section
from ..base.subnets import MOST_ZONES, check_range
from ..base.values import CidrV4, DistinctItems, Pattern, Port, SecurityGroupName, SubnetId

DEFAULT_VPC = "default"

ZoneSuffix = Annotated[
    str,
    Pattern(
        r"[a-z]|-[a-z0-9-]{1,30}", "is not a valid zone suffix; write a for eu-central-1a, -lax-1a for us-west-2-lax-1a"
    ),
]
Service = Annotated[
    str, Pattern(r"[a-z0-9][a-z0-9.-]{1,40}", "is not a valid AWS service; write it as ssm, ec2messages or ecr.api")
]


def _range(cidr: IPv4Network) -> IPv4Network:
    if reason := check_range(cidr):
        raise ValueError(reason)
    return cidr


class NetworkSettings(Section):
    """Where manager and workers are. Without `vpcId` a VPC is made for them."""

    cidr: Annotated[CidrV4, AfterValidator(_range), Mark.NEW_VPC] = Field(
        default=IPv4Network("10.0.0.0/16"),
        description="Range of the new VPC, /16 to /24; each zone gets a sixteenth of it",
    )
    zones: Annotated[DistinctItems[ZoneSuffix], Field(max_length=MOST_ZONES), Mark.VPC_CHOICE] = Field(
        default=("a",),
        description="Zones of the region to use, as suffixes: a for eu-central-1a, -lax-1a for us-west-2-lax-1a. "
        "Add new ones at the end: each zone keeps its subnet as long as it keeps its place",
        examples=[["a", "b"]],
    )
    private: Annotated[bool, Mark.NEW_VPC] = Field(
        default=False,
        description="Whether workers have no public address: they are in subnets of their own, behind a NAT gateway",
    )
    nat_gateways: Annotated[Literal["one", "perZone"] | None, Mark.NEW_VPC] = Field(
        default=None,
        alias="natGateways",
        description="With private: one NAT gateway for all zones (the default), or one in each, so that a zone that "
        "fails takes no other with it; each costs about 35 US dollars a month",
    )
    ipv6: Annotated[bool, Mark.NEW_VPC] = Field(default=False, description="Whether the new VPC has IPv6 beside IPv4")
    interface_endpoints: Annotated[DistinctItems[Service] | None, Mark.NEW_VPC] = Field(
        default=None,
        alias="interfaceEndpoints",
        description="AWS services to reach without leaving the new VPC, at a price for each zone and hour; "
        "S3 has its gateway endpoint always, which is free",
        examples=[["ec2", "ssm", "ssmmessages"]],
    )
    vpc_id: Annotated[
        Annotated[str, Pattern(rf"vpc-\w+|{DEFAULT_VPC}", "is not a VPC id; write it as vpc-0123456789abcdef0")] | None,
        Mark.VPC_CHOICE,
    ] = Field(
        default=None,
        alias="vpcId",
        description=f"An existing VPC, with subnetIds; or {DEFAULT_VPC}, the region's default VPC",
    )
    subnet_ids: Annotated[DistinctItems[SubnetId] | None, Mark.EXISTING_VPC, Mark.VPC_CHOICE] = Field(
        default=None,
        alias="subnetIds",
        description="Subnets of vpcId for the workers, one in each zone; each subnet says itself which zone it is in",
    )
    manager_subnet_id: Annotated[SubnetId | None, Mark.EXISTING_VPC, Mark.VPC_CHOICE] = Field(
        default=None,
        alias="managerSubnetId",
        description="Subnet of vpcId for the manager; by default the first of subnetIds",
    )
    worker_security_group: Annotated[SecurityGroupName | None, Mark.EXISTING_VPC, Mark.VPC_CHOICE] = Field(
        default=None,
        alias="workerSecurityGroup",
        description="Name, not id, of a security group of vpcId for the workers; it lets the manager in on 22 and 2376",
    )
    egress_ports: DistinctItems[Port] | None = Field(
        default=None,
        alias="egressPorts",
        description="TCP ports that manager and workers may reach outside; everything if left out. Needed are 443, "
        "80 for Ubuntu's packages, and the ports of GitLab and of registries",
        examples=[[80, 443]],
    )

    @property
    def is_new(self) -> bool:
        """Whether the VPC is made by this stack."""
        return self.vpc_id is None
