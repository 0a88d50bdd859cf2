"""Stand-in for pulumi-aws: the resource types that it carries out, by token."""

from collections.abc import Mapping

from .base import Resource
from .bucket_settings import BucketPolicy, Encryption, Lifecycle, OwnershipControls, PublicAccessBlock
from .buckets import Bucket
from .endpoints import VpcEndpoint
from .gateways import Eip, EipAssociation, InternetGateway, NatGateway
from .instances import Instance
from .key_pairs import KeyPair
from .policies import Policy, RolePolicyAttachment
from .roles import InstanceProfile, Role, RolePolicy
from .routes import Route, RouteTable, RouteTableAssociation
from .security_groups import EgressRule, IngressRule, SecurityGroup
from .vpc import Subnet, Vpc

_ALL: tuple[type[Resource], ...] = (
    Bucket,
    BucketPolicy,
    EgressRule,
    Eip,
    EipAssociation,
    Encryption,
    IngressRule,
    Instance,
    InstanceProfile,
    InternetGateway,
    KeyPair,
    Lifecycle,
    NatGateway,
    OwnershipControls,
    Policy,
    PublicAccessBlock,
    Role,
    RolePolicy,
    RolePolicyAttachment,
    Route,
    RouteTable,
    RouteTableAssociation,
    SecurityGroup,
    Subnet,
    Vpc,
    VpcEndpoint,
)

RESOURCES: Mapping[str, Resource] = {resource.kind: resource() for resource in _ALL}

__all__ = ["RESOURCES", "Resource"]
