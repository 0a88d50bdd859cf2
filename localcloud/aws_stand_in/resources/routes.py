"""Stand-in for pulumi-aws: route tables, routes and associations of tables with subnets."""

import zlib
from collections.abc import Mapping
from typing import Any

from ..access import Access
from ..errors import ProviderError, unless_gone
from ..properties import Properties
from .base import Resource, retag, tag_map, tagged

_TARGETS: Mapping[str, str] = {
    "gatewayId": "GatewayId",
    "natGatewayId": "NatGatewayId",
    "networkInterfaceId": "NetworkInterfaceId",
    "egressOnlyGatewayId": "EgressOnlyInternetGatewayId",
}
_DESTINATIONS: Mapping[str, str] = {
    "destinationCidrBlock": "DestinationCidrBlock",
    "destinationIpv6CidrBlock": "DestinationIpv6CidrBlock",
}
_INLINE_DESTINATIONS: Mapping[str, str] = {
    "cidrBlock": "DestinationCidrBlock",
    "ipv6CidrBlock": "DestinationIpv6CidrBlock",
}
_INLINE_EMPTY: Mapping[str, str] = dict.fromkeys(
    (
        "carrierGatewayId",
        "coreNetworkArn",
        "destinationPrefixListId",
        "localGatewayId",
        "transitGatewayId",
        "vpcEndpointId",
        "vpcPeeringConnectionId",
    ),
    "",
)


def _arguments(names: Mapping[str, str], values: Mapping[str, Any]) -> dict[str, str]:
    return {parameter: values[name] for name, parameter in names.items() if values.get(name)}


def _table(aws: Access, identity: str) -> dict[str, Any] | None:
    answer = unless_gone(lambda: aws.client("ec2").describe_route_tables(RouteTableIds=[identity]))
    found: dict[str, Any] | None = None if answer is None else answer["RouteTables"][0]
    return found


class RouteTable(Resource):
    kind = "aws:ec2/routeTable:RouteTable"
    carries_out = frozenset({"vpcId", "routes", "tags"})

    def create(self, aws: Access, inputs: Properties) -> str:
        with self.doing("creating Route Table"):
            answer = aws.client("ec2").create_route_table(VpcId=inputs["vpcId"], **tagged("route-table", inputs))
        return str(answer["RouteTable"]["RouteTableId"])

    def finish(self, aws: Access, identity: str, inputs: Properties) -> None:
        for route in inputs.get("routes") or ():
            self._add(aws, identity, route)

    def _add(self, aws: Access, identity: str, route: Mapping[str, Any]) -> None:
        destination = _arguments(_INLINE_DESTINATIONS, route)
        with self.doing(f"creating Route in Route Table ({identity}) with destination ({_text(destination)})"):
            aws.client("ec2").create_route(RouteTableId=identity, **destination, **_arguments(_TARGETS, route))

    def read(self, aws: Access, identity: str, known: Properties) -> Properties | None:
        table = _table(aws, identity)
        if table is None:
            return None
        return {
            "arn": aws.arn("ec2", f"route-table/{identity}"),
            "ownerId": table["OwnerId"],
            "vpcId": table["VpcId"],
            "routes": [_inline(route) for route in table["Routes"] if _is_inline(route)],
            "tags": tag_map(table),
        }

    def update(self, aws: Access, identity: str, olds: Properties, news: Properties) -> str | None:
        if news.get("routes") is not None and news["routes"] != olds.get("routes"):
            for route in olds.get("routes") or ():
                destination = _arguments(_INLINE_DESTINATIONS, route)
                with self.doing(f"deleting Route in Route Table ({identity})"):
                    aws.client("ec2").delete_route(RouteTableId=identity, **destination)
            self.finish(aws, identity, news)
        retag(aws, identity, olds, news)
        return None

    def delete(self, aws: Access, identity: str, known: Properties) -> None:
        with self.doing(f"deleting Route Table ({identity})"):
            aws.client("ec2").delete_route_table(RouteTableId=identity)


class Route(Resource):
    kind = "aws:ec2/route:Route"
    carries_out = frozenset({"routeTableId", *_DESTINATIONS, *_TARGETS})

    def create(self, aws: Access, inputs: Properties) -> str:
        table, destination = inputs["routeTableId"], _arguments(_DESTINATIONS, inputs)
        where = f"Route in Route Table ({table}) with destination ({_text(destination)})"
        if _route(aws, inputs) is not None:
            raise ProviderError(f"api error RouteAlreadyExists: {where} already exists")
        with self.doing(f"creating {where}"):
            aws.client("ec2").create_route(RouteTableId=table, **destination, **_arguments(_TARGETS, inputs))
        # Terraform's string hash: CRC-32 of the destination.
        return f"r-{table}{zlib.crc32(_text(destination).encode())}"

    def read(self, aws: Access, identity: str, known: Properties) -> Properties | None:
        if "routeTableId" not in known:
            raise ProviderError("the aws stand-in can't read a route that is not in the stack")
        route = _route(aws, known)
        if route is None:
            return None
        return {
            "origin": route["Origin"],
            "state": route["State"],
            **{name: route.get(parameter) or "" for name, parameter in _TARGETS.items()},
        }

    def update(self, aws: Access, identity: str, olds: Properties, news: Properties) -> str | None:
        table, destination = news["routeTableId"], _arguments(_DESTINATIONS, news)
        with self.doing(f"updating Route in Route Table ({table}) with destination ({_text(destination)})"):
            aws.client("ec2").replace_route(RouteTableId=table, **destination, **_arguments(_TARGETS, news))
        return None

    def delete(self, aws: Access, identity: str, known: Properties) -> None:
        table, destination = known["routeTableId"], _arguments(_DESTINATIONS, known)
        with self.doing(f"deleting Route in Route Table ({table}) with destination ({_text(destination)})"):
            aws.client("ec2").delete_route(RouteTableId=table, **destination)


class RouteTableAssociation(Resource):
    kind = "aws:ec2/routeTableAssociation:RouteTableAssociation"
    carries_out = frozenset({"routeTableId", "subnetId"})

    def create(self, aws: Access, inputs: Properties) -> str:
        with self.doing(f"creating Route Table ({inputs['routeTableId']}) Association"):
            answer = aws.client("ec2").associate_route_table(
                RouteTableId=inputs["routeTableId"], SubnetId=inputs["subnetId"]
            )
        return str(answer["AssociationId"])

    def read(self, aws: Access, identity: str, known: Properties) -> Properties | None:
        filters = [{"Name": "association.route-table-association-id", "Values": [identity]}]
        tables = aws.client("ec2").describe_route_tables(Filters=filters)["RouteTables"]
        for table in tables:
            for association in table["Associations"]:
                if association["RouteTableAssociationId"] == identity:
                    return {"routeTableId": table["RouteTableId"], "subnetId": association.get("SubnetId", "")}
        return None

    def update(self, aws: Access, identity: str, olds: Properties, news: Properties) -> str | None:
        with self.doing(f"updating Route Table Association ({identity})"):
            answer = aws.client("ec2").replace_route_table_association(
                AssociationId=identity, RouteTableId=news["routeTableId"]
            )
        return str(answer["NewAssociationId"])

    def delete(self, aws: Access, identity: str, known: Properties) -> None:
        with self.doing(f"deleting Route Table Association ({identity})"):
            aws.client("ec2").disassociate_route_table(AssociationId=identity)


def _text(destination: Mapping[str, str]) -> str:
    return next(iter(destination.values()), "")


def _route(aws: Access, properties: Properties) -> dict[str, Any] | None:
    table = _table(aws, properties["routeTableId"])
    wanted = _arguments(_DESTINATIONS, properties)
    for route in [] if table is None else table["Routes"]:
        if wanted.items() <= route.items():
            found: dict[str, Any] = route
            return found
    return None


def _is_inline(route: Mapping[str, Any]) -> bool:
    """Whether it is one that a program gives: not the table's own, and not a gateway endpoint's."""
    return route.get("Origin") == "CreateRoute" and "DestinationPrefixListId" not in route


def _inline(route: Mapping[str, Any]) -> Properties:
    names = {**_INLINE_DESTINATIONS, **_TARGETS}
    return {**_INLINE_EMPTY, **{name: route.get(parameter) or "" for name, parameter in names.items()}}
