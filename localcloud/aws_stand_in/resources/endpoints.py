"""Stand-in for pulumi-aws: endpoints of a VPC: gateway ones, as for S3, and interfaces, as for SSM."""

from collections.abc import Iterator, Mapping
from typing import Any

from ..access import Access
from ..errors import unless_gone
from ..properties import UNKNOWN, Properties
from ..same import normal_policy
from .base import Resource, differs, present, retag, tag_map, tagged

_LISTS: Mapping[str, str] = {
    "routeTableIds": "RouteTableId",
    "securityGroupIds": "SecurityGroupId",
    "subnetIds": "SubnetId",
}


class VpcEndpoint(Resource):
    kind = "aws:ec2/vpcEndpoint:VpcEndpoint"
    carries_out = frozenset({"vpcId", "serviceName", "vpcEndpointType", "privateDnsEnabled", "policy", "tags", *_LISTS})

    def refusals(self, inputs: Properties) -> Iterator[tuple[str, str]]:
        if inputs.get("vpcEndpointType", "Gateway") not in ("Gateway", "Interface", UNKNOWN):
            yield "vpcEndpointType", "the aws stand-in carries out gateway and interface endpoints only"

    def create(self, aws: Access, inputs: Properties) -> str:
        service = inputs.get("serviceName")
        with self.doing(f"creating EC2 VPC Endpoint ({service})"):
            answer = aws.client("ec2").create_vpc_endpoint(
                VpcId=inputs["vpcId"],
                VpcEndpointType=inputs.get("vpcEndpointType") or "Gateway",
                PrivateDnsEnabled=bool(inputs.get("privateDnsEnabled")),
                **present(
                    ServiceName=service,
                    PolicyDocument=inputs.get("policy"),
                    **{f"{parameter}s": inputs.get(name) for name, parameter in _LISTS.items()},
                ),
                **tagged("vpc-endpoint", inputs),
            )
        return str(answer["VpcEndpoint"]["VpcEndpointId"])

    def read(self, aws: Access, identity: str, known: Properties) -> Properties | None:
        ec2 = aws.client("ec2")
        answer = unless_gone(lambda: ec2.describe_vpc_endpoints(VpcEndpointIds=[identity]))
        if answer is None or answer["VpcEndpoints"][0]["State"] == "deleted":
            return None
        endpoint = answer["VpcEndpoints"][0]
        by_name = [{"Name": "prefix-list-name", "Values": [endpoint["ServiceName"]]}]
        lists = ec2.describe_prefix_lists(Filters=by_name)["PrefixLists"]
        return {
            "arn": aws.arn("ec2", f"vpc-endpoint/{identity}"),
            "ownerId": endpoint["OwnerId"],
            "policy": normal_policy(endpoint["PolicyDocument"]),
            "prefixListId": lists[0]["PrefixListId"] if lists else None,
            "routeTableIds": endpoint["RouteTableIds"],
            "serviceName": endpoint["ServiceName"],
            "state": endpoint["State"],
            "vpcId": endpoint["VpcId"],
            # moto can't change it, and takes it as said of gateway endpoints.
            "privateDnsEnabled": bool(known.get("privateDnsEnabled")),
            "vpcEndpointType": endpoint["VpcEndpointType"],
            "subnetIds": endpoint.get("SubnetIds") or [],
            "securityGroupIds": [group["GroupId"] for group in endpoint.get("Groups") or ()],
            "networkInterfaceIds": endpoint.get("NetworkInterfaceIds") or [],
            "dnsEntries": [_dns_entry(entry) for entry in endpoint.get("DnsEntries") or ()],
            "subnetConfigurations": self._addresses(aws, endpoint),
            "tags": tag_map(endpoint),
        }

    def _addresses(self, aws: Access, endpoint: Mapping[str, Any]) -> list[Properties]:
        interfaces = endpoint.get("NetworkInterfaceIds") or []
        if not interfaces:
            return []
        answer = aws.client("ec2").describe_network_interfaces(NetworkInterfaceIds=interfaces)
        return [
            {"ipv4": found["PrivateIpAddress"], "ipv6": "", "subnetId": found["SubnetId"]}
            for found in answer["NetworkInterfaces"]
        ]

    def update(self, aws: Access, identity: str, olds: Properties, news: Properties) -> str | None:
        policy = news["policy"] if differs("policy", olds, news) else None
        changes = present(PolicyDocument=policy)
        for name, parameter in _LISTS.items():
            old = set(olds.get(name) or ())
            new = set(news.get(name, old))
            changes |= present(
                **{f"Add{parameter}s": sorted(new - old) or None, f"Remove{parameter}s": sorted(old - new) or None}
            )
        if changes:
            with self.doing(f"updating EC2 VPC Endpoint ({identity})"):
                aws.client("ec2").modify_vpc_endpoint(VpcEndpointId=identity, **changes)
        retag(aws, identity, olds, news)
        return None

    def delete(self, aws: Access, identity: str, known: Properties) -> None:
        with self.doing(f"deleting EC2 VPC Endpoint ({identity})"):
            aws.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[identity])


def _dns_entry(entry: Mapping[str, str]) -> Properties:
    return {"dnsName": entry["DnsName"], "hostedZoneId": entry["HostedZoneId"]}
