"""What the recorded cases of the aws stand-in take for granted, made with boto3, and texts with ids made comparable."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .aws_stand_in import Stack

KEY = "AAAAC3NzaC1lZDI1NTE5AAAAILmCnJUAMU4fiNBm6WeF8DWVsQKHDyFP6KjAaozngYig"
RSA_KEY = (
    "AAAAB3NzaC1yc2EAAAADAQABAAABAQDic1Zyr6vtrzKPZiqzMo9DPVH5Ssk/B4qzINahJSSlghu/BhQxE/whAc4ZM57xKLVSmSz0"
    "VDQHyLSRRlxh07nB3KHAf4jDrBFoeY04e0Cq4Ty06x+ytpXkbKLTuGwZcGnXgk9iJDGFm2/lLyrf9rLg7o/Of7M1pCRlY2rwXc98"
    "KbLtY3klVCI2HVeYcfyaP+wcwD9kDrM4qY1jdvGFrI7LEXd1PnueKe9Mt/uVR+cvUOB9uj6L3uqrJ8ZLejCj14zIakrrUxkrbOYR"
    "ckjU6bvfWX78qZDOixIFFEecVTMD+2EUXxr1R/T6fk/7wlVqpw6J5+CqdlsyLIm0IBYqfZNX"
)
TRUST = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, '
    '"Action": "sts:AssumeRole"}]}'
)
_IDS = (
    (r"\d{14}\d{4}[0-9a-f]{8}", "<timestamp+counter, 26 digits>"),
    (r"\b([a-z]+)-([0-9a-f]{17}|[0-9a-f]{8}(?![0-9a-f]))", r"\1-<hex>"),
    (r"<hex>-[0-9a-f]{8}(?=\.com)", "<hex>-<hex8>"),
    (r"^[0-9A-F]{13}$", "<zone>"),
    (KEY, "<base64>"),
    (re.escape(RSA_KEY), "<base64>"),
    (r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "<uuid>"),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "<RFC 3339 time>"),
    (r"\bAKIA[0-9A-Z]{16}\b", "AKIA<16 upper case letters and digits>"),
    (r"^[A-Za-z0-9+/]{40}$", "<40 characters>"),
    (r"^[A-Za-z0-9+/]{44}$", "<44 characters>"),
    (r"\bec2-\d+-\d+-\d+-\d+\.", "ec2-<public-ip-with-dashes>."),
    (r"\bip-\d+-\d+-\d+-\d+\.", "ip-<private-ip-with-dashes>."),
    (r"RequestID: [^,]*, ", ""),
    (r"HostID: [^,]*, ", ""),
    (r"2400:6500:[0-9a-f:]+", "<ipv6>"),
)
_BY_PROPERTY: Mapping[str, str] = {
    "publicIp": "<address>",
    "ipv4": "<address>",
    "privateIp": "<address>",
    "privateIpAddress": "<address>",
    "fingerprint": "<fingerprint>",
    "uniqueId": "<id>",
    "policyId": "<id>",
    "userId": "<id>",
    "availableIpAddressCount": "<count>",
}
_UNORDERED = frozenset({"metricQueries"})


def comparable(value: Any, name: str = "") -> Any:
    """Leave out nulls, and replace what differs from run to run, in the recording as in an answer."""
    if isinstance(value, dict):
        return {key: comparable(item, key) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        items = [comparable(item, name) for item in value]
        return sorted(items, key=lambda item: json.dumps(item, sort_keys=True)) if name in _UNORDERED else items
    if name in _BY_PROPERTY and value != "":
        return _BY_PROPERTY[name]
    if isinstance(value, str):
        for pattern, general in _IDS:
            value = re.sub(pattern, general, value)
    return value


@dataclass
class Prerequisites:
    """Existing things, made once; their names are the recording's."""

    stack: Stack
    ids: dict[str, str] = field(default_factory=dict)
    others: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ec2 = self.stack.client("ec2")
        images = ec2.describe_images(Owners=["amazon"], Filters=[{"Name": "name", "Values": ["amzn2-ami-hvm-2*"]}])
        assert len(images["Images"]) > 1
        vpc = ec2.create_vpc(CidrBlock="10.103.0.0/16")["Vpc"]["VpcId"]
        first = {"VpcId": vpc, "CidrBlock": "10.103.200.0/24", "AvailabilityZone": "us-east-1a"}
        subnet = ec2.create_subnet(**first)["Subnet"]["SubnetId"]
        group = ec2.create_security_group(GroupName="pre11", Description="pre", VpcId=vpc)["GroupId"]
        ec2.revoke_security_group_egress(
            GroupId=group, IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
        )
        interface = ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
        egress = ec2.create_egress_only_internet_gateway(VpcId=vpc)["EgressOnlyInternetGateway"]
        lists = ec2.describe_managed_prefix_lists()["PrefixLists"]
        machine = ec2.run_instances(ImageId=images["Images"][0]["ImageId"], MinCount=1, MaxCount=1, SubnetId=subnet)
        self.ids = {
            "ami": images["Images"][0]["ImageId"],
            "eigw": egress["EgressOnlyInternetGatewayId"],
            "eni": interface,
            "i": machine["Instances"][0]["InstanceId"],
            "igw": gateway,
            "pl": lists[0]["PrefixListId"],
            "sg": group,
            "subnet": subnet,
            "vpc": vpc,
        }
        self.others = self._others(vpc, images["Images"][0]["ImageId"])
        for number, templates in enumerate((self.ids, self.others), 1):
            data = {"ImageId": self.ids["ami"], "InstanceType": "t3.micro"}
            answer = ec2.create_launch_template(LaunchTemplateName=f"pre-lt{number}", LaunchTemplateData=data)
            templates |= {"ami": images["Images"][number - 1]["ImageId"]}
            templates["lt"] = answer["LaunchTemplate"]["LaunchTemplateId"]
        self._named()

    def _others(self, vpc: str, image: str) -> dict[str, str]:
        """A second of some things, for what changes from one to the other."""
        ec2 = self.stack.client("ec2")
        # Not in the first one's zone, which a look-up asks for; moto would choose at random.
        elsewhere = {"VpcId": vpc, "AvailabilityZone": "us-east-1b"}
        ec2.create_subnet(CidrBlock="10.103.203.0/24", **elsewhere)
        subnet = ec2.create_subnet(CidrBlock="10.103.202.0/24", **elsewhere)["Subnet"]["SubnetId"]
        gateway = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        egress = ec2.create_egress_only_internet_gateway(VpcId=vpc)["EgressOnlyInternetGateway"]
        return {
            "eigw": egress["EgressOnlyInternetGatewayId"],
            "eni": ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"],
            "i": ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, SubnetId=subnet)["Instances"][0][
                "InstanceId"
            ],
            "igw": gateway,
            "sg": ec2.create_security_group(GroupName="pre12", Description="pre", VpcId=vpc)["GroupId"],
            "subnet": subnet,
            "vpc": ec2.create_vpc(CidrBlock="10.104.0.0/16")["Vpc"]["VpcId"],
        }

    def _named(self) -> None:
        iam, s3 = self.stack.client("iam"), self.stack.client("s3")
        self.stack.client("ec2").import_key_pair(KeyName="kp-lit", PublicKeyMaterial=f"ssh-ed25519 {KEY}".encode())
        for role in ("pre-role1", "pre-role2"):
            iam.create_role(RoleName=role, AssumeRolePolicyDocument=TRUST)
        for profile in ("pre-prof1", "pre-prof2"):
            iam.create_instance_profile(InstanceProfileName=profile)
        document = TRUST.replace('"Principal": {"Service": "ec2.amazonaws.com"}, ', '"Resource": "*", ')
        iam.create_policy(PolicyName="pre-pol1", PolicyDocument=document)
        for user in ("pre-user1", "pre-user2"):
            iam.create_user(UserName=user)
        self._set_up()
        for bucket in ("pre-b-other", "pre-b-bpab", "pre-b-sse", "pre-b-ver", "pre-b-lc", "pre-b-pol", "pre-b-own"):
            s3.create_bucket(Bucket=bucket)

    def _set_up(self) -> None:
        events, logs = self.stack.client("events"), self.stack.client("logs")
        ssm = self.stack.client("ssm")
        ssm.put_parameter(Name="/p/a", Value="v", Type="String")
        key = "arn:aws:kms:us-east-1:123456789012:key/12345678-1234-1234-1234-123456789012"
        ssm.put_parameter(Name="/p/s", Value="secret", Type="SecureString", KeyId=key)
        logs.create_log_group(logGroupName="/pre/lg1")
        for rule in ("pre-rule1", "pre-rule2"):
            events.put_rule(Name=rule, ScheduleExpression="rate(1 day)")

    def fresh(self, kind: str) -> str:
        """The id of a new thing where each case needs one of its own."""
        ec2 = self.stack.client("ec2")
        if kind == "rtb":
            return str(ec2.create_route_table(VpcId=self.ids["vpc"])["RouteTable"]["RouteTableId"])
        if kind == "eipalloc":
            return str(ec2.allocate_address(Domain="vpc")["AllocationId"])
        if kind == "nat":
            nat = ec2.create_nat_gateway(SubnetId=self.ids["subnet"], AllocationId=self.fresh("eipalloc"))
            return str(nat["NatGateway"]["NatGatewayId"])
        return self.ids[kind]

    def filled(self, value: Any) -> Any:
        """Recorded inputs with ids of things that exist."""
        if isinstance(value, dict):
            return {key: self.filled(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.filled(item) for item in value]
        if not isinstance(value, str):
            return value
        value = value.replace("ssh-rsa <base64>", f"ssh-rsa {RSA_KEY}").replace("<base64>", KEY)
        found = re.fullmatch(r"([a-z]+)-<(hex|another)>", value)
        if found is None:
            return value
        another = self.others.get(found[1]) if found[2] == "another" else None
        return another or self.fresh(found[1])
