"""The questions to AWS about a market: which call answers each of them, and how its answer is read.

Answers are plain JSON, so that they can be kept; nothing here needs AWS's SDK but the client that is handed in.
"""

import json
import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypedDict

from planning.fees import INTERFACE_ENDPOINT, NAT_GATEWAY, PUBLIC_ADDRESS
from planning.market import Wanted
from planning.routes import WayOut, ways_out
from planning.spot_history import WINDOW, SpotHistory

Client = Any
"""Of AWS's SDK, which has no types."""

Parts = Mapping[str, Mapping[Any, Any]]
"""Parts of a `Market`, by the names of its fields."""

UNREADABLE = (AttributeError, LookupError, OverflowError, TypeError, ValueError)
"""What comes of an answer that is none, such as one of a file that something else has written."""

_LARGEST = 1e12


@dataclass(frozen=True)
class Question:
    """One look-up."""

    what: str
    """As a plural: `spot prices`."""
    service: str
    """As AWS's SDK names it."""
    region: str
    """Where the service is asked."""
    permission: str
    """The action that a policy has to allow."""
    parameters: tuple[object, ...]
    ask: Callable[..., object]
    """Called with the client and the parameters; returns JSON."""
    read: Callable[..., Parts]
    """Called with the answer and the parameters. Raises one of `UNREADABLE` for what can't be an answer."""
    lasts: Callable[[Any], bool] = lambda answer: True
    """Whether an answer is kept: not where a person is told of something that they may mend within the hour."""

    @property
    def key(self) -> list[object]:
        """What distinguishes it from other questions."""
        return [self.what, self.region, self.parameters]


def questions(wanted: Wanted) -> list[Question]:
    """List what has to be asked."""
    region = wanted.region
    found = [
        Question(
            "offers of instance types",
            *("ec2", region, "ec2:DescribeInstanceTypeOfferings"),
            (wanted.instance_types, wanted.zones),
            *(_ask_offers, _read_offers),
        ),
        Question(
            "properties of instance types",
            *("ec2", region, "ec2:DescribeInstanceTypes"),
            (wanted.instance_types,),
            *(_ask_types, _read_types),
        ),
    ]
    if wanted.spot_types:
        of_spot, action = (wanted.spot_types, wanted.spot_zones), "ec2:DescribeSpotPriceHistory"
        found.append(Question("spot prices", "ec2", region, action, of_spot, _ask_spot, _read_spot))
    prices_at = "cn-northwest-1" if region.startswith("cn-") else "us-east-1"
    action = "pricing:GetProducts"
    for priced in wanted.priced:
        found.append(Question("prices on demand", "pricing", prices_at, action, priced, _ask_price, _read_price))
    for fee in wanted.fees:
        found.append(Question("prices of disks and network", "pricing", prices_at, action, fee, _ask_fee, _read_fee))
    for code in wanted.quotas:
        action = "servicequotas:GetServiceQuota"
        found.append(Question("spot quotas", "service-quotas", region, action, (code,), _ask_quota, _read_quota))
    if wanted.subnets:
        action = "ec2:DescribeRouteTables"
        of_routes = (_ask_routes, _read_routes, _lead_out)
        found.append(Question("ways out of subnets", "ec2", region, action, wanted.subnets, *of_routes))
    return found


def _pages(client: Client, operation: str, field: str, **parameters: object) -> Iterable[Any]:
    pages = client.get_paginator(operation).paginate(**parameters)
    return (item for page in pages for item in page[field])


def _filters(**values: Iterable[str]) -> list[dict[str, object]]:
    return [{"Name": name.replace("_", "-"), "Values": list(given)} for name, given in values.items()]


# All of EC2's questions are asked with filters: an unknown type given by name would be an error for all.


def _ask_offers(client: Client, types: Iterable[str], zones: Iterable[str]) -> list[tuple[str, str]]:
    filters = _filters(instance_type=types, location=zones)
    operation, field = "describe_instance_type_offerings", "InstanceTypeOfferings"
    offers = _pages(client, operation, field, LocationType="availability-zone", Filters=filters)
    return [(offer["InstanceType"], offer["Location"]) for offer in offers]


def _read_offers(answer: Iterable[tuple[str, str]], types: Iterable[str], zones: Iterable[str]) -> Parts:
    offers = {(kind, zone) for kind, zone in answer}
    return {"offered": {kind: frozenset(zone for zone in zones if (kind, zone) in offers) for kind in types}}


def _ask_types(client: Client, types: Iterable[str]) -> list[tuple[str, int, list[str]]]:
    found = _pages(client, "describe_instance_types", "InstanceTypes", Filters=_filters(instance_type=types))
    return [
        (each["InstanceType"], each["VCpuInfo"]["DefaultVCpus"], each["ProcessorInfo"]["SupportedArchitectures"])
        for each in found
    ]


def _read_types(answer: Collection[tuple[str, int, Iterable[str]]], types: Iterable[str]) -> Parts:
    return {
        "vcpus": {str(kind): int(_amount(count)) for kind, count, _ in answer},
        "architectures": {str(kind): frozenset(map(str, able)) for kind, _, able in answer},
    }


class _SpotPrices(TypedDict):
    until: float
    points: list[tuple[str, str, float, str]]
    """Instance type, zone, since when, and the price."""


def _ask_spot(client: Client, types: Iterable[str], zones: Iterable[str]) -> _SpotPrices:
    now = datetime.now(UTC)
    filters = _filters(instance_type=types, availability_zone=zones, product_description=["Linux/UNIX"])
    operation, field = "describe_spot_price_history", "SpotPriceHistory"
    points = _pages(client, operation, field, StartTime=now - WINDOW, Filters=filters)
    rows = [(p["InstanceType"], p["AvailabilityZone"], p["Timestamp"].timestamp(), p["SpotPrice"]) for p in points]
    return {"until": now.timestamp(), "points": rows}


def _read_spot(answer: _SpotPrices, types: Iterable[str], zones: Iterable[str]) -> Parts:
    points: dict[tuple[str, str], list[tuple[datetime, float]]] = {}
    for kind, zone, since, price in answer["points"]:
        points.setdefault((str(kind), str(zone)), []).append((datetime.fromtimestamp(since, UTC), _amount(price)))
    until = datetime.fromtimestamp(answer["until"], UTC)
    return {"spot": {place: SpotHistory(until, tuple(each)) for place, each in points.items()}}


def _ask_price(client: Client, kind: str, region: str) -> float | None:
    wanted = {
        "instanceType": kind,
        "regionCode": region,
        "operatingSystem": "Linux",
        "tenancy": "Shared",
        "preInstalledSw": "NA",
        "capacitystatus": "Used",
        "marketoption": "OnDemand",
    }
    return _first_price(_products(client, "AmazonEC2", wanted))


def _read_price(answer: float | None, kind: str, region: str) -> Parts:
    return {"on_demand": {} if answer is None else {(kind, region): _amount(answer)}}


_FEES = {
    NAT_GATEWAY: ("AmazonEC2", {"productFamily": "NAT Gateway"}, "NatGateway-Hours"),
    INTERFACE_ENDPOINT: ("AmazonVPC", {"productFamily": "VpcEndpoint"}, "VpcEndpoint-Hours"),
    # These have no family.
    PUBLIC_ADDRESS: ("AmazonVPC", {"group": "VPCPublicIPv4Address"}, "PublicIPv4:InUseAddress"),
}
"""The service, what its price list is filtered by, and the usage type, without the region's code before it."""


def _ask_fee(client: Client, what: str, region: str) -> float | None:
    of_disk = ("AmazonEC2", {"productFamily": "Storage", "volumeApiName": what}, rf"EBS:VolumeUsage(\.{what})?")
    service, wanted, usage = _FEES.get(what, of_disk)
    pattern = re.compile(rf"([A-Z0-9-]+-)?{usage}")
    found = _products(client, service, {**wanted, "regionCode": region})
    return _first_price([each for each in found if pattern.fullmatch(each["product"]["attributes"]["usagetype"])])


def _read_fee(answer: float | None, what: str, region: str) -> Parts:
    return {"fees": {} if answer is None else {(what, region): _amount(answer)}}


def _products(client: Client, service: str, wanted: Mapping[str, str]) -> list[Any]:
    """https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_pricing_GetProducts.html"""
    filters = [{"Type": "TERM_MATCH", "Field": field, "Value": value} for field, value in wanted.items()]
    found = client.get_products(ServiceCode=service, Filters=filters, MaxResults=100)["PriceList"]
    return [json.loads(product) for product in found]


def _first_price(products: Iterable[Any]) -> float | None:
    terms = [term for product in products for term in product["terms"].get("OnDemand", {}).values()]
    units = [price["pricePerUnit"] for term in terms for price in term["priceDimensions"].values()]
    # In China prices are in CNY. A price of 0 belongs to something else than a machine.
    prices = [float(amount) for unit in units for amount in unit.values()]
    return next((price for price in prices if 0 < price < math.inf), None)


def _ask_quota(client: Client, code: str) -> object:
    return client.get_service_quota(ServiceCode="ec2", QuotaCode=code)["Quota"]["Value"]


def _read_quota(answer: float, code: str) -> Parts:
    return {"quotas": {code: _amount(answer)}}


def _ask_routes(client: Client, vpc: str, subnets: Iterable[str]) -> dict[str, WayOut]:
    return ways_out(_pages(client, "describe_route_tables", "RouteTables", Filters=_filters(vpc_id=[vpc])), subnets)


def _read_routes(answer: Mapping[str, str], vpc: str, subnets: Iterable[str]) -> Parts:
    return {"ways_out": {subnet: WayOut(answer[subnet]) for subnet in subnets if subnet in answer}}


def _lead_out(answer: Mapping[str, str]) -> bool:
    return WayOut.NONE not in answer.values()


def _amount(answer: float | str) -> float:
    """Read a price or a number of something, which may end up in config.toml. Raises ValueError."""
    amount = float(answer)
    if not 0 <= amount < _LARGEST:
        raise ValueError(f"{amount} is not a valid amount")
    return amount
