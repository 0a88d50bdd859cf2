"""Stand-in for pulumi-aws: VPCs and subnets."""

from collections.abc import Mapping
from typing import Any

from ..access import Access
from ..errors import ProviderError, api_error, unless_gone
from ..properties import Properties
from .base import Resource, differs, present, retag, tag_map, tagged, values_filter

_ATTRIBUTES: Mapping[str, str] = {
    name: name[:1].upper() + name[1:]
    for name in ("enableDnsSupport", "enableDnsHostnames", "enableNetworkAddressUsageMetrics")
}
_SUBNET_ATTRIBUTES: Mapping[str, str] = {
    "assignIpv6AddressOnCreation": "AssignIpv6AddressOnCreation",
    "mapPublicIpOnLaunch": "MapPublicIpOnLaunch",
}


def live_instances(aws: Access, **filters: str) -> list[dict[str, Any]]:
    """EC2 instances that match and are not terminated: AWS lets nothing go that they use, the emulated AWS would."""
    answer = aws.client("ec2").describe_instances(Filters=values_filter(**filters))
    found = [instance for group in answer["Reservations"] for instance in group["Instances"]]
    return [instance for instance in found if instance["State"]["Name"] != "terminated"]


class Vpc(Resource):
    kind = "aws:ec2/vpc:Vpc"
    carries_out = frozenset({"cidrBlock", "instanceTenancy", "assignGeneratedIpv6CidrBlock", "tags", *_ATTRIBUTES})

    def create(self, aws: Access, inputs: Properties) -> str:
        with self.doing("creating EC2 VPC"):
            answer = aws.client("ec2").create_vpc(
                **present(
                    CidrBlock=inputs.get("cidrBlock"),
                    InstanceTenancy=inputs.get("instanceTenancy"),
                    AmazonProvidedIpv6CidrBlock=inputs.get("assignGeneratedIpv6CidrBlock"),
                ),
                **tagged("vpc", inputs),
            )
        return str(answer["Vpc"]["VpcId"])

    def finish(self, aws: Access, identity: str, inputs: Properties) -> None:
        self._attributes(aws, identity, {"enableDnsSupport": True}, inputs)

    def _attributes(self, aws: Access, identity: str, olds: Properties, news: Properties) -> None:
        for name, parameter in _ATTRIBUTES.items():
            if differs(name, olds, news):
                with self.doing(f"modifying EC2 VPC ({identity}) {parameter}"):
                    aws.client("ec2").modify_vpc_attribute(VpcId=identity, **{parameter: {"Value": news[name]}})

    def read(self, aws: Access, identity: str, known: Properties) -> Properties | None:
        ec2 = aws.client("ec2")
        answer = unless_gone(lambda: ec2.describe_vpcs(VpcIds=[identity]))
        if answer is None:
            return None
        vpc = answer["Vpcs"][0]
        associations = vpc.get("Ipv6CidrBlockAssociationSet", ())
        blocks = [block for block in associations if block["Ipv6CidrBlockState"]["State"] == "associated"]
        of_vpc = values_filter(vpc_id=identity)
        acl = ec2.describe_network_acls(Filters=[*of_vpc, *values_filter(default="true")])["NetworkAcls"]
        table = ec2.describe_route_tables(Filters=[*of_vpc, {"Name": "association.main", "Values": ["true"]}])
        group = ec2.describe_security_groups(Filters=[*of_vpc, *values_filter(group_name="default")])
        main = table["RouteTables"][0]["RouteTableId"]
        return {
            "arn": f"arn:aws:ec2:{aws.settings.region}:{vpc['OwnerId']}:vpc/{identity}",
            "cidrBlock": vpc["CidrBlock"],
            "dhcpOptionsId": vpc["DhcpOptionsId"],
            "instanceTenancy": vpc["InstanceTenancy"],
            "ownerId": vpc["OwnerId"],
            "defaultNetworkAclId": acl[0]["NetworkAclId"],
            "defaultRouteTableId": main,
            "mainRouteTableId": main,
            "defaultSecurityGroupId": group["SecurityGroups"][0]["GroupId"],
            "assignGeneratedIpv6CidrBlock": bool(blocks),
            "ipv6AssociationId": blocks[0]["AssociationId"] if blocks else "",
            "ipv6CidrBlock": blocks[0]["Ipv6CidrBlock"] if blocks else "",
            "tags": tag_map(vpc),
            **{
                name: ec2.describe_vpc_attribute(VpcId=identity, Attribute=name)[parameter]["Value"]
                for name, parameter in _ATTRIBUTES.items()
            },
        }

    def update(self, aws: Access, identity: str, olds: Properties, news: Properties) -> str | None:
        ec2 = aws.client("ec2")
        self._attributes(aws, identity, olds, news)
        if olds.get("instanceTenancy") == "dedicated" and news.get("instanceTenancy") == "default":
            with self.doing(f"modifying EC2 VPC ({identity}) Instance Tenancy"):
                ec2.modify_vpc_tenancy(VpcId=identity, InstanceTenancy="default")
        wanted = bool(news.get("assignGeneratedIpv6CidrBlock"))
        if wanted != bool(olds.get("assignGeneratedIpv6CidrBlock")):
            with self.doing(f"updating EC2 VPC ({identity}) IPv6 CIDR block"):
                if wanted:
                    ec2.associate_vpc_cidr_block(VpcId=identity, AmazonProvidedIpv6CidrBlock=True)
                else:
                    ec2.disassociate_vpc_cidr_block(AssociationId=olds["ipv6AssociationId"])
        retag(aws, identity, olds, news)
        return None

    def delete(self, aws: Access, identity: str, known: Properties) -> None:
        what = f"deleting EC2 VPC ({identity})"
        with self.doing(what):
            if self._in_use(aws, identity):
                text = f"The vpc '{identity}' has dependencies and cannot be deleted."
                raise ProviderError(f"{what}: {api_error('DeleteVpc', 'EC2', 'DependencyViolation', text)}")
            aws.client("ec2").delete_vpc(VpcId=identity)

    def _in_use(self, aws: Access, identity: str) -> bool:
        ec2, of_vpc = aws.client("ec2"), values_filter(vpc_id=identity)
        groups = ec2.describe_security_groups(Filters=of_vpc)["SecurityGroups"]
        attached = [{"Name": "attachment.vpc-id", "Values": [identity]}]
        return bool(
            live_instances(aws, vpc_id=identity)
            or ec2.describe_subnets(Filters=of_vpc)["Subnets"]
            or ec2.describe_internet_gateways(Filters=attached)["InternetGateways"]
            or [group for group in groups if group["GroupName"] != "default"]
        )


class Subnet(Resource):
    kind = "aws:ec2/subnet:Subnet"
    # https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/ec2/vpc_subnet.go,
    # resourceSubnetDelete and the default of its timeout.
    awaited_seconds = 20 * 60
    carries_out = frozenset(
        {
            "assignIpv6AddressOnCreation",
            "availabilityZone",
            "availabilityZoneId",
            "cidrBlock",
            "ipv6CidrBlock",
            "mapPublicIpOnLaunch",
            "tags",
            "vpcId",
        }
    )

    def create(self, aws: Access, inputs: Properties) -> str:
        with self.doing("creating EC2 Subnet"):
            answer = aws.client("ec2").create_subnet(
                VpcId=inputs["vpcId"],
                **present(
                    CidrBlock=inputs.get("cidrBlock"),
                    Ipv6CidrBlock=inputs.get("ipv6CidrBlock") or None,
                    AvailabilityZone=inputs.get("availabilityZone"),
                    AvailabilityZoneId=inputs.get("availabilityZoneId"),
                ),
                **tagged("subnet", inputs),
            )
        return str(answer["Subnet"]["SubnetId"])

    def finish(self, aws: Access, identity: str, inputs: Properties) -> None:
        self._switch(aws, identity, {}, inputs)

    def _switch(self, aws: Access, identity: str, olds: Properties, news: Properties) -> None:
        for name, parameter in _SUBNET_ATTRIBUTES.items():
            wanted = bool(news.get(name))
            if wanted != bool(olds.get(name)):
                with self.doing(f"setting EC2 Subnet ({identity}) {parameter}"):
                    aws.client("ec2").modify_subnet_attribute(SubnetId=identity, **{parameter: {"Value": wanted}})

    def read(self, aws: Access, identity: str, known: Properties) -> Properties | None:
        answer = unless_gone(lambda: aws.client("ec2").describe_subnets(SubnetIds=[identity]))
        return None if answer is None else subnet_outputs(answer["Subnets"][0])

    def update(self, aws: Access, identity: str, olds: Properties, news: Properties) -> str | None:
        if (news.get("ipv6CidrBlock") or "") != (olds.get("ipv6CidrBlock") or ""):
            # Addresses can't be given out of a block that is going away.
            self._switch(aws, identity, olds, {**olds, "assignIpv6AddressOnCreation": False})
            olds = {**olds, "assignIpv6AddressOnCreation": False}
            self._change_ipv6_block(aws, identity, olds, news)
        self._switch(aws, identity, olds, news)
        retag(aws, identity, olds, news)
        return None

    def _change_ipv6_block(self, aws: Access, identity: str, olds: Properties, news: Properties) -> None:
        ec2 = aws.client("ec2")
        with self.doing(f"updating EC2 Subnet ({identity}) IPv6 CIDR block"):
            if olds.get("ipv6CidrBlockAssociationId"):
                ec2.disassociate_subnet_cidr_block(AssociationId=olds["ipv6CidrBlockAssociationId"])
            if news.get("ipv6CidrBlock"):
                ec2.associate_subnet_cidr_block(SubnetId=identity, Ipv6CidrBlock=news["ipv6CidrBlock"])

    def delete(self, aws: Access, identity: str, known: Properties) -> None:
        what = f"deleting EC2 Subnet ({identity})"
        with self.doing(what):
            if live_instances(aws, subnet_id=identity):
                text = f"The subnet '{identity}' has dependencies and cannot be deleted."
                raise ProviderError(f"{what}: {api_error('DeleteSubnet', 'EC2', 'DependencyViolation', text)}")
            aws.client("ec2").delete_subnet(SubnetId=identity)


def subnet_outputs(subnet: Mapping[str, Any]) -> Properties:
    """Outputs of a subnet, also of a look-up, from EC2's description."""
    # Not told by its state: moto puts that in other words.
    blocks = subnet.get("Ipv6CidrBlockAssociationSet") or [{}]
    return {
        "arn": subnet["SubnetArn"],
        "assignIpv6AddressOnCreation": subnet["AssignIpv6AddressOnCreation"],
        "availabilityZone": subnet["AvailabilityZone"],
        "availabilityZoneId": subnet["AvailabilityZoneId"],
        "cidrBlock": subnet["CidrBlock"],
        "ipv6CidrBlock": blocks[0].get("Ipv6CidrBlock", ""),
        "ipv6CidrBlockAssociationId": blocks[0].get("AssociationId", ""),
        "mapPublicIpOnLaunch": subnet["MapPublicIpOnLaunch"],
        "ownerId": subnet["OwnerId"],
        "vpcId": subnet["VpcId"],
        "tags": tag_map(subnet),
    }
