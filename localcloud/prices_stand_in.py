"""A stand-in for AWS's prices and spot quotas, in front of the emulated AWS, which has none.

It answers DescribeSpotPriceHistory, GetProducts and GetServiceQuota in the form of AWS's API references. All numbers
are invented. What it does not know it passes on.
"""

import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape

from .wsgi import Application, body_of

ON_DEMAND = {"c5.xlarge": 0.2, "m5.large": 0.1, "m6g.large": 0.08, "m6i.large": 0.11, "t3.small": 0.02}
"""Invented prices, the same in every region; other types have none."""
FEES = {"gp3": 0.073, "gp2": 0.1095, "NAT gateway": 0.05, "interface endpoint": 0.01, "public address": 0.005}
"""Invented prices of what else is charged by time: of disks for a GiB and month, of the rest for an hour."""
QUOTAS = {"L-34B43A08": 64.0, "L-3819A6DF": 0.0}
"""Invented quotas, as of an account that asked once for more; others are 0 too."""

SPOT_SHARES = {40: 0.9, 30: 0.4, 18: 0.5, 6: 0.45}
"""Invented spot prices as shares of the on-demand price, by how many hours ago they began; Windows costs twice that."""

_LONGEST_BODY = 1_000_000
_PRICES, _QUOTA = "AWSPriceListService.GetProducts", "ServiceQuotasV20190624.GetServiceQuota"
_JSON = "application/x-amz-json-1.1"


def with_prices(behind: Application) -> Application:
    """Put the stand-in in front of an emulated AWS."""

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if environ["REQUEST_METHOD"] != "POST" or not 0 < length < _LONGEST_BODY:
            return behind(environ, start_response)
        found = _answer(str(environ.get("HTTP_X_AMZ_TARGET")), str(environ.get("CONTENT_TYPE")), body_of(environ))
        if found is None:
            return behind(environ, start_response)
        kind, text = found
        start_response("200 OK", [("Content-Type", kind), ("Content-Length", str(len(text.encode())))])
        return [text.encode()]

    return answer


def _answer(target: str, content_type: str, body: bytes) -> tuple[str, str] | None:
    if target == _PRICES:
        return _JSON, json.dumps(_products(json.loads(body)))
    if target == _QUOTA:
        code = json.loads(body)["QuotaCode"]
        return _JSON, json.dumps({"Quota": {"ServiceCode": "ec2", "QuotaCode": code, "Value": QUOTAS.get(code, 0.0)}})
    if content_type.startswith("application/x-www-form-urlencoded") and b"Action=DescribeSpotPriceHistory" in body:
        return "text/xml", _spot_prices({name: values[0] for name, values in parse_qs(body.decode()).items()})
    return None


def _products(request: dict[str, Any]) -> dict[str, Any]:
    """https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_pricing_GetProducts.html"""
    fields = {each["Field"]: each["Value"] for each in request["Filters"]}
    found = _instances(fields) if "instanceType" in fields else _fees(request["ServiceCode"], fields)
    products = [
        {
            "product": {"sku": "INVENTED", "attributes": {**fields, **more}},
            "serviceCode": request["ServiceCode"],
            "terms": {"OnDemand": {"INVENTED.TERM": {"priceDimensions": {"INVENTED.TERM.RATE": dimension}}}},
        }
        for more, unit, price in found
        for dimension in ({"unit": unit, "pricePerUnit": {"USD": f"{price:.10f}"}},)
    ]
    return {"FormatVersion": "aws_v1", "PriceList": [json.dumps(product) for product in products]}


Offer = tuple[dict[str, str], str, float]
"""Attributes beyond those asked for, the unit, and the price of one."""


def _instances(fields: dict[str, str]) -> list[Offer]:
    price = ON_DEMAND.get(fields["instanceType"])
    return [] if price is None else [({}, "Hrs", price)]


def _fees(service: str, fields: dict[str, str]) -> list[Offer]:
    """As in AWS's list, what is asked for has others of its kind beside it."""
    match service, fields:
        case "AmazonEC2", {"productFamily": "Storage", "volumeApiName": kind} if kind in FEES:
            found = [(f"EBS:VolumeUsage.{kind}", "GB-Mo", FEES[kind])]
        case "AmazonEC2", {"productFamily": "NAT Gateway"}:
            found = [("NatGateway-Bytes", "GB", 0.9), ("RegionalNatGateway-Hours", "Hrs", 0.9)]
            found += [("NatGateway-Hours", "Hrs", FEES["NAT gateway"])]
        case "AmazonVPC", {"productFamily": "VpcEndpoint"}:
            found = [("VpcEndpoint-Bytes", "GB", 0.9), ("VpcEndpoint-GWLBE-Hours", "Hrs", 0.9)]
            found += [("VpcEndpoint-Hours", "Hrs", FEES["interface endpoint"])]
        case "AmazonVPC", {"group": "VPCPublicIPv4Address"}:
            found = [("PublicIPv4:IdleAddress", "Hrs", 0.9), ("PublicIPv4:InUseAddress", "Hrs", FEES["public address"])]
        case _:
            found = []
    return [({"usagetype": f"EUC1-{usage}"}, unit, price) for usage, unit, price in found]


def _spot_prices(parameters: dict[str, str]) -> str:
    """https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSpotPriceHistory.html"""
    wanted: dict[str, list[str]] = {}
    for name, value in parameters.items():
        if name.startswith("Filter.") and ".Value." in name:
            wanted.setdefault(parameters[name.partition(".Value.")[0] + ".Name"], []).append(value)
    now = datetime.now(UTC)
    start = parameters.get("StartTime")
    oldest = (now - datetime.fromisoformat(start)).total_seconds() / 3600 if start else float("inf")
    # The last price before the start is told too: it is the one that was in force then.
    earlier = sorted(hours for hours in SPOT_SHARES if hours >= oldest)
    told = [*(hours for hours in SPOT_SHARES if hours < oldest), *earlier[:1]]
    items = [
        _spot_price(kind, zone, product, now - timedelta(hours=hours), factor * SPOT_SHARES[hours] * ON_DEMAND[kind])
        for kind in wanted.get("instance-type", ON_DEMAND)
        for zone in wanted.get("availability-zone", [])
        for product, factor in (("Linux/UNIX", 1), ("Windows", 2))
        for hours in told
        if kind in ON_DEMAND and product in wanted.get("product-description", [product])
    ]
    history = f"<spotPriceHistorySet>{''.join(items)}</spotPriceHistorySet><nextToken/>"
    namespace = "http://ec2.amazonaws.com/doc/2016-11-15/"
    return f'<DescribeSpotPriceHistoryResponse xmlns="{namespace}">{history}</DescribeSpotPriceHistoryResponse>'


def _spot_price(kind: str, zone: str, product: str, since: datetime, price: float) -> str:
    content = {
        "instanceType": kind,
        "productDescription": product,
        "spotPrice": f"{price:.6f}",
        "timestamp": since.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "availabilityZone": zone,
    }
    return f"<item>{''.join(f'<{name}>{escape(text)}</{name}>' for name, text in content.items())}</item>"
