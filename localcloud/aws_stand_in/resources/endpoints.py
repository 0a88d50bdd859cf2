"""Stand-in for pulumi-aws: gateway endpoints of a VPC, such as the one for S3."""

from collections.abc import Iterator

from ..access import Access
from ..errors import unless_gone
from ..properties import UNKNOWN, Properties
from ..same import normal_policy
from .base import Resource, differs, present, retag, tag_map, tagged


class VpcEndpoint(Resource):
    kind = "aws:ec2/vpcEndpoint:VpcEndpoint"
    carries_out = frozenset({"vpcId", "serviceName", "routeTableIds", "vpcEndpointType", "policy", "tags"})

    def refusals(self, inputs: Properties) -> Iterator[tuple[str, str]]:
        if inputs.get("vpcEndpointType", "Gateway") not in ("Gateway", UNKNOWN):
            yield "vpcEndpointType", "the aws stand-in carries out gateway endpoints only"

    def create(self, aws: Access, inputs: Properties) -> str:
        service = inputs.get("serviceName")
        with self.doing(f"creating EC2 VPC Endpoint ({service})"):
            answer = aws.client("ec2").create_vpc_endpoint(
                VpcId=inputs["vpcId"],
                VpcEndpointType="Gateway",
                PrivateDnsEnabled=False,
                **present(
                    ServiceName=service,
                    RouteTableIds=inputs.get("routeTableIds"),
                    PolicyDocument=inputs.get("policy"),
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
            "privateDnsEnabled": False,
            "vpcEndpointType": "Gateway",
            "subnetIds": [],
            "securityGroupIds": [],
            "networkInterfaceIds": [],
            "dnsEntries": [],
            "subnetConfigurations": [],
            "tags": tag_map(endpoint),
        }

    def update(self, aws: Access, identity: str, olds: Properties, news: Properties) -> str | None:
        old = set(olds.get("routeTableIds") or ())
        new = set(news.get("routeTableIds", old))
        policy = news["policy"] if differs("policy", olds, news) else None
        changes = present(
            AddRouteTableIds=sorted(new - old) or None,
            RemoveRouteTableIds=sorted(old - new) or None,
            PolicyDocument=policy,
        )
        if changes:
            with self.doing(f"updating EC2 VPC Endpoint ({identity})"):
                aws.client("ec2").modify_vpc_endpoint(VpcEndpointId=identity, **changes)
        retag(aws, identity, olds, news)
        return None

    def delete(self, aws: Access, identity: str, known: Properties) -> None:
        with self.doing(f"deleting EC2 VPC Endpoint ({identity})"):
            aws.client("ec2").delete_vpc_endpoints(VpcEndpointIds=[identity])
