"""Stand-in for pulumi-aws: which inputs of each resource type the real provider refuses before it calls AWS.

The contract test holds each rule against the recorded error of stage "validate" or "plan".
"""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

from .fleet_checks import FLEET_RULES, VOLUME_TYPES
from .monitoring_checks import MONITORING_RULES
from .rules import (
    Rule,
    any_of,
    between,
    conflicts,
    each,
    exactly_one,
    exactly_one_attribute,
    is_address,
    length,
    name_characters,
    network_of,
    no_arn,
    no_json,
    no_policy,
    one_of,
)

_ROUTE_TARGETS = (
    "carrierGatewayId",
    "coreNetworkArn",
    "egressOnlyGatewayId",
    "gatewayId",
    "localGatewayId",
    "natGatewayId",
    "networkInterfaceId",
    "transitGatewayId",
    "vpcEndpointId",
    "vpcPeeringConnectionId",
)


def _vpc_network(value: str, name: str) -> str | None:
    network = network_of(value)
    if network is None:
        return f"expected {name} to contain a valid Value, got: {value} with err: invalid CIDR address: {value}"
    if str(network) != value:
        return f"expected {name} to contain a valid network Value, expected {network}, got {value}"
    if not 16 <= network.prefixlen <= 28:
        return (
            f'expected "{name}" to contain a network Value with between 16 and 28 significant bits, '
            f"got: {network.prefixlen}"
        )
    return None


def _block(value: str, _: str) -> str | None:
    network = network_of(value)
    if network is None:
        return f'"{value}" is not a valid CIDR block: invalid CIDR address: {value}'
    if str(network) != value:
        return f'"{value}" is not a valid IPv4 CIDR block; did you mean "{network}"?'
    return None


def _rule_network(value: str, name: str) -> str | None:
    if str(network_of(value)) == value:
        return None
    text = f"Attribute {name} value must be a valid IPv4 CIDR that represents a network address, got: {value}"
    return f"Invalid Attribute Value: {text}"


def _port(value: int, name: str) -> str | None:
    if -1 <= value <= 65535:
        return None
    return f"Invalid Attribute Value: Attribute {name} value must be between -1 and 65535, got: {value}"


def _group_name(value: str, name: str) -> str | None:
    return f"invalid value for {name} (cannot begin with sg-)" if value.startswith("sg-") else None


def _ipv4(value: str, name: str) -> str | None:
    return None if is_address(value) else f"expected {name} to contain a valid IPv4 address, got: {value}"


def _user_name(value: str, name: str) -> str | None:
    if re.fullmatch(r"[\w+=,.@-]*", value):
        return None
    allowed = "alphanumeric characters, hyphens, underscores, commas, periods, @ symbols, plus and equals signs"
    return f"invalid value for {name} (must only contain {allowed})"


def _base64(value: str, name: str) -> str | None:
    try:
        base64.b64decode(value, validate=True)
    except binascii.Error:
        return f'"{name}" must be base64-encoded'
    return None


def _lifecycle_status(value: str, _: str) -> str | None:
    if value in ("Disabled", "Enabled"):
        return None
    text = f'Attribute rule[].status value must be one of: ["Disabled" "Enabled"], got: "{value}"'
    return f"Invalid Attribute Value Match: {text}"


def _private_gateway(inputs: dict[str, Any]) -> Any:
    if inputs.get("connectivityType") == "private" and inputs.get("allocationId") is not None:
        yield "allocationId", 'allocation_id is not supported with connectivity_type = "private"'


def _volume_tags(inputs: dict[str, Any]) -> Any:
    if inputs.get("volumeTags") is not None and (inputs.get("rootBlockDevice") or {}).get("tags") is not None:
        text = '"root_block_device.0.tags": conflicts with volume_tags'
        yield "rootBlockDevice.tags", f"Conflicting configuration arguments: {text}"


_SECURITY_RULE: tuple[Rule, ...] = (
    exactly_one_attribute("cidrIpv4", "cidrIpv6", "prefixListId", "referencedSecurityGroupId"),
    each("cidrIpv4", _rule_network),
    each("fromPort", _port),
    each("toPort", _port),
)

RULES: Mapping[str, tuple[Rule, ...]] = {
    "aws:ec2/vpc:Vpc": (
        each("cidrBlock", _vpc_network),
        one_of("instanceTenancy", "default", "dedicated"),
    ),
    "aws:ec2/subnet:Subnet": (each("cidrBlock", _block), conflicts("availabilityZone", "availabilityZoneId")),
    "aws:ec2/route:Route": (
        exactly_one("destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId"),
        exactly_one(*_ROUTE_TARGETS),
        each("destinationCidrBlock", _block),
    ),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": (exactly_one("subnetId", "gatewayId"),),
    "aws:ec2/securityGroup:SecurityGroup": (each("name", _group_name), conflicts("name", "namePrefix")),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _SECURITY_RULE,
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": _SECURITY_RULE,
    "aws:ec2/vpcEndpoint:VpcEndpoint": (
        one_of("vpcEndpointType", "Interface", "Gateway", "GatewayLoadBalancer", "Resource", "ServiceNetwork"),
        each("policy", no_json),
    ),
    "aws:ec2/eip:Eip": (one_of("domain", "vpc", "standard"),),
    "aws:ec2/natGateway:NatGateway": (one_of("connectivityType", "private", "public"), _private_gateway),
    "aws:ec2/keyPair:KeyPair": (conflicts("keyName", "keyNamePrefix"),),
    "aws:ec2/instance:Instance": (
        any_of("instanceType", "launchTemplate"),
        any_of("ami", "launchTemplate"),
        one_of("metadataOptions.httpTokens", "optional", "required"),
        between(
            "metadataOptions.httpPutResponseHopLimit",
            1,
            64,
            name="metadata_options.0.http_put_response_hop_limit",
        ),
        one_of("rootBlockDevice.volumeType", *VOLUME_TYPES),
        one_of("ebsBlockDevices[].volumeType", *VOLUME_TYPES),
        conflicts("userData", "userDataBase64"),
        length("userData", 0, 16384, show=False),
        each("userDataBase64", _base64),
        one_of("maintenanceOptions.autoRecovery", "disabled", "default"),
        one_of(
            "creditSpecification.cpuCredits",
            "standard",
            "unlimited",
            name="credit_specification.0.cpu_credits",
        ),
        _volume_tags,
        each("privateIp", _ipv4),
    ),
    "aws:iam/role:Role": (
        each("assumeRolePolicy", no_policy),
        length("name", 1, 64),
        length("namePrefix", 1, 38),
        name_characters("name"),
        between("maxSessionDuration", 3600, 43200),
    ),
    "aws:iam/user:User": (each("name", _user_name),),
    "aws:iam/accessKey:AccessKey": (one_of("status", "Active", "Inactive"),),
    "aws:iam/rolePolicy:RolePolicy": (each("policy", no_policy),),
    "aws:iam/policy:Policy": (each("policy", no_policy),),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": (each("policyArn", no_arn),),
    "aws:iam/userPolicyAttachment:UserPolicyAttachment": (each("policyArn", no_arn),),
    "aws:iam/instanceProfile:InstanceProfile": (name_characters("name"),),
    "aws:s3/bucket:Bucket": (
        length("bucket", 0, 63),
        length("bucketPrefix", 0, 37),
        conflicts("bucket", "bucketPrefix"),
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        one_of("rules[].applyServerSideEncryptionByDefault.sseAlgorithm", "AES256", "aws:kms", "aws:kms:dsse"),
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": (each("rules[].status", _lifecycle_status),),
    "aws:s3/bucketPolicy:BucketPolicy": (each("policy", no_json),),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": (
        one_of("rule.objectOwnership", "BucketOwnerPreferred", "ObjectWriter", "BucketOwnerEnforced"),
    ),
    **FLEET_RULES,
    **MONITORING_RULES,
}
