"""What a stack costs: at most, and what it costs while machines wait for jobs, by the calendar.

Machines with their disks and addresses, and the network. Prices are US dollars, in China yuan.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

from config_render.base.amounts import Amount, total
from config_render.executors.docker_autoscaler.policies import machines_that_wait
from config_render.executors.entries import Placement, pool_placements
from config_render.executors.registry import pool_entries, pool_executor
from config_render.settings.machine import Autoscaling
from config_render.settings.pool import Pool
from config_render.settings.stack import Settings
from config_render.week.schedule import DAYS, Week, week_of

from .fees import INTERFACE_ENDPOINT, NAT_GATEWAY, PUBLIC_ADDRESS, NetworkRow, network_rows, price_region
from .market import Machines, Market, by_group, machines

HOURS_A_WEEK = 24 * DAYS
HOURS_A_MONTH = 730
"""What AWS's price calculator takes for a month."""
MACHINES, DISKS, ADDRESSES, GATEWAYS, ENDPOINTS = PARTS = (
    *("machines", "disks", "public addresses"),
    *(f"{NAT_GATEWAY}s", f"{INTERFACE_ENDPOINT}s"),
)
"""What a cost is made of."""
NOT_COUNTED = "Not counted: data transfer, requests, and what the cache and the logs hold."


@dataclass(frozen=True, kw_only=True)
class MachineRow:
    """Alike machines: of one pool, or the manager, in one zone, of one type. Nothing here changes by the day."""

    pool: str
    """The pool's name; `manager` for the manager."""
    zone: str
    """Whole name: eu-central-1a."""
    type: str
    """The instance type."""
    cap: float | None
    """The highest spot price to pay, or `NO_CAP`; None for on-demand."""
    most: int
    """The most that there may be at a time."""
    group: str
    """Rows of one group have that many machines in all, each in one of the rows' placements."""
    idle_hours: float
    """Hours a week that machines wait for jobs, all together; all hours of the week for the manager."""
    disk_type: str
    """EBS type of each machine's disk."""
    disk_gib: int
    disk_paid_by_speed: bool = False
    """Whether operations or throughput of the disk cost besides its size. What they cost is not asked for."""
    public_address: bool
    """Whether each machine has one."""

    def highest_price(self, market: Market) -> float | None:
        """Return what one machine costs at most; None if that is unknown."""
        return self.cap or self._on_demand(market)

    def todays_price(self, market: Market) -> float | None:
        """Return what one machine costs: on demand, or the last day's median spot price within the cap."""
        if self.cap is None:
            return self._on_demand(market)
        history = market.spot.get((self.type, self.zone))
        return None if history is None else min(history.median, self.cap or history.median)

    def _on_demand(self, market: Market) -> float | None:
        return market.on_demand.get((self.type, price_region(self.zone)))

    def prices(self, price: float | None, market: Market) -> dict[str, Amount]:
        """Return what one machine of this price costs an hour, part by part."""
        region = price_region(self.zone)
        return {
            MACHINES: Amount.of(1, price),
            DISKS: Amount.of(self.disk_gib / HOURS_A_MONTH, market.fees.get((self.disk_type, region)))
            + Amount(missing=self.disk_paid_by_speed),
            ADDRESSES: Amount.of(self.public_address, market.fees.get((PUBLIC_ADDRESS, region))),
        }


@dataclass(frozen=True)
class Cost:
    """What a stack costs."""

    most: int
    """The most machines at a time, the manager included."""
    worst: Mapping[str, Amount]
    """An hour, by part: if every machine that is allowed runs, each at its highest price."""
    expected: Mapping[str, Amount]
    """An hour, by part: the manager, the machines that wait for jobs and the network, at today's prices."""

    @property
    def worst_per_hour(self) -> Amount:
        """The worst case of an hour."""
        return total(self.worst.values())

    @property
    def worst_per_month(self) -> Amount:
        """The worst case of a whole month."""
        return self.worst_per_hour * HOURS_A_MONTH

    @property
    def expected_per_month(self) -> Amount:
        """What is expected of a month. Jobs beyond the machines that wait come on top."""
        return total(self.expected.values()) * HOURS_A_MONTH


@dataclass(frozen=True)
class WeekOfCosts:
    """What runs without any job, hour by hour: the manager, the machines that wait, and the network."""

    zone: str
    """The time zone of the hours."""
    pools: Mapping[str, tuple[Amount, ...]]
    """The cost of each of the 168 hours from Monday 0:00, by pool, `manager` and parts of the network."""


def machine_rows(settings: Settings, region: str, monday: date) -> list[MachineRow]:
    """List the machines that the settings allow, with their hours in the week of `monday`."""
    found = _waiting(settings, region, monday, None)
    return [replace(row, idle_hours=round(sum(hours), 2)) for row, hours in found]


def row_of(one: Machines) -> MachineRow:
    """Return machines as a row, before their hours are counted."""
    return MachineRow(
        pool=one.pool,
        zone=one.zone,
        type=one.instance_type,
        cap=one.cap,
        most=one.count,
        group=one.group,
        idle_hours=0,
        disk_type=one.disk_type,
        disk_gib=one.disk_gib,
        disk_paid_by_speed=one.disk_paid_by_speed,
        public_address=one.public_address,
    )


def cost(rows: Iterable[MachineRow], network: Iterable[NetworkRow], market: Market) -> Cost:
    """Price machines and a network."""
    every, always = list(rows), list(network)
    expected = [
        {part: each * (row.idle_hours / HOURS_A_WEEK) for part, each in prices.items()}
        for row in every
        if row.idle_hours
        for prices in (row.prices(row.todays_price(market), market),)
    ]
    return Cost(
        most_of(every), worst_case(every, always, market), _by_part([*expected, network_prices(always, market)])
    )


def worst_case(rows: Iterable[MachineRow], network: Iterable[NetworkRow], market: Market) -> dict[str, Amount]:
    """Return what an hour costs at most, by part."""
    return _by_part([*(_dearest(group, market) for group in by_group(rows)), network_prices(network, market)])


def network_prices(network: Iterable[NetworkRow], market: Market) -> dict[str, Amount]:
    """Return what a network costs an hour, part by part."""
    parts = dict.fromkeys(PARTS, Amount())
    for row in network:
        region = price_region(row.zone)
        parts[f"{row.what}s"] += Amount.of(row.count, market.fees.get((row.what, region)))
        if row.what == NAT_GATEWAY:
            parts[ADDRESSES] += Amount.of(row.count, market.fees.get((PUBLIC_ADDRESS, region)))
    return parts


def _by_part(costs: Sequence[Mapping[str, Amount]]) -> dict[str, Amount]:
    """Add up costs; parts of which there is none are left out."""
    sums = {part: total(each.get(part, Amount()) for each in costs) for part in PARTS}
    return {part: amount for part, amount in sums.items() if amount != Amount()}


def most_of(rows: Iterable[MachineRow]) -> int:
    """Return the most machines at a time that rows stand for."""
    return sum(group[0].most for group in by_group(rows))


def _dearest(group: Sequence[MachineRow], market: Market) -> dict[str, Amount]:
    """Return what a group's machines cost where each part costs most; a price that is unknown may be the highest."""
    placed = [row.prices(row.highest_price(market), market) for row in group]
    return {
        part: Amount(max(each[part].known for each in placed), any(each[part].missing for each in placed))
        * group[0].most
        for part in placed[0]
    }


def week_of_costs(
    settings: Settings, region: str, market: Market, monday: date, zone: str | None = None
) -> WeekOfCosts:
    """Price the week of `monday`, as clocks in `zone` show it; by default that of the first period that names one."""
    numbers = (each for pool in settings.pools for each in machines_that_wait(pool))
    named = (each.timezone for each in numbers if isinstance(each, Autoscaling))
    shown = zone or next(filter(None, named), "UTC")
    pools: dict[str, list[tuple[Amount, Sequence[float]]]] = {}
    for row, hours in _waiting(settings, region, monday, shown):
        price = total(row.prices(row.todays_price(market), market).values())
        pools.setdefault(row.pool, []).append((price, hours))
    for part in network_rows(settings.network, region):
        price = total(network_prices([part], market).values())
        pools.setdefault(f"{part.what}s", []).append((price, [1.0] * HOURS_A_WEEK))
    priced = {
        pool: tuple(total(price * hours[n] for price, hours in rows) for n in range(HOURS_A_WEEK))
        for pool, rows in pools.items()
    }
    return WeekOfCosts(shown, priced)


def as_plain(rows: Iterable[MachineRow]) -> list[dict[str, object]]:
    """Return rows as tables, to keep as a stack's output."""
    return [asdict(row) for row in rows]


def from_plain(tables: Iterable[Mapping[str, Any]]) -> list[MachineRow]:
    """Return the rows that `as_plain` made tables of. Raises TypeError for other tables."""
    return [MachineRow(**table) for table in tables]


def currency(region: str) -> str:
    """Return the code of the currency of a region's prices."""
    return "CNY" if region.startswith("cn-") else "USD"


def _waiting(
    settings: Settings, region: str, monday: date, zone: str | None
) -> list[tuple[MachineRow, Sequence[float]]]:
    """Return all machines with how many of them wait, on average, in each hour of the week."""
    left = iter(machines(settings, region))
    found: list[tuple[MachineRow, Sequence[float]]] = []
    for pool in settings.pools:
        week = week_of(pool, monday, zone)
        for on_demand in (False, True) if pool.on_demand_limit else (False,):
            for placement in pool_placements(pool, settings.network.zones):
                waiting = _waiting_at(settings, pool, week, placement, on_demand=on_demand)
                found.append((row_of(next(left)), _by_hour(week, waiting)))
    return [*found, *((row_of(manager), [1.0] * HOURS_A_WEEK) for manager in left)]


def _waiting_at(
    settings: Settings, pool: Pool, week: Week, placement: Placement, *, on_demand: bool
) -> dict[int | None, int]:
    """Return how many machines of a pool wait in a placement, by the section of its week: those of entries at home.

    A pool with both has machines on demand apart from the others.
    """
    at_home = [entry for entry in pool_entries(settings, pool) if entry.home == placement]
    # Those that come on top wait for no jobs; otherwise the first ones are on demand.
    first = pool.on_demand_limit - pool_executor(settings, pool).on_demand_on_top(pool)
    found = {}
    for section in week.sections:
        every = sum(entry.share(week.waiting(section)) for entry in at_home)
        found[section] = min(every, first) if on_demand else every - min(every, first)
    return found


def _by_hour(week: Week, waiting: Mapping[int | None, int]) -> list[float]:
    hours = [0.0] * HOURS_A_WEEK
    for day, intervals in enumerate(week.days):
        for stretch in intervals:
            for hour in range(stretch.start // 60, (stretch.end + 59) // 60):
                minutes = min(stretch.end, (hour + 1) * 60) - max(stretch.start, hour * 60)
                hours[day * 24 + hour] += waiting[stretch.section] * minutes / 60
    return hours
