"""What AWS asks of IAM for the calls of `pulumi preview`, `up` and `destroy`, as a local cloud has written them down.

Which resources and context keys these are: AWS's Service Authorization Reference, which iam-simulate checks too.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any

from components.iam.policies import Policy

from ..docs.blocks import blocks
from .evaluator import Request
from .variants import ACCOUNT

REGION = "eu-central-1"
PAGE_TAG = "gitlab-runner-aws/prod/runner"
TAG = "gitlab-runner-aws"
OPERATOR = f"arn:aws:iam::{ACCOUNT}:role/runner-up"
_EC2 = f"arn:aws:ec2:{REGION}:{ACCOUNT}"
_KINDS = {
    "eigw": "egress-only-internet-gateway",
    "eipalloc": "elastic-ip",
    "i": "instance",
    "igw": "internet-gateway",
    "lt": "launch-template",
    "nat": "natgateway",
    "rtb": "route-table",
    "sg": "security-group",
    "sgr": "security-group-rule",
    "subnet": "subnet",
    "vol": "volume",
    "vpc": "vpc",
    "vpce": "vpc-endpoint",
}
"""EC2's types of resources by how their ids begin."""
_ID = re.compile(rf"({'|'.join(_KINDS)})-[0-9a-f]{{8,}}")
_NO_RESOURCE = re.compile(
    r"IpPermissions|GatewayId$|\bSecurityGroupRuleId|SecurityGroupRule\.\d+\.SecurityGroupRule\.|^Launch"
)
"""Parameters that name something which EC2 does not ask about, unless the call is all about it."""
_S3 = {
    "HEAD bucket": "ListBucket",
    "PUT bucket": "CreateBucket",
    "DELETE bucket": "DeleteBucket",
    "GET bucket?versions": "ListBucketVersions",
    "GET bucket?encryption": "GetEncryptionConfiguration",
    "PUT bucket?encryption": "PutEncryptionConfiguration",
    "DELETE bucket?encryption": "PutEncryptionConfiguration",
    "GET bucket?lifecycle": "GetLifecycleConfiguration",
    "PUT bucket?lifecycle": "PutLifecycleConfiguration",
    "DELETE bucket?lifecycle": "PutLifecycleConfiguration",
    "GET bucket?object-lock": "GetBucketObjectLockConfiguration",
    "GET bucket?ownershipControls": "GetBucketOwnershipControls",
    "PUT bucket?ownershipControls": "PutBucketOwnershipControls",
    "DELETE bucket?ownershipControls": "PutBucketOwnershipControls",
    "GET bucket?policy": "GetBucketPolicy",
    "PUT bucket?policy": "PutBucketPolicy",
    "DELETE bucket?policy": "DeleteBucketPolicy",
    "GET bucket?publicAccessBlock": "GetBucketPublicAccessBlock",
    "PUT bucket?publicAccessBlock": "PutBucketPublicAccessBlock",
    "DELETE bucket?publicAccessBlock": "PutBucketPublicAccessBlock",
    "GET bucket?tagging": "GetBucketTagging",
    "PUT bucket?tagging": "PutBucketTagging",
    "GET bucket?versioning": "GetBucketVersioning",
}
"""The rights for S3's operations. Source: "Required permissions for Amazon S3 API operations" in its User Guide."""

_EVERYWHERE = {
    "DeleteResourcePolicy": "logs",
    "DescribeAlarms": "cloudwatch",
    "DescribeAutoScalingGroups": "autoscaling",
    "DescribeLogGroups": "logs",
    "DescribeResourcePolicies": "logs",
    "GetProducts": "pricing",
    "GetServiceQuota": "servicequotas",
    "PutResourcePolicy": "logs",
}
"""Services by their calls that know no resource."""
_AT = f"{REGION}:{ACCOUNT}"
_NAMED = {
    "AlarmName": f"cloudwatch:{_AT}:alarm:",
    "AlarmNames": f"cloudwatch:{_AT}:alarm:",
    "AutoScalingGroupName": f"autoscaling:{_AT}:autoScalingGroup:1:autoScalingGroupName/",
    "Rule": f"events:{_AT}:rule/",
    "logGroupName": f"logs:{_AT}:log-group:",
}
"""How the ARNs continue, by the parameters that name a resource."""

Call = Mapping[str, Any]
_Asked = tuple[str, str, dict[str, str]]


def documented(deployment: str) -> tuple[Policy, Policy]:
    """Return the policies of docs/permissions.md for a preview and for an up, for the deployment of this tag."""
    preview, up = (block for block in blocks("json") if block.page == "docs/permissions.md")
    return json.loads(preview.text.replace(PAGE_TAG, deployment)), json.loads(up.text.replace(PAGE_TAG, deployment))


@dataclass(frozen=True)
class Translator:
    """Makes IAM's requests of calls."""

    deployment: str
    tagged: Set[str]
    """Ids of EC2's resources that bear the deployment's tag."""

    def requests(self, call: Call) -> Iterator[Request]:
        """Yield what AWS asks of IAM for one call."""
        services: dict[str, Callable[[str, Mapping[str, Any]], Iterator[_Asked]]]
        services = {"ec2": self._ec2, "s3": self._s3, "iam": self._iam}
        for action, resource, context in services.get(call["service"], self._other)(call["action"], call["parameters"]):
            yield Request(action=action, resource=resource, context=context, principal=OPERATOR)

    def _ec2(self, action: str, sent: Mapping[str, str]) -> Iterator[_Asked]:
        if action.startswith("Describe"):
            yield f"ec2:{action}", "*", {"aws:RequestedRegion": REGION}
            return
        for kind, tags in _new(sent):
            name = sent["KeyName"] if kind == "key-pair" else "new"
            if kind != "spot-instances-request":
                yield f"ec2:{action}", f"{_EC2}:{kind}/{name}", tags
            yield "ec2:CreateTags", f"{_EC2}:{kind}/{name}", {**tags, "ec2:CreateAction": action}
        tags = {f"aws:RequestTag/{key}": value for key, value in _pairs(sent, "Tag")}
        for resource, own in self._existing(action, sent):
            yield f"ec2:{action}", resource, {**own, **tags}
        if action == "RunInstances":
            yield "ec2:RunInstances", f"arn:aws:ec2:{REGION}::image/{sent['ImageId']}", {}
            yield "ec2:RunInstances", f"{_EC2}:network-interface/new", {}
            role = f"arn:aws:iam::{ACCOUNT}:role/{sent['IamInstanceProfile.Name']}"
            yield "iam:PassRole", role, {"iam:PassedToService": "ec2.amazonaws.com"}

    def _existing(self, action: str, sent: Mapping[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
        own = {f"aws:ResourceTag/{TAG}": self.deployment}
        if action in ("RunInstances", "DeleteKeyPair"):
            yield f"{_EC2}:key-pair/{sent['KeyName']}", own
        if action == "DisassociateAddress":
            yield f"{_EC2}:elastic-ip/eipalloc-of-the-association", own
        if action == "DisassociateRouteTable":
            yield f"{_EC2}:route-table/rtb-of-the-association", own
        for key, value in sent.items():
            found = _ID.fullmatch(value)
            about_it = action.startswith(("Attach", "Delete", "Detach", "Modify")) and action != "DeleteRoute"
            if found and (not _NO_RESOURCE.search(key) or about_it):
                yield f"{_EC2}:{_KINDS[found[1]]}/{value}", own if value in self.tagged else {}

    def _s3(self, operation: str, sent: Mapping[str, str]) -> Iterator[_Asked]:
        yield f"s3:{_S3[operation]}", f"arn:aws:s3:::{sent['Bucket']}", {}

    def _iam(self, action: str, sent: Mapping[str, str]) -> Iterator[_Asked]:
        kinds = {"InstanceProfileName": "instance-profile", "RoleName": "role"}
        name = next(key for key in kinds if key in sent)
        tags = {f"aws:RequestTag/{key}": value for key, value in _pairs(sent, "Tags.member")}
        yield f"iam:{action}", f"arn:aws:iam::{ACCOUNT}:{kinds[name]}/{sent[name]}", tags
        if action == "AddRoleToInstanceProfile":
            role = f"arn:aws:iam::{ACCOUNT}:role/{sent['RoleName']}"
            yield "iam:PassRole", role, {"iam:PassedToService": "ec2.amazonaws.com"}

    def _other(self, action: str, sent: Mapping[str, Any]) -> Iterator[_Asked]:
        if action in _EVERYWHERE:
            service = _EVERYWHERE[action]
            region = {} if service == "pricing" else {"aws:RequestedRegion": REGION}
            yield f"{service}:{action}", "*", region
            return
        arns = [sent[key] for key in ("ResourceARN", "resourceArn") if key in sent]
        for key, kind in _NAMED.items():
            names = sent.get(key, [])
            arns += [f"arn:aws:{kind}{name}" for name in (names if isinstance(names, list) else [names])]
        if not arns:
            arns = [f"arn:aws:{_NAMED['Rule']}{sent['Name']}"]
        for arn in arns:
            yield f"{arn.split(':')[2]}:{action}", arn, {}


def _new(sent: Mapping[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the types of resources that a call makes, with the tags that it gives them."""
    for key, kind in sent.items():
        if key.endswith(".ResourceType") and "LaunchTemplateData" not in key:
            yield (
                kind,
                {f"aws:RequestTag/{name}": v for name, v in _pairs(sent, f"{key.removesuffix('ResourceType')}Tag")},
            )


def _pairs(sent: Mapping[str, str], prefix: str) -> Iterator[tuple[str, str]]:
    """Yield tags; those that are deleted have no value, and are no tags of the request."""
    for key in sent:
        value = f"{key.removesuffix('Key')}Value"
        if re.fullmatch(rf"{re.escape(prefix)}\.\d+\.Key", key) and value in sent:
            yield sent[key], sent[value]
