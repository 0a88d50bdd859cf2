"""Stand-in for pulumi-aws: the resource types that it carries out, by token."""

from collections.abc import Mapping

from .alarms import MetricAlarm
from .auto_scaling_groups import Group
from .base import Created, Resource
from .bucket_settings import BucketPolicy, Encryption, Lifecycle, OwnershipControls, PublicAccessBlock
from .buckets import Bucket
from .endpoints import VpcEndpoint
from .events import EventRule, EventTarget
from .gateways import EgressOnlyInternetGateway, Eip, EipAssociation, InternetGateway, NatGateway
from .instances import Instance
from .key_pairs import KeyPair
from .launch_templates import LaunchTemplate
from .logs import LogGroup, LogMetricFilter, LogResourcePolicy
from .policies import Policy, RolePolicyAttachment, UserPolicyAttachment
from .roles import InstanceProfile, Role, RolePolicy
from .routes import Route, RouteTable, RouteTableAssociation
from .security_groups import EgressRule, IngressRule, SecurityGroup
from .users import AccessKey, User
from .vpc import Subnet, Vpc

_ALL: tuple[type[Resource], ...] = (
    AccessKey,
    Bucket,
    BucketPolicy,
    EgressOnlyInternetGateway,
    EgressRule,
    Eip,
    EipAssociation,
    Encryption,
    EventRule,
    EventTarget,
    Group,
    IngressRule,
    Instance,
    InstanceProfile,
    InternetGateway,
    KeyPair,
    LaunchTemplate,
    Lifecycle,
    LogGroup,
    LogMetricFilter,
    LogResourcePolicy,
    MetricAlarm,
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
    User,
    UserPolicyAttachment,
    Vpc,
    VpcEndpoint,
)

RESOURCES: Mapping[str, Resource] = {resource.kind: resource() for resource in _ALL}

__all__ = ["RESOURCES", "Created", "Resource"]
