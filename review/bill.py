"""What a stack costs before and after a change, by its outputs and by what AWS asks today."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from planning import fees
from planning.aws import endpoints_by_service
from planning.costs import Cost, MachineRow, cost, from_plain
from planning.fees import NetworkRow
from planning.market import Market, Wanted

from .changes import Changes

_Text = TypeVar("_Text", str, tuple[str, str])


@dataclass(frozen=True)
class Bill:
    """Both costs at the same prices, so that what differs is the change's."""

    before: Cost | None
    """None for a stack that is new, or of a release without the output."""
    after: Cost | None
    currency: str
    rows: tuple[MachineRow, ...]
    """The machines after the change; before it, where none comes."""
    market: Market


def bill_of(changes: Changes, market: Market) -> Bill | None:
    """Return the costs; None where the stack has no outputs about them."""
    before, after = (_stack(outputs) for outputs in (changes.outputs_before, changes.outputs_after))
    stack = before if after is None else after
    if stack is None:
        return None
    said = (changes.outputs_after or changes.outputs_before).get("worst_case_cost")
    currency = str(said.get("currency", "USD")) if isinstance(said, Mapping) else "USD"
    costs = [None if each is None else cost(each.machines, each.network, market) for each in (before, after)]
    return Bill(costs[0], costs[1], currency, stack.machines, market)


def wanted_of(changes: Changes) -> Wanted | None:
    """Return what to ask AWS to price the stack before and after; None where there is nothing to price."""
    both = [each for each in map(_stack, (changes.outputs_before, changes.outputs_after)) if each]
    rows = [row for each in both for row in each.machines]
    if not rows or "region" not in changes.aws:
        return None
    spot = [row for row in rows if row.cap is not None]
    return Wanted(
        region=changes.aws["region"],
        instance_types=_sorted(row.type for row in rows),
        zones=_sorted(row.zone for row in rows),
        priced=_sorted((row.type, fees.price_region(row.zone)) for row in rows),
        fees=fees.fees_of(rows, [row for each in both for row in each.network]),
        spot_types=_sorted(row.type for row in spot),
        spot_zones=_sorted(row.zone for row in spot),
        quotas=(),
    )


def endpoints_of(changes: Changes) -> dict[str, str]:
    """Return the URLs of AWS's services that the stack sets, by their names; empty for AWS's own."""
    try:
        given = json.loads(changes.aws.get("endpoints") or "[]")
    except ValueError:
        return {}
    return endpoints_by_service(given)


@dataclass(frozen=True)
class _Stack:
    """What a stack says of itself."""

    machines: tuple[MachineRow, ...]
    network: tuple[NetworkRow, ...]


def _stack(outputs: Mapping[str, object]) -> _Stack | None:
    machines, network = outputs.get("machines"), outputs.get("network_charges")
    if not isinstance(machines, list) or not isinstance(network, list):
        return None
    try:
        return _Stack(tuple(from_plain(machines)), tuple(fees.from_plain(network)))
    except TypeError:  # of another release, or unknown yet
        return None


def _sorted(values: Iterable[_Text]) -> tuple[_Text, ...]:
    return tuple(sorted(set(values)))
