"""What the page's template shows, in the order in which it is read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from functools import cached_property

from config_render import Problem
from planning.costs import NOT_COUNTED, Cost, cost, week_of_costs
from planning.prices import failures

from ..bill import bill_of
from .calendar import Calendar, calendars
from .change import Change, change
from .money import Money
from .spot_prices import SpotPools, spot_pools
from .subject import Subject
from .tables import (
    PRICES,
    MachineLine,
    PartLine,
    PoolLine,
    machine_lines,
    network_lines,
    part_lines,
    pool_line,
    pool_lines,
)
from .topology import topology
from .week_costs import WeekCosts, week_costs


@dataclass(frozen=True)
class Tile:
    """One figure at the top."""

    name: str
    figure: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Remark:
    """One warning, or one reason why machines can't start."""

    place: str
    text: str
    bad: bool


class View:
    """Everything that the template names."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self.stack, self.region = subject.stack, subject.region
        self.money = Money.of(subject.region)
        self.rows = subject.rows
        self.cost = cost(self.rows, subject.network, subject.market)
        self.not_counted, self.prices = NOT_COUNTED, PRICES
        self.made = f"{subject.now.astimezone(UTC):%d %b %Y %H:%M} UTC"
        self.monday = f"{subject.monday:%d %b %Y}"

    @property
    def asked(self) -> str:
        """Since when the prices hold."""
        if not self.subject.asked:
            return "AWS was not asked for prices."
        times = [history.until for history in self.subject.market.spot.values()]
        if times:
            return f"Spot prices are those of {max(times).astimezone(UTC):%d %b %Y %H:%M} UTC."
        return "" if self.subject.market.on_demand else "Prices are unknown."

    @cached_property
    def sections(self) -> list[tuple[str, str]]:
        """Anchors and names of the sections that there are."""
        every = [
            ("warnings", "Warnings", self.problems),
            ("change", "Change", self.change),
            ("topology", "What there is", True),
            ("calendar", "Waiting machines", True),
            ("costs", "Cost by hour", True),
            ("spot", "Spot prices", self.spot),
            ("pools", "Pools", True),
            ("unknown", "What is unknown", self.unknown),
        ]
        return [(anchor, name) for anchor, name, there in every if there]

    @cached_property
    def tiles(self) -> list[Tile]:
        """The figures at the top, with what they were before the change where that is known."""
        money, now, was = self.money, self.cost, self._before
        bad = sum(problem.bad for problem in self.problems)
        hour, month, expected = now.worst_per_hour, now.worst_per_month, now.expected_per_month
        return [
            Tile(
                "Machines at most",
                str(now.most),
                ("the manager included", *_was(str(now.most), str(was.most) if was else "")),
            ),
            Tile(
                "Worst case",
                _figure(money.an_hour(hour, ""), "an hour"),
                (
                    _figure(money.a_month(month, ""), "a month") + ": every machine, at its highest price",
                    *_was(money.an_hour(hour, ""), money.an_hour(was.worst_per_hour, "") if was else ""),
                ),
            ),
            Tile(
                "Without any job",
                _figure(money.a_month(expected, ""), "a month"),
                (
                    "manager, waiting machines and network, at today's prices",
                    *_was(money.a_month(expected, ""), money.a_month(was.expected_per_month, "") if was else ""),
                ),
            ),
            Tile(
                "Warnings",
                str(len(self.problems) - bad),
                (f"and {bad} reason{'' if bad == 1 else 's'} why machines can't start",) if bad else (),
            ),
        ]

    @property
    def _before(self) -> Cost | None:
        """What the stack costs as it is, at the same prices."""
        changes = self.subject.changes
        bill = None if changes is None else bill_of(changes, self.subject.market)
        return None if bill is None else bill.before

    @cached_property
    def problems(self) -> list[Remark]:
        """What can't start, and then what to know."""
        return [
            *(_remark(each, True) for each in self.subject.errors),
            *(_remark(each, False) for each in self.subject.warnings),
        ]

    @cached_property
    def change(self) -> Change | None:
        """What the last preview would do."""
        return None if self.subject.changes is None else change(self.subject.changes)

    @cached_property
    def topology(self) -> str:
        """The stack, drawn."""
        return topology(self.subject.settings, self.region, self.rows)

    @property
    def notes(self) -> list[str]:
        """What the drawing can't know."""
        if self.subject.zones_known:
            return []
        return [
            "Which zones the subnets of network.subnetIds are in is known to AWS alone; zone a stands for them here."
        ]

    @cached_property
    def calendars(self) -> list[Calendar]:
        """The weeks of the pools."""
        return calendars(self.subject.settings, self.subject.monday.date())

    @cached_property
    def costs(self) -> WeekCosts:
        """The week, priced."""
        subject = self.subject
        week = week_of_costs(subject.settings, self.region, subject.market, subject.monday.date())
        return week_costs(week, self.cost, self.money)

    @cached_property
    def spot(self) -> list[SpotPools]:
        """Spot prices, pool by pool."""
        return spot_pools(self.rows, self.subject.market, self.money, self.region)

    @cached_property
    def pools(self) -> list[PoolLine]:
        """A line for each pool, the manager and the parts of the network."""
        subject = self.subject
        return [
            *pool_lines(self.rows, subject.market, self.money, self.region),
            *network_lines(subject.network, subject.market, self.money, self.region),
        ]

    @cached_property
    def in_all(self) -> PoolLine:
        """The sum of these."""
        return pool_line("In all", self.rows, self.cost, self.money, self.region)

    @cached_property
    def parts(self) -> list[PartLine]:
        """The same sum by what it is for."""
        return part_lines(self.cost, self.money)

    @cached_property
    def machines(self) -> list[MachineLine]:
        """A line for each pool, zone and instance type."""
        return machine_lines(self.rows, self.subject.market, self.money)

    @cached_property
    def unknown(self) -> Sequence[str]:
        """What AWS did not say, and why."""
        return [line.removeprefix("Unknown: ") for line in failures(self.subject.market)]


def _figure(shown: str, unit: str) -> str:
    return f"{shown} {unit}" if shown else "unknown"


def _was(now: str, before: str) -> tuple[str, ...]:
    """Say what a figure was, if it was another one."""
    return (f"was {before}",) if now and before and now != before else ()


def _remark(problem: Problem, bad: bool) -> Remark:
    place, _, text = str(problem).partition(f": {problem.message}")
    return Remark(place, f": {problem.message}{text}", bad)
