"""What runs without any job, priced hour by hour over the week, under the line of the worst case."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from config_render.base.amounts import Amount, total
from planning.costs import HOURS_A_MONTH, HOURS_A_WEEK, Cost, WeekOfCosts

from .calendar import DAYS
from .money import Money
from .svg import Scale, group, joined, label, picture, stairs, tag, ticks

_LEFT, _WIDTH, _RIGHT = 64, 1046, 24
_DAY = _WIDTH / len(DAYS)
_HEIGHT = 220
_STRIP, _NAMES, _STRIP_WIDTH, _VALUES = 38, 210, 714, 210
_LONGEST_NAME = 24

Hours = Sequence[Amount]


@dataclass(frozen=True)
class WeekCosts:
    """The two pictures of a week's costs; None where no price is known."""

    zone: str
    total: Markup | None
    pools: Markup | None
    unknown: tuple[str, ...]
    """Pools of which a price is unknown: what they cost of it is not in the pictures."""


def week_costs(week: WeekOfCosts, cost: Cost, money: Money) -> WeekCosts:
    """Draw a week: all together, and each pool by itself on one scale."""
    unknown = tuple(pool for pool, hours in week.pools.items() if total(hours).missing)
    whole = [total(hours[n] for hours in week.pools.values()) for n in range(HOURS_A_WEEK)]
    # Where all that is known costs nothing, a picture would tell of a stack for free.
    if total(whole).value is None:
        return WeekCosts(week.zone, None, None, unknown)
    pictures = (_total(whole, cost, money, week.zone), _strips(week.pools, money, week.zone))
    return WeekCosts(week.zone, *pictures, unknown)


def _total(amounts: Hours, cost: Cost, money: Money, zone: str) -> Markup:
    worst, hours = cost.worst_per_hour, [hour.known for hour in amounts]
    missing = total(amounts).missing
    marks = ticks(max(*hours, worst.known))
    y = Scale(0, marks[-1], _HEIGHT + 16, 16)
    x = Scale(0, HOURS_A_WEEK, _LEFT, _LEFT + _WIDTH)
    parts = [_rule(y(mark), f"{money.sign}{mark:g}") for mark in marks]
    parts += _days(16, _HEIGHT + 16)
    line = stairs([(x(n), y(hour)) for n, hour in enumerate(hours)], x(HOURS_A_WEEK))
    parts += [
        tag("path", d=f"{line}V{y(0):g}H{x(0):g}z", class_="area"),
        tag("path", d=line, class_="line"),
    ]
    lowest, highest = (money.an_hour(Amount(hour)) for hour in (min(hours), max(hours)))
    said = f"Without any job the stack costs between {lowest} and {highest} an hour at today's prices"
    said += ", and more where a price is unknown." if missing else "."
    if worst.value is not None:
        text = f"worst case {money.an_hour(worst)}"
        parts += [
            tag("path", d=f"M{_LEFT} {y(worst.known):.1f}h{_WIDTH}", class_="worst"),
            label(_LEFT + _WIDTH - 4, y(worst.known) + (15 if y(worst.known) < 34 else -6), text, "worst-name end"),
        ]
        said += f" The worst case is {money.an_hour(worst)} an hour."
    title = f"Cost by hour over the week, in {money.name}, {zone}"
    return picture("cost", _LEFT + _WIDTH + _RIGHT, _HEIGHT + 44, title, said, *parts)


def _strips(pools: Mapping[str, Hours], money: Money, zone: str) -> Markup:
    """Draw pools below each other, on the same scale, so that they can be compared without colours."""
    most = max((hour.known for hours in pools.values() for hour in hours), default=0) or 1
    x = Scale(0, HOURS_A_WEEK, _NAMES, _NAMES + _STRIP_WIDTH)
    right = x(HOURS_A_WEEK)
    parts, said = [], []
    for n, (pool, hours) in enumerate(pools.items()):
        bottom = 22 + (n + 1) * _STRIP - 6
        y = Scale(0, most, bottom, bottom - _STRIP + 10)
        shown = pool if len(pool) <= _LONGEST_NAME else f"{pool[: _LONGEST_NAME - 1]}…"
        parts += [label(0, bottom - 8, shown, "name"), tag("path", d=f"M{x(0):g} {bottom}H{right:g}", class_="rule")]
        sum_of_week = total(hours)
        if sum_of_week.value is None:
            value = "price unknown"
        else:
            line = stairs([(x(h), y(hour.known)) for h, hour in enumerate(hours)], right)
            parts.append(tag("path", d=f"{line}V{bottom}H{x(0):g}z", class_="area solid"))
            value = f"{money.a_month(sum_of_week * (HOURS_A_MONTH / HOURS_A_WEEK))} a month"
        parts.append(label(right + _VALUES, bottom - 8, value, "end"))
        said.append(f"{pool}: {value}")
    height = 22 + len(pools) * _STRIP
    width = right + _VALUES
    day = (right - x(0)) / len(DAYS)
    heads = [label(x(0) + (n + 0.5) * day, 12, name, "axis middle") for n, name in enumerate(DAYS)]
    lines = [tag("path", d=f"M{x(0) + n * day:.1f} 18V{height - 6}", class_="grid") for n in range(len(DAYS) + 1)]
    scale = money.an_hour(Amount(most))
    title = f"Cost by hour of each pool, of the manager and of the network, on one scale up to {scale}"
    return picture("pool-cost", width, height, f"{title}, {zone}", f"{joined(said)}.", *heads, *lines, *parts)


def _rule(y: float, text: str) -> Markup:
    return group(tag("path", d=f"M{_LEFT} {y:.1f}h{_WIDTH}", class_="grid"), label(_LEFT - 8, y + 4, text, "axis end"))


def _days(top: float, bottom: float) -> list[Markup]:
    names = [label(_LEFT + (n + 0.5) * _DAY, bottom + 20, name, "axis middle") for n, name in enumerate(DAYS)]
    lines = [tag("path", d=f"M{_LEFT + n * _DAY:.1f} {top}V{bottom + 6}", class_="grid") for n in range(len(DAYS) + 1)]
    return [*lines, *names]
