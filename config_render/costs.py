"""What a stack's machines cost: at the most, and what those cost that wait for jobs, by the calendar.

Machines alone: disks, addresses, traffic and the cache come on top. Prices are US dollars per hour, in China yuan.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any

from .layout import Placement
from .market import Machines, Market, by_group, machines
from .models.pool import Pool
from .models.settings import Settings
from .week.schedule import DAYS, Week, week_of

HOURS_A_WEEK = 24 * DAYS
HOURS_A_MONTH = 730
"""What AWS's price calculator takes for a month."""


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
    """The highest spot price to pay; None for on-demand."""
    most: int
    """The most that there may be at a time."""
    group: str
    """Rows of one group have that many machines in all, each in one of the rows' placements."""
    idle_hours: float
    """Hours a week that machines wait for jobs, all together; all hours of the week for the manager."""

    def highest_price(self, market: Market) -> float | None:
        """Return what one machine costs at the most; None if that is not known."""
        return self._on_demand(market) if self.cap is None else self.cap

    def todays_price(self, market: Market) -> float | None:
        """Return what one machine costs: on demand, or the last day's median spot price within the cap."""
        if self.cap is None:
            return self._on_demand(market)
        history = market.spot.get((self.type, self.zone))
        return None if history is None else min(history.median, self.cap)

    def _on_demand(self, market: Market) -> float | None:
        # Where a local zone is a region of its own in the price list, so is the rest of its name.
        return market.on_demand.get((self.type, self.zone[:-1]))


@dataclass(frozen=True)
class Cost:
    """What machines cost; None where a price is not known."""

    most: int
    """The most machines at a time, the manager included."""
    worst_per_hour: float | None
    """If every machine that is allowed runs, each at its highest price."""
    expected_per_month: float | None
    """The manager, and the machines that wait for jobs, at today's prices. Jobs beyond these come on top."""

    @property
    def worst_per_month(self) -> float | None:
        """The worst case of a whole month."""
        return None if self.worst_per_hour is None else self.worst_per_hour * HOURS_A_MONTH


@dataclass(frozen=True)
class WeekOfCosts:
    """What runs without any job, hour by hour: the manager, and the machines that wait."""

    zone: str
    """The time zone of the hours."""
    pools: Mapping[str, tuple[float | None, ...]]
    """The cost of each of the 168 hours from Monday 0:00, by pool and `manager`; None where a price is not known."""


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
    )


def cost(rows: Iterable[MachineRow], market: Market) -> Cost:
    """Price the rows of a stack."""
    every = list(rows)
    worst = _sum(_dearest(group, market) for group in by_group(every))
    week = _sum((row.idle_hours, row.todays_price(market)) for row in every)
    month = None if week is None else week / HOURS_A_WEEK * HOURS_A_MONTH
    return Cost(most_of(every), worst, month)


def most_of(rows: Iterable[MachineRow]) -> int:
    """Return the most machines at a time that rows stand for."""
    return sum(group[0].most for group in by_group(rows))


def _dearest(group: Sequence[MachineRow], market: Market) -> tuple[int, float | None]:
    """Return how many machines a group has, and the highest price of its placements; None if one is not known."""
    prices = [row.highest_price(market) for row in group]
    return group[0].most, None if None in prices else max(price or 0 for price in prices)


def week_of_costs(
    settings: Settings, region: str, market: Market, monday: date, zone: str | None = None
) -> WeekOfCosts:
    """Price the week of `monday`, as clocks in `zone` show it; by default that of the first period that names one."""
    named = (period.timezone for pool in settings.pools for period in pool.machine.autoscaling or ())
    shown = zone or next(filter(None, named), "UTC")
    pools: dict[str, list[tuple[MachineRow, Sequence[float]]]] = {}
    for row, hours in _waiting(settings, region, monday, shown):
        pools.setdefault(row.pool, []).append((row, hours))
    priced = {
        pool: tuple(_sum((hours[n], row.todays_price(market)) for row, hours in rows) for n in range(HOURS_A_WEEK))
        for pool, rows in pools.items()
    }
    return WeekOfCosts(shown, priced)


def as_plain(rows: Iterable[MachineRow]) -> list[dict[str, Any]]:
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
        for placement in pool.placements(settings.network.zones):
            waiting = _waiting_at(settings, pool, week, placement)
            found.append((row_of(next(left)), _by_hour(week, waiting)))
        # Those on demand wait for no jobs.
        of_fallback = len(pool.placements(settings.network.zones)) if pool.on_demand_limit else 0
        found += [(row_of(next(left)), [0.0] * HOURS_A_WEEK) for _ in range(of_fallback)]
    return [*found, *((row_of(manager), [1.0] * HOURS_A_WEEK) for manager in left)]


def _waiting_at(settings: Settings, pool: Pool, week: Week, placement: Placement) -> dict[int | None, int]:
    """Return how many machines of a pool wait in a placement, by the section of its week: those of entries at home."""
    at_home = [entry for entry in settings.entries(pool) if entry.home == placement]
    return {section: sum(entry.share(week.waiting(section)) for entry in at_home) for section in week.sections}


def _by_hour(week: Week, waiting: Mapping[int | None, int]) -> list[float]:
    hours = [0.0] * HOURS_A_WEEK
    for day, stretches in enumerate(week.days):
        for stretch in stretches:
            for hour in range(stretch.start // 60, (stretch.end + 59) // 60):
                minutes = min(stretch.end, (hour + 1) * 60) - max(stretch.start, hour * 60)
                hours[day * 24 + hour] += waiting[stretch.section] * minutes / 60
    return hours


def _sum(parts: Iterable[tuple[float, float | None]]) -> float | None:
    """Add up amounts times prices; a price that is not known matters only where there is an amount."""
    total = 0.0
    for amount, price in parts:
        if amount and price is None:
            return None
        total += amount * (price or 0)
    return total
