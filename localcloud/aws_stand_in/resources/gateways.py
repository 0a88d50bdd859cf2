"""Stand-in for pulumi-aws: internet gateways, egress-only ones for IPv6, NAT gateways and elastic IP addresses."""

from typing import Any

from ..access import Access
from ..errors import unless_gone
from ..properties import Properties
from .base import Resource, differs, present, retag, tag_map, tagged


class InternetGateway(Resource):
    kind = "aws:ec2/internetGateway:InternetGateway"
    carries_out = frozenset({"vpcId", "tags"})

    def create(self, aws: Access, inputs: Properties) -> str:
        with self.doing("creating EC2 Internet Gateway"):
            answer = aws.client("ec2").create_internet_gateway(**tagged("internet-gateway", inputs))
        return str(answer["InternetGateway"]["InternetGatewayId"])

    def finish(self, aws: Access, identity: str, inputs: Properties) -> None:
        if inputs.get("vpcId"):
            self._attach(aws, identity, inputs["vpcId"], "creating EC2 Internet Gateway: ")

    def _attach(self, aws: Access, identity: str, vpc: str, context: str = "") -> None:
        with self.doing(f"{context}attaching EC2 Internet Gateway ({identity}) to VPC ({vpc})"):
            aws.client("ec2").attach_internet_gateway(InternetGatewayId=identity, VpcId=vpc)

    def _detach(self, aws: Access, identity: str) -> None:
        ec2 = aws.client("ec2")
        gateway = ec2.describe_internet_gateways(InternetGatewayIds=[identity])["InternetGateways"][0]
        for attachment in gateway["Attachments"]:
            ec2.detach_internet_gateway(InternetGatewayId=identity, VpcId=attachment["VpcId"])

    def read(self, aws: Access, identity: str, known: Properties) -> Properties | None:
        ec2 = aws.client("ec2")
        answer = unless_gone(lambda: ec2.describe_internet_gateways(InternetGatewayIds=[identity]))
        if answer is None:
            return None
        gateway = answer["InternetGateways"][0]
        return {
            "arn": aws.arn("ec2", f"internet-gateway/{identity}"),
            "ownerId": aws.account,
            "vpcId": next((attachment["VpcId"] for attachment in gateway["Attachments"]), ""),
            "tags": tag_map(gateway),
        }

    def update(self, aws: Access, identity: str, olds: Properties, news: Properties) -> str | None:
        if differs("vpcId", olds, news):
            with self.doing(f"updating EC2 Internet Gateway ({identity})"):
                self._detach(aws, identity)
            self._attach(aws, identity, news["vpcId"])
        retag(aws, identity, olds, news)
        return None

    def delete(self, aws: Access, identity: str, known: Properties) -> None:
        with self.doing(f"deleting EC2 Internet Gateway ({identity})"):
            self._detach(aws, identity)
            aws.client("ec2").delete_internet_gateway(InternetGatewayId=identity)


class EgressOnlyInternetGateway(Resource):
    kind = "aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway"
    carries_out = frozenset({"vpcId", "tags"})

    def create(self, aws: Access, inputs: Properties) -> str:
        with self.doing("creating EC2 Egress-only Internet Gateway"):
            answer = aws.client("ec2").create_egress_only_internet_gateway(
                VpcId=inputs["vpcId"], **tagged("egress-only-internet-gateway", inputs)
            )
        return str(answer["EgressOnlyInternetGateway"]["EgressOnlyInternetGatewayId"])

    def read(self, aws: Access, identity: str, known: Properties) -> Properties | None:
        call = aws.client("ec2").describe_egress_only_internet_gateways
        answer = unless_gone(lambda: call(EgressOnlyInternetGatewayIds=[identity]))
        gateways = [] if answer is None else answer["EgressOnlyInternetGateways"]
        if not gateways:
            return None
        return {"vpcId": gateways[0]["Attachments"][0]["VpcId"], "tags": tag_map(gateways[0])}

    def update(self, aws: Access, identity: str, olds: Properties, news: Properties) -> str | None:
        retag(aws, identity, olds, news)
        return None

    def delete(self, aws: Access, identity: str, known: Properties) -> None:
        with self.doing(f"deleting EC2 Egress-only Internet Gateway ({identity})"):
            aws.client("ec2").delete_egress_only_internet_gateway(EgressOnlyInternetGatewayId=identity)


class NatGateway(Resource):
    kind = "aws:ec2/natGateway:NatGateway"
    carries_out = frozenset({"subnetId", "allocationId", "connectivityType", "tags"})

    def create(self, aws: Access, inputs: Properties) -> str:
        with self.doing("creating EC2 NAT Gateway"):
            answer = aws.client("ec2").create_nat_gateway(
                **present(
                    SubnetId=inputs.get("subnetId"),
                    AllocationId=inputs.get("allocationId"),
                    ConnectivityType=inputs.get("connectivityType"),
                ),
                **tagged("natgateway", inputs),
            )
        return str(answer["NatGateway"]["NatGatewayId"])

    def read(self, aws: Access, identity: str, known: Properties) -> Properties | None:
        ec2 = aws.client("ec2")
        answer = unless_gone(lambda: ec2.describe_nat_gateways(NatGatewayIds=[identity]))
        gateways = [] if answer is None else answer["NatGateways"]
        if not gateways or gateways[0]["State"] in ("deleting", "deleted"):
            return None
        gateway = gateways[0]
        address: dict[str, Any] = next(iter(gateway.get("NatGatewayAddresses", ())), {})
        return {
            "allocationId": address.get("AllocationId") or "",
            "associationId": address.get("AssociationId") or "",
            "connectivityType": gateway.get("ConnectivityType") or "public",
            "networkInterfaceId": address.get("NetworkInterfaceId") or "",
            "privateIp": address.get("PrivateIp") or "",
            "publicIp": address.get("PublicIp") or "",
            "subnetId": gateway["SubnetId"],
            "tags": tag_map(gateway),
        }

    def update(self, aws: Access, identity: str, olds: Properties, news: Properties) -> str | None:
        retag(aws, identity, olds, news)
        return None

    def delete(self, aws: Access, identity: str, known: Properties) -> None:
        with self.doing(f"deleting EC2 NAT Gateway ({identity})"):
            aws.client("ec2").delete_nat_gateway(NatGatewayId=identity)


class Eip(Resource):
    kind = "aws:ec2/eip:Eip"
    carries_out = frozenset({"domain", "instance", "tags"})

    def create(self, aws: Access, inputs: Properties) -> str:
        with self.doing("creating EC2 EIP"):
            answer = aws.client("ec2").allocate_address(
                Domain=inputs.get("domain", "vpc"), **tagged("elastic-ip", inputs)
            )
        return str(answer["AllocationId"])

    def finish(self, aws: Access, identity: str, inputs: Properties) -> None:
        if inputs.get("instance"):
            with self.doing(f"associating EC2 EIP ({identity})"):
                aws.client("ec2").associate_address(
                    AllocationId=identity, InstanceId=inputs["instance"], AllowReassociation=True
                )

    def read(self, aws: Access, identity: str, known: Properties) -> Properties | None:
        answer = unless_gone(lambda: aws.client("ec2").describe_addresses(AllocationIds=[identity]))
        if answer is None or not answer["Addresses"]:
            return None
        address = answer["Addresses"][0]
        instance, private = address.get("InstanceId") or "", address.get("PrivateIpAddress") or ""
        public = address["PublicIp"]
        return {
            "allocationId": identity,
            "arn": aws.arn("ec2", f"elastic-ip/{identity}"),
            "associationId": address.get("AssociationId") or "",
            "domain": address["Domain"],
            "instance": instance,
            "networkInterface": address.get("NetworkInterfaceId") or "",
            "privateDns": f"ip-{private.replace('.', '-')}.{_private_domain(aws)}" if private else None,
            "privateIp": private,
            "publicDns": f"ec2-{public.replace('.', '-')}.{_public_domain(aws)}.amazonaws.com",
            "publicIp": public,
            "tags": tag_map(address),
        }

    def update(self, aws: Access, identity: str, olds: Properties, news: Properties) -> str | None:
        if differs("instance", olds, news):
            self.finish(aws, identity, news)
        retag(aws, identity, olds, news)
        return None

    def delete(self, aws: Access, identity: str, known: Properties) -> None:
        ec2 = aws.client("ec2")
        with self.doing(f"deleting EC2 EIP ({identity})"):
            for address in ec2.describe_addresses(AllocationIds=[identity])["Addresses"]:
                if address.get("AssociationId"):
                    ec2.disassociate_address(AssociationId=address["AssociationId"])
            ec2.release_address(AllocationId=identity)


class EipAssociation(Resource):
    kind = "aws:ec2/eipAssociation:EipAssociation"
    carries_out = frozenset({"allocationId", "instanceId", "networkInterfaceId", "allowReassociation"})

    def create(self, aws: Access, inputs: Properties) -> str:
        with self.doing("creating EC2 EIP Association"):
            answer = aws.client("ec2").associate_address(
                **present(
                    AllocationId=inputs.get("allocationId"),
                    InstanceId=inputs.get("instanceId"),
                    NetworkInterfaceId=inputs.get("networkInterfaceId"),
                    AllowReassociation=inputs.get("allowReassociation"),
                )
            )
        return str(answer["AssociationId"])

    def read(self, aws: Access, identity: str, known: Properties) -> Properties | None:
        filters = [{"Name": "association-id", "Values": [identity]}]
        addresses = aws.client("ec2").describe_addresses(Filters=filters)["Addresses"]
        if not addresses:
            return None
        address = addresses[0]
        return {
            "allocationId": address["AllocationId"],
            "instanceId": address.get("InstanceId") or "",
            "networkInterfaceId": address.get("NetworkInterfaceId") or "",
            "privateIpAddress": address.get("PrivateIpAddress") or "",
            "publicIp": address["PublicIp"],
        }

    def delete(self, aws: Access, identity: str, known: Properties) -> None:
        with self.doing(f"deleting EC2 EIP Association ({identity})"):
            aws.client("ec2").disassociate_address(AssociationId=identity)


def _private_domain(aws: Access) -> str:
    region = aws.settings.region
    return "ec2.internal" if region == "us-east-1" else f"{region}.compute.internal"


def _public_domain(aws: Access) -> str:
    region = aws.settings.region
    return "compute-1" if region == "us-east-1" else f"{region}.compute"
