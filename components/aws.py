"""The classes of pulumi_aws that the components use, loaded without the thousands that they don't.

`pulumi_aws.ec2` as a whole takes almost 2 s to import, at every preview; its modules that are named here take 0.2 s.
Whoever uses `pulumi_aws` beside this notices nothing: its packages still load whole when anything else is asked of
them.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

import pulumi_aws  # noqa: F401 - puts its packages in place, not loaded yet

from config_render.bulk import collector_paused


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


with collector_paused(), _modules_alone("pulumi_aws.ec2", "pulumi_aws.iam", "pulumi_aws.s3", "pulumi_aws.vpc"):
    from pulumi_aws.ec2.get_ami import get_ami_output
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

__all__ = [
    "Bucket",
    "BucketLifecycleConfiguration",
    "BucketOwnershipControls",
    "BucketPolicy",
    "BucketPublicAccessBlock",
    "BucketServerSideEncryptionConfiguration",
    "Instance",
    "InstanceProfile",
    "InternetGateway",
    "KeyPair",
    "Role",
    "RolePolicy",
    "Route",
    "RouteTable",
    "RouteTableAssociation",
    "SecurityGroup",
    "SecurityGroupEgressRule",
    "SecurityGroupIngressRule",
    "Subnet",
    "Vpc",
    "VpcEndpoint",
    "get_ami_output",
]
