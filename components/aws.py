"""The classes of pulumi_aws that the components use, loaded without the thousands that they don't.

Its packages as a whole take 0.95 s of processor time to import, at every preview; what is named here takes 0.57 s.
Whoever uses `pulumi_aws` beside this notices nothing: its packages still load whole when anything else is asked of
them. What only some deployments use is loaded when it is first asked for.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pulumi_aws  # noqa: F401 - puts its packages in place, not loaded yet

_PACKAGES = tuple(
    f"pulumi_aws.{name}" for name in ("autoscaling", "cloudwatch", "ec2", "iam", "kms", "s3", "ssm", "vpc")
)


@contextmanager
def _modules_alone(*packages: str) -> Iterator[None]:
    """For a while, let a module be imported without what its package imports beside it."""
    whole = {name: sys.modules[name] for name in packages if type(sys.modules.get(name)) is not ModuleType}
    for name, package in whole.items():
        bare = ModuleType(name)
        bare.__path__, bare.__spec__, bare.__package__ = package.__path__, package.__spec__, name
        sys.modules[name] = bare
    try:
        yield
    finally:
        sys.modules.update(whole)


with _modules_alone(*_PACKAGES):
    from pulumi_aws.ec2.get_ami import get_ami, get_ami_output
    from pulumi_aws.ec2.instance import Instance
    from pulumi_aws.ec2.internet_gateway import InternetGateway
    from pulumi_aws.ec2.key_pair import KeyPair
    from pulumi_aws.ec2.route import Route
    from pulumi_aws.ec2.route_table import RouteTable
    from pulumi_aws.ec2.route_table_association import RouteTableAssociation
    from pulumi_aws.ec2.security_group import SecurityGroup
    from pulumi_aws.ec2.subnet import Subnet
    from pulumi_aws.ec2.vpc import Vpc
    from pulumi_aws.ec2.vpc_endpoint import VpcEndpoint
    from pulumi_aws.iam.instance_profile import InstanceProfile
    from pulumi_aws.iam.role import Role
    from pulumi_aws.iam.role_policy import RolePolicy
    from pulumi_aws.s3.bucket import Bucket
    from pulumi_aws.s3.bucket_lifecycle_configuration import BucketLifecycleConfiguration
    from pulumi_aws.s3.bucket_ownership_controls import BucketOwnershipControls
    from pulumi_aws.s3.bucket_policy import BucketPolicy
    from pulumi_aws.s3.bucket_public_access_block import BucketPublicAccessBlock
    from pulumi_aws.s3.bucket_server_side_encryption_configuration import BucketServerSideEncryptionConfiguration
    from pulumi_aws.vpc.security_group_egress_rule import SecurityGroupEgressRule
    from pulumi_aws.vpc.security_group_ingress_rule import SecurityGroupIngressRule

if TYPE_CHECKING:
    from pulumi_aws.autoscaling.group import Group
    from pulumi_aws.cloudwatch.event_rule import EventRule
    from pulumi_aws.cloudwatch.event_target import EventTarget
    from pulumi_aws.cloudwatch.log_group import LogGroup
    from pulumi_aws.cloudwatch.log_resource_policy import LogResourcePolicy
    from pulumi_aws.cloudwatch.metric_alarm import MetricAlarm
    from pulumi_aws.ec2.egress_only_internet_gateway import EgressOnlyInternetGateway
    from pulumi_aws.ec2.eip import Eip
    from pulumi_aws.ec2.eip_association import EipAssociation
    from pulumi_aws.ec2.get_security_group import get_security_group
    from pulumi_aws.ec2.get_subnet import get_subnet
    from pulumi_aws.ec2.get_vpc import get_vpc, get_vpc_output
    from pulumi_aws.ec2.launch_template import LaunchTemplate
    from pulumi_aws.ec2.nat_gateway import NatGateway
    from pulumi_aws.get_region import get_region
    from pulumi_aws.iam.access_key import AccessKey
    from pulumi_aws.iam.policy import Policy
    from pulumi_aws.iam.role_policy_attachment import RolePolicyAttachment
    from pulumi_aws.iam.user import User
    from pulumi_aws.iam.user_policy_attachment import UserPolicyAttachment
    from pulumi_aws.kms.get_key import get_key_output
    from pulumi_aws.kms.grant import Grant
    from pulumi_aws.ssm.get_parameter import get_parameter_output

_OCCASIONAL = {
    "Group": "autoscaling.group",
    "EventRule": "cloudwatch.event_rule",
    "EventTarget": "cloudwatch.event_target",
    "LogGroup": "cloudwatch.log_group",
    "LogResourcePolicy": "cloudwatch.log_resource_policy",
    "MetricAlarm": "cloudwatch.metric_alarm",
    "EgressOnlyInternetGateway": "ec2.egress_only_internet_gateway",
    "Eip": "ec2.eip",
    "EipAssociation": "ec2.eip_association",
    "get_security_group": "ec2.get_security_group",
    "get_subnet": "ec2.get_subnet",
    "get_vpc": "ec2.get_vpc",
    "get_vpc_output": "ec2.get_vpc",
    "LaunchTemplate": "ec2.launch_template",
    "NatGateway": "ec2.nat_gateway",
    "get_region": "get_region",
    "AccessKey": "iam.access_key",
    "Policy": "iam.policy",
    "RolePolicyAttachment": "iam.role_policy_attachment",
    "User": "iam.user",
    "UserPolicyAttachment": "iam.user_policy_attachment",
    "Grant": "kms.grant",
    "get_key_output": "kms.get_key",
    "get_parameter_output": "ssm.get_parameter",
}


def __getattr__(name: str) -> Any:
    """Load a class that only some deployments use."""
    if name not in _OCCASIONAL:
        raise AttributeError(name)
    with _modules_alone(*_PACKAGES):
        found = getattr(import_module(f"pulumi_aws.{_OCCASIONAL[name]}"), name)
    globals()[name] = found
    return found


__all__ = [
    "AccessKey",
    "Bucket",
    "BucketLifecycleConfiguration",
    "BucketOwnershipControls",
    "BucketPolicy",
    "BucketPublicAccessBlock",
    "BucketServerSideEncryptionConfiguration",
    "EgressOnlyInternetGateway",
    "Eip",
    "EipAssociation",
    "EventRule",
    "EventTarget",
    "Grant",
    "Group",
    "Instance",
    "InstanceProfile",
    "InternetGateway",
    "KeyPair",
    "LaunchTemplate",
    "LogGroup",
    "LogResourcePolicy",
    "MetricAlarm",
    "NatGateway",
    "Policy",
    "Role",
    "RolePolicy",
    "RolePolicyAttachment",
    "Route",
    "RouteTable",
    "RouteTableAssociation",
    "SecurityGroup",
    "SecurityGroupEgressRule",
    "SecurityGroupIngressRule",
    "Subnet",
    "User",
    "UserPolicyAttachment",
    "Vpc",
    "VpcEndpoint",
    "get_ami",
    "get_ami_output",
    "get_key_output",
    "get_parameter_output",
    "get_region",
    "get_security_group",
    "get_subnet",
    "get_vpc",
    "get_vpc_output",
]
