"""The tables of pools and of their machines."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from config_render.base.amounts import Amount
from planning.costs import HOURS_A_MONTH, Cost, MachineRow, cost
from planning.fees import NetworkRow, price_region
from planning.market import Market
from planning.spot_history import NO_CAP

from .money import UNKNOWN, Money

_NONE = "–"  # noqa: RUF001 - a dash for what does not apply

PRICES = ("Cap", "Lowest", "Median", "Highest", "Within the cap", "On demand")


@dataclass(frozen=True, kw_only=True)
class PoolLine:
    """What a pool, the manager, a part of the network, or all of it comes to."""

    pool: str
    zones: str
    types: str
    most: str
    worst_hour: str
    worst_month: str
    idle_hours: str
    waiting_month: str


@dataclass(frozen=True)
class PartLine:
    """What one part of all comes to, such as disks."""

    part: str
    worst_hour: str
    worst_month: str
    waiting_month: str


@dataclass(frozen=True, kw_only=True)
class MachineLine:
    """Machines of one pool, zone and type."""

    pool: str
    zone: str
    type: str
    bought: str
    most: int
    prices: tuple[str, ...]
    """Those that `PRICES` names."""


def pool_lines(rows: Sequence[MachineRow], market: Market, money: Money, region: str) -> list[PoolLine]:
    """Return a line for each pool, and the manager."""
    pools = {name: [row for row in rows if row.pool == name] for name in dict.fromkeys(row.pool for row in rows)}
    return [pool_line(name, mine, cost(mine, [], market), money, region) for name, mine in pools.items()]


def pool_line(name: str, rows: Sequence[MachineRow], found: Cost, money: Money, region: str) -> PoolLine:
    """Return what rows come to, which cost as `found` says."""
    return PoolLine(
        pool=name,
        zones=_zones(rows, region),
        types=", ".join(_kinds(rows)),
        most=str(found.most),
        worst_hour=money.an_hour(found.worst_per_hour),
        worst_month=money.a_month(found.worst_per_month),
        idle_hours=f"{sum(row.idle_hours for row in rows):g}",
        waiting_month=money.a_month(found.expected_per_month),
    )


def network_lines(rows: Sequence[NetworkRow], market: Market, money: Money, region: str) -> list[PoolLine]:
    """Return a line for each part of the network."""
    lines = []
    for what in dict.fromkeys(row.what for row in rows):
        alike = [row for row in rows if row.what == what]
        found, count = cost([], alike, market), sum(row.count for row in alike)
        line = PoolLine(
            pool=f"{count} {what}{'' if count == 1 else 's'}",
            zones=_zones(alike, region),
            types=_NONE,
            most=_NONE,
            worst_hour=money.an_hour(found.worst_per_hour),
            worst_month=money.a_month(found.worst_per_month),
            idle_hours=_NONE,
            waiting_month=money.a_month(found.expected_per_month),
        )
        lines.append(line)
    return lines


def part_lines(found: Cost, money: Money) -> list[PartLine]:
    """Return a line for each part of a cost."""
    return [
        PartLine(
            part,
            money.an_hour(worst),
            money.a_month(worst * HOURS_A_MONTH),
            money.a_month(found.expected.get(part, Amount()) * HOURS_A_MONTH),
        )
        for part, worst in found.worst.items()
    ]


def machine_lines(rows: Iterable[MachineRow], market: Market, money: Money) -> list[MachineLine]:
    """Return a line for each row."""
    return [
        MachineLine(
            pool=row.pool,
            zone=row.zone,
            type=row.type,
            bought="on demand" if row.cap is None else "spot",
            most=row.most,
            prices=(*_spot(row, market, money), money.price(market.on_demand.get((row.type, price_region(row.zone))))),
        )
        for row in rows
    ]


def _zones(rows: Iterable[MachineRow | NetworkRow], region: str) -> str:
    return ", ".join(dict.fromkeys(row.zone.removeprefix(region) for row in rows))


def _kinds(rows: Iterable[MachineRow]) -> Iterable[str]:
    """The types, in their order, with how they are bought."""
    bought: dict[str, list[str]] = {}
    for row in rows:
        how = "on demand" if row.cap is None else f"spot, cap {row.cap:.4g}" if row.cap else "spot"
        if how not in bought.setdefault(row.type, []):
            bought[row.type].append(how)
    kinds: dict[str, list[str]] = {}
    for kind, ways in bought.items():
        kinds.setdefault(" or ".join(ways), []).append(kind)
    return [f"{', '.join(types)} ({ways})" for ways, types in kinds.items()]


def _spot(row: MachineRow, market: Market, money: Money) -> tuple[str, ...]:
    if row.cap is None:
        return (_NONE,) * 5
    history = market.spot.get((row.type, row.zone))
    cap = _NONE if row.cap == NO_CAP else money.price(row.cap)
    if history is None:
        return (cap, *[UNKNOWN] * 4)
    share = history.share_within(row.cap)
    # Rounded, but for 100 %, which means always.
    percent = f"{100 if share == 1 else min(round(share * 100), 99)} %"
    return (cap, *map(money.price, (history.lowest, history.median, history.highest)), percent)
