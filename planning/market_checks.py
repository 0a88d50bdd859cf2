"""What AWS's answers mean for a stack: prices, types and quotas with which no machine would start."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from config_render.base.instance_types import architecture
from config_render.base.problems import Location, Problem, problem

from .market import MANAGER, Machines, Market, by_group
from .spot_quotas import SPOT_QUOTAS, spot_quota

_T = TypeVar("_T")
# AWS publishes more digits than people type.
_SAME_PRICE = 0.001


def market_errors(every: list[Machines], market: Market) -> list[Problem]:
    """Return why some of a stack's machines can never start, as far as AWS has answered."""
    return [each for rule in (_offers, _types) for each in rule(every, market)]


def market_warnings(every: list[Machines], region: str, market: Market) -> list[Problem]:
    """Return what may keep a stack's machines from starting, at today's prices and within today's quotas."""
    return [*_caps(every, market), *_said_prices(every, market), *_quotas(every, region, market)]


def _caps(every: list[Machines], market: Market) -> Iterator[Problem]:
    def under(one: Machines) -> bool:
        history = market.spot.get((one.instance_type, one.zone))
        return history is not None and one.cap is not None and history.is_above(one.cap)

    for alike in _grouped(filter(under, every), lambda one: (one.cap_at, one.instance_type)):
        prices = {one.zone: market.spot[one.instance_type, one.zone].latest for one in alike}
        listed = _joined([f"{price:g} in {zone}" for zone, price in prices.items()])
        message = (
            f"is under today's spot price of {alike[0].instance_type}, {listed}, so that AWS starts none there; "
            f"raise it to {max(prices.values()):g} or more, or take another zone or type"
        )
        yield problem(alike[0].cap_at, message, alike[0].cap)


def _said_prices(every: list[Machines], market: Market) -> Iterator[Problem]:
    for alike in _grouped(every, lambda one: (one.said_at, one.instance_type, one.price_region)):
        one = alike[0]
        price = market.on_demand.get((one.instance_type, one.price_region))
        if one.said is not None and price is not None and not math.isclose(one.said, price, rel_tol=_SAME_PRICE):
            message = f"is not what {one.instance_type} costs on demand in {one.price_region}; set {price:g}"
            yield problem(one.said_at, message, one.said)


def _offers(every: list[Machines], market: Market) -> Iterator[Problem]:
    def missing(one: Machines) -> bool:
        return one.zone not in market.offered.get(one.instance_type, {one.zone})

    for alike in _grouped(filter(missing, every), lambda one: (one.type_at, one.instance_type)):
        one, zones = alike[0], "network.zones" if alike[0].at == (MANAGER,) else "the pool's zones"
        message = f"is not offered in {_joined([each.zone for each in alike])}; take another type, or change {zones}"
        yield problem(one.type_at, message, one.instance_type)


def _types(every: list[Machines], market: Market) -> Iterator[Problem]:
    # Without an image in the settings one is looked up for what the type's name says.
    for alike in _grouped((one for one in every if one.image is None), lambda one: (one.type_at, one.instance_type)):
        one = alike[0]
        hint = "manager.ami" if one.at == (MANAGER,) else "the pool's ami"
        able, named = market.architectures.get(one.instance_type), architecture(one.instance_type)
        if able is not None and named not in able:
            message = (
                f"is {' or '.join(sorted(able))}, and the image that is looked up for it is {named}; "
                f"name another with {hint}"
            )
            yield problem(one.type_at, message, one.instance_type)


def _quotas(every: list[Machines], region: str, market: Market) -> Iterator[Problem]:
    for quota in SPOT_QUOTAS:
        ours = [one for one in every if one.cap is not None and spot_quota(one.instance_type) is quota]
        groups = by_group(ours)
        needed = sum(max(one.count * market.vcpus.get(one.instance_type, 0) for one in group) for group in groups)
        allowed = market.quotas.get(quota.code)
        if allowed is None or needed <= allowed:
            continue
        pools = sorted({one.at for one in ours})
        limit = sum(group[0].count for group in groups)
        place: Location = (*pools[0], "limit") if len(pools) == 1 else ("pools",)
        message = (
            f"may take {limit} spot machines with {needed} vCPUs, above the account's quota of {allowed:g} in {region} "
            f"({quota.name}); lower {'it' if len(pools) == 1 else 'their limits'}, or ask for more: "
            f"aws service-quotas request-service-quota-increase --region {region} --service-code ec2 "
            f"--quota-code {quota.code} --desired-value {needed}"
        )
        yield problem(place, message, limit if len(pools) == 1 else None)


def _grouped(every: Iterable[Machines], key: Callable[[Machines], _T]) -> list[list[Machines]]:
    groups: dict[_T, list[Machines]] = defaultdict(list)
    for one in every:
        groups[key(one)].append(one)
    return list(groups.values())


def _joined(texts: Iterable[str]) -> str:
    *most, last = texts
    return f"{', '.join(most)} and {last}" if most else last
