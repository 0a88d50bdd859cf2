"""Inputs that stand for the recorded errors, by type and the recording's name of the case."""

from typing import Any

from . import aws_stand_in_fleet_errors as fleet
from . import aws_stand_in_monitoring_errors as monitoring
from .aws_stand_in_prerequisites import TRUST

VPC, SUBNET, GROUP = "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet", "aws:ec2/securityGroup:SecurityGroup"
ROUTE, ASSOCIATION = "aws:ec2/route:Route", "aws:ec2/routeTableAssociation:RouteTableAssociation"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
INSTANCE, ROLE, BUCKET = "aws:ec2/instance:Instance", "aws:iam/role:Role", "aws:s3/bucket:Bucket"
ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
OWNERSHIP = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
PAIR, NAT, EIP = "aws:ec2/keyPair:KeyPair", "aws:ec2/natGateway:NatGateway", "aws:ec2/eip:Eip"
ENDPOINT, PROFILE = "aws:ec2/vpcEndpoint:VpcEndpoint", "aws:iam/instanceProfile:InstanceProfile"
ROLE_POLICY, POLICY = "aws:iam/rolePolicy:RolePolicy", "aws:iam/policy:Policy"
ATTACHMENT, BLOCK = (
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
)
BUCKET_POLICY, TABLE = "aws:s3/bucketPolicy:BucketPolicy", "aws:ec2/routeTable:RouteTable"
GATEWAY, EIP_ASSOCIATION = (
    "aws:ec2/internetGateway:InternetGateway",
    "aws:ec2/eipAssociation:EipAssociation",
)
EGRESS_ONLY = "aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway"
USER = "aws:iam/user:User"
ACCESS_KEY = "aws:iam/accessKey:AccessKey"

MACHINE = {"ami": "ami-1", "instanceType": "t3.micro"}
RULE = {"securityGroupId": "sg-<hex>", "ipProtocol": "tcp", "fromPort": 22, "toPort": 22, "cidrIpv4": "10.0.0.0/8"}
LIFE = {"id": "x", "status": "Enabled", "filter": {"prefix": ""}, "expiration": {"days": 1}}
ALLOW = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}'
NOTHING = "00000000000000000"


def _without(inputs: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in inputs.items() if key != name}


BEFORE_APPLY: dict[tuple[str, str], dict[str, Any]] = {
    **fleet.BEFORE_APPLY,
    **monitoring.BEFORE_APPLY,
    (VPC, 'cidrBlock "10.0.0.0/33"'): {"cidrBlock": "10.0.0.0/33"},
    (VPC, "cidrBlock with host bits set"): {"cidrBlock": "10.0.0.1/16"},
    (VPC, "cidrBlock larger than /16"): {"cidrBlock": "10.0.0.0/8"},
    (VPC, "instanceTenancy not in list"): {"cidrBlock": "10.0.0.0/16", "instanceTenancy": "shared"},
    (VPC, "unknown property (Terraform text)"): {"nonsense": 1},
    (VPC, "wrong type: string for a bool (Terraform text)"): {"enableDnsSupport": "x"},
    (SUBNET, 'cidrBlock "x"'): {"vpcId": "vpc-1", "cidrBlock": "x"},
    (SUBNET, "missing vpcId"): {"cidrBlock": "10.0.0.0/24"},
    (SUBNET, "availabilityZone and availabilityZoneId both set"): {
        "vpcId": "vpc-1",
        "availabilityZone": "us-east-1a",
        "availabilityZoneId": "use1-az6",
    },
    (TABLE, "missing vpcId"): {},
    (ROUTE, "no destination"): {"routeTableId": "rtb-1", "gatewayId": "igw-1"},
    (ROUTE, "no target"): {"routeTableId": "rtb-1", "destinationCidrBlock": "0.0.0.0/0"},
    (ROUTE, "two targets"): {
        "routeTableId": "rtb-1",
        "destinationCidrBlock": "0.0.0.0/0",
        "gatewayId": "igw-1",
        "natGatewayId": "nat-1",
    },
    (ROUTE, "destinationCidrBlock with host bits"): {
        "routeTableId": "rtb-1",
        "destinationCidrBlock": "10.0.0.1/8",
        "gatewayId": "igw-1",
    },
    (ASSOCIATION, "neither subnetId nor gatewayId"): {"routeTableId": "rtb-1"},
    (ASSOCIATION, "both subnetId and gatewayId"): {"routeTableId": "rtb-1", "subnetId": "s", "gatewayId": "g"},
    (GROUP, "name begins with sg-"): {"name": "sg-x"},
    (GROUP, "name and namePrefix"): {"name": "x", "namePrefix": "y"},
    (INGRESS, "cidrIpv4 bad"): {**RULE, "cidrIpv4": "10.0.0.0/33"},
    (INGRESS, "cidrIpv4 with host bits"): {**RULE, "cidrIpv4": "10.0.0.5/8"},
    (INGRESS, "no source"): _without(RULE, "cidrIpv4"),
    (INGRESS, "two sources"): {**RULE, "referencedSecurityGroupId": "sg-1"},
    (INGRESS, "port 70000"): {**RULE, "fromPort": 70000, "toPort": 70000},
    (INGRESS, "missing ipProtocol"): _without(RULE, "ipProtocol"),
    (EGRESS, "no destination"): _without(RULE, "cidrIpv4"),
    (ENDPOINT, "vpcEndpointType not in list"): {"vpcId": "vpc-1", "vpcEndpointType": "gateway"},
    (ENDPOINT, "policy not JSON"): {"vpcId": "vpc-1", "policy": "{"},
    (EIP, "domain not in list"): {"domain": "ec2"},
    (NAT, "connectivityType not in list"): {"subnetId": "s", "connectivityType": "x"},
    (NAT, "private with allocationId"): {"subnetId": "s", "connectivityType": "private", "allocationId": "e"},
    (PAIR, "missing publicKey"): {"keyName": "x"},
    (PAIR, "keyName and keyNamePrefix"): {"publicKey": "k", "keyName": "x", "keyNamePrefix": "y"},
    (INSTANCE, "no ami, no instanceType, no launchTemplate"): {},
    (INSTANCE, "metadataOptions.httpTokens not in list"): {**MACHINE, "metadataOptions": {"httpTokens": "yes"}},
    (INSTANCE, "metadataOptions.httpPutResponseHopLimit 65"): {
        **MACHINE,
        "metadataOptions": {"httpPutResponseHopLimit": 65},
    },
    (INSTANCE, "rootBlockDevice.volumeType not in list"): {**MACHINE, "rootBlockDevice": {"volumeType": "ssd"}},
    (INSTANCE, "userData and userDataBase64"): {**MACHINE, "userData": "x", "userDataBase64": "eA=="},
    (INSTANCE, "maintenanceOptions.autoRecovery not in list"): {
        **MACHINE,
        "maintenanceOptions": {"autoRecovery": "on"},
    },
    (INSTANCE, "creditSpecification.cpuCredits not in list"): {
        **MACHINE,
        "creditSpecification": {"cpuCredits": "max"},
    },
    (INSTANCE, "volumeTags with rootBlockDevice.tags"): {
        **MACHINE,
        "volumeTags": {"a": "b"},
        "rootBlockDevice": {"tags": {"a": "b"}},
    },
    (INSTANCE, "privateIp bad"): {**MACHINE, "privateIp": "10.0.0.999"},
    (ROLE, "assumeRolePolicy not JSON"): {"assumeRolePolicy": "{"},
    (ROLE, "assumeRolePolicy plain text"): {"assumeRolePolicy": "x"},
    (ROLE, "missing assumeRolePolicy"): {},
    (ROLE, "name with a space"): {"assumeRolePolicy": TRUST, "name": "a b"},
    (ROLE, "maxSessionDuration 60"): {"assumeRolePolicy": TRUST, "maxSessionDuration": 60},
    (ROLE_POLICY, "policy not JSON"): {"role": "r", "policy": "{"},
    (ROLE_POLICY, "missing policy"): {"role": "r"},
    (POLICY, "policy not JSON"): {"policy": "x"},
    (ATTACHMENT, "policyArn not an ARN"): {"role": "r", "policyArn": "nope"},
    (PROFILE, "name with a space"): {"name": "a b"},
    (BUCKET, "bucket and bucketPrefix"): {"bucket": "x", "bucketPrefix": "y"},
    (BLOCK, "missing bucket"): {},
    (ENCRYPTION, "sseAlgorithm not in list"): {
        "bucket": "b",
        "rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aes"}}],
    },
    (ENCRYPTION, "missing rules"): {"bucket": "b"},
    (LIFECYCLE, "rule without id"): {"bucket": "b", "rules": [_without(LIFE, "id")]},
    (BUCKET_POLICY, "policy not JSON"): {"bucket": "b", "policy": "{"},
    (OWNERSHIP, "objectOwnership not in list"): {"bucket": "b", "rule": {"objectOwnership": "Mine"}},
    (OWNERSHIP, "missing rule"): {"bucket": "b"},
    (EGRESS_ONLY, "missing vpcId"): {},
    (USER, "name with a space"): {"name": "a b"},
    (ACCESS_KEY, "status not in list"): {"user": "u", "status": "Off"},
}

SAID_DIFFERENTLY: dict[tuple[str, str], tuple[dict[str, Any], str]] = {
    (INSTANCE, "userData 16385 bytes"): (
        {**MACHINE, "userData": "a" * 16385},
        # The text itself may hold a secret.
        "expected length of user_data to be in the range (0 - 16384), got 16385 characters",
    ),
    (INSTANCE, "userDataBase64 not base64"): (
        {**MACHINE, "userDataBase64": "not base64!"},
        '"user_data_base64" must be base64-encoded',
    ),
    (ROLE, "name of 65 characters"): (
        {"assumeRolePolicy": TRUST, "name": "r" * 65},
        f"expected length of name to be in the range (1 - 64), got {'r' * 65}",
    ),
    (ROLE, "namePrefix of 39 characters"): (
        {"assumeRolePolicy": TRUST, "namePrefix": "r" * 39},
        f"expected length of name_prefix to be in the range (1 - 38), got {'r' * 39}",
    ),
    (BUCKET, "bucket of 64 characters"): (
        {"bucket": "b" * 64},
        f"expected length of bucket to be in the range (0 - 63), got {'b' * 64}",
    ),
    (BUCKET, "bucketPrefix of 38 characters"): (
        {"bucketPrefix": "b" * 38},
        f"expected length of bucket_prefix to be in the range (0 - 37), got {'b' * 38}",
    ),
    (LIFECYCLE, "rule status not in list"): (
        {"bucket": "b", "rules": [{**LIFE, "status": "On"}]},
        'must be one of: ["Disabled" "Enabled"], got: "On"',
    ),
}

ACCEPTED = {
    (NAT, "missing subnetId"): "required in 5.100, not in version 7",
    (USER, "missing name"): "the Pulumi bridge names by itself",
}

AT_APPLY: dict[tuple[str, str], dict[str, Any]] = {
    **fleet.AT_APPLY,
    **monitoring.AT_APPLY,
    (SUBNET, "unknown vpcId"): {"vpcId": f"vpc-{NOTHING}", "cidrBlock": "10.0.0.0/24"},
    (SUBNET, "cidrBlock outside the VPC"): {"vpcId": "vpc-<hex>", "cidrBlock": "172.16.0.0/24"},
    (GATEWAY, "unknown vpcId"): {"vpcId": f"vpc-{NOTHING}"},
    (TABLE, "unknown vpcId"): {"vpcId": f"vpc-{NOTHING}"},
    (ROUTE, "unknown routeTableId"): {
        "routeTableId": f"rtb-{NOTHING}",
        "destinationCidrBlock": "0.0.0.0/0",
        "gatewayId": "igw-<hex>",
    },
    (ROUTE, "unknown gatewayId"): {
        "routeTableId": "rtb-<hex>",
        "destinationCidrBlock": "0.0.0.0/0",
        "gatewayId": f"igw-{NOTHING}",
    },
    (ASSOCIATION, "unknown subnetId"): {"routeTableId": "rtb-<hex>", "subnetId": f"subnet-{NOTHING}"},
    (GROUP, "duplicate name in the same VPC"): {"name": "pre11", "vpcId": "vpc-<hex>"},
    (INGRESS, "unknown securityGroupId"): {**RULE, "securityGroupId": f"sg-{NOTHING}"},
    (ENDPOINT, "unknown vpcId"): {"vpcId": f"vpc-{NOTHING}", "serviceName": "com.amazonaws.us-east-1.s3"},
    (EIP, "unknown instance"): {"instance": f"i-{NOTHING}"},
    (EIP_ASSOCIATION, "unknown allocationId"): {"allocationId": f"eipalloc-{NOTHING}", "instanceId": "i-<hex>"},
    (NAT, "unknown subnetId"): {"subnetId": f"subnet-{NOTHING}", "allocationId": "eipalloc-<hex>"},
    (INSTANCE, "unknown subnetId"): {"ami": "ami-<hex>", "instanceType": "t3.micro", "subnetId": f"subnet-{NOTHING}"},
    (INSTANCE, "unknown security group"): {
        "ami": "ami-<hex>",
        "instanceType": "t3.micro",
        "subnetId": "subnet-<hex>",
        "vpcSecurityGroupIds": [f"sg-{NOTHING}"],
    },
    (INSTANCE, "unknown iamInstanceProfile"): {
        "ami": "ami-<hex>",
        "instanceType": "t3.micro",
        "subnetId": "subnet-<hex>",
        "iamInstanceProfile": "nosuch",
    },
    (ROLE, "duplicate name"): {"name": "pre-role1", "assumeRolePolicy": TRUST},
    (ROLE_POLICY, "unknown role"): {"name": "z", "role": "nosuch", "policy": ALLOW},
    (ROLE_POLICY, "policy: JSON but not a valid policy"): {
        "name": "zz",
        "role": "pre-role1",
        "policy": '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*"}]}',
    },
    (POLICY, "duplicate name"): {"name": "pre-pol1", "policy": ALLOW},
    (ATTACHMENT, "unknown role"): {"role": "nosuch", "policyArn": "arn:aws:iam::123456789012:policy/pre-pol1"},
    (ATTACHMENT, "unknown managed policy"): {
        "role": "pre-role1",
        "policyArn": "arn:aws:iam::aws:policy/NoSuchPolicy",
    },
    (PROFILE, "duplicate name"): {"name": "pre-prof1"},
    (PROFILE, "unknown role"): {"name": "pz", "role": "nosuch"},
    (BUCKET, "duplicate bucket"): {"bucket": "pre-b-other"},
    (BUCKET, "bucket of 2 characters"): {"bucket": "ab"},
    (BLOCK, "unknown bucket"): {"bucket": "no-such-bucket-x"},
    (ENCRYPTION, "unknown bucket"): {
        "bucket": "no-such-bucket-x",
        "rules": [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}],
    },
    (LIFECYCLE, "unknown bucket"): {"bucket": "no-such-bucket-x", "rules": [LIFE]},
    (BUCKET_POLICY, "unknown bucket"): {"bucket": "no-such-bucket-x", "policy": ALLOW},
    (OWNERSHIP, "unknown bucket"): {"bucket": "no-such-bucket-x", "rule": {"objectOwnership": "ObjectWriter"}},
    (EGRESS_ONLY, "unknown vpcId"): {"vpcId": f"vpc-{NOTHING}"},
    (USER, "duplicate name"): {"name": "pre-user1"},
    (ACCESS_KEY, "unknown user"): {"user": "nosuch"},
}

NOT_TRIED = {
    **fleet.NOT_TRIED,
    **monitoring.NOT_TRIED,
    (VPC, "neither cidrBlock nor ipv4IpamPoolId"): "a text of moto, which differs by client",
    (SUBNET, "cidrBlock overlaps an existing subnet"): "needs two subnets: tested below",
    (SUBNET, "unknown availabilityZone"): "a text of moto that lists every zone: tested below",
    (ROUTE, "a route for that destination exists already (in state of another resource)"): "tested below",
    (INGRESS, "duplicate rule"): "tested below",
    (EGRESS, "duplicate of the default allow-all egress rule of a group not created by the provider"): "tested below",
    (PAIR, "duplicate keyName"): "tested below",
    (EIP_ASSOCIATION, "neither allocationId nor publicIp"): "a text of moto, which differs by client",
    (INSTANCE, "unknown instanceType"): "the provider's own look-up of types; moto's RunInstances takes any",
    (INSTANCE, "rootBlockDevice.iops with gp2"): "found by the provider at apply; AWS refuses it too, moto does not",
    (POLICY, "policy: JSON but not a valid policy"): "the recording does not say what it was",
    (LIFECYCLE, "rule without filter or prefix (a warning)"): "a warning, not an error",
    (LIFECYCLE, "expiration with days and date"): "a warning, not an error",
}
