"""Spot prices of the last day beside the cap, a picture for each instance type of a pool, a line for each zone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from planning.costs import MachineRow
from planning.market import Market
from planning.spot_history import NO_CAP, WINDOW, SpotHistory

from .money import Money
from .svg import Scale, joined, label, picture, stairs, tag, ticks

_LEFT, _TOP, _WIDTH, _HEIGHT, _RIGHT = 46, 18, 210, 96, 62
_NAME_HEIGHT = 12
_DASHES = (None, "6 3", "2 3", "9 3 2 3", "1 4", "4 6")


@dataclass(frozen=True)
class SpotChart:
    """One instance type of a pool."""

    instance_type: str
    picture: Markup
    verdict: str
    trouble: bool
    """Whether the price was above the cap at any time of the day."""


@dataclass(frozen=True)
class SpotPools:
    """The spot prices of pools that have the same types and zones, at the same caps."""

    pools: tuple[str, ...]
    types: int
    """How many instance types there are."""
    charts: tuple[SpotChart, ...]
    """Of the types whose prices are known."""
    unknown: tuple[str, ...]
    """Instance types, with their zones, whose prices are unknown."""

    @property
    def trouble(self) -> bool:
        """Whether any price was above its cap."""
        return any(chart.trouble for chart in self.charts)


def spot_pools(rows: Sequence[MachineRow], market: Market, money: Money, region: str) -> list[SpotPools]:
    """Draw all pools that have spot machines; those that have the same ones at the same caps together."""
    alike: dict[tuple[object, ...], list[list[MachineRow]]] = {}
    spot = [row for row in rows if row.cap is not None]
    for pool in dict.fromkeys(row.pool for row in spot):
        mine = [row for row in spot if row.pool == pool]
        alike.setdefault(tuple((row.zone, row.type, row.cap) for row in mine), []).append(mine)
    return [_pools(number, pools, market, money, region) for number, pools in enumerate(alike.values())]


def _pools(number: int, pools: list[list[MachineRow]], market: Market, money: Money, region: str) -> SpotPools:
    rows = pools[0]
    types = dict.fromkeys(row.type for row in rows)
    known = [row for row in rows if (row.type, row.zone) in market.spot]
    charts = [
        _chart(f"spot-{number}-{n}", [row for row in known if row.type == kind], market, money, region)
        for n, kind in enumerate(types)
        if any(row.type == kind for row in known)
    ]
    unknown = tuple(f"{row.type} in {row.zone}" for row in rows if row not in known)
    return SpotPools(tuple(pool[0].pool for pool in pools), len(types), tuple(charts), unknown)


def _chart(identity: str, rows: Sequence[MachineRow], market: Market, money: Money, region: str) -> SpotChart:
    kind, cap = rows[0].type, rows[0].cap or NO_CAP
    on_demand = market.on_demand.get((kind, rows[0].zone[:-1]))
    histories = {row.zone: market.spot[row.type, row.zone] for row in rows}
    until = max(history.until for history in histories.values())
    highest = max(cap, on_demand or 0, *(history.highest for history in histories.values()))
    marks = ticks(highest, most=3)
    y = Scale(0, marks[-1], _TOP + _HEIGHT, _TOP)
    parts = [*_grid(marks, y), *_times(until)]
    if on_demand is not None and on_demand != cap:
        parts += _level(y(on_demand), "od-line", f"on demand {on_demand:.4g}", at_end=True)
    same = " = on demand" if on_demand == cap else ""
    if cap != NO_CAP:
        parts += _level(y(cap), "cap-line", f"cap {cap:.4g}{same}", at_end=False)
    parts += _lines({zone.removeprefix(region): each for zone, each in histories.items()}, until, y)
    verdict, trouble = _verdict(histories, cap)
    prices = joined(f"{zone} {history.latest:.4f}" for zone, history in histories.items())
    title = f"{kind}: spot price of the last 24 hours, in {money.name} an hour, until {until:%d %b %H:%M} UTC"
    priced = "" if on_demand is None else f" On demand it costs {on_demand:.4f}."
    capped = "There is no cap" if cap == NO_CAP else f"The cap is {cap:.4f}"
    text = f"Now: {prices}. {capped}: {verdict}.{priced}"
    drawn = picture(identity, _LEFT + _WIDTH + _RIGHT, _TOP + _HEIGHT + 22, title, text, *parts)
    return SpotChart(kind, drawn, verdict, trouble)


def _verdict(histories: dict[str, SpotHistory], cap: float) -> tuple[str, bool]:
    over = [zone for zone, history in histories.items() if history.is_above(cap)]
    if over:
        return f"now above the cap in {joined(over)}, where AWS starts none", True
    if cap == NO_CAP:
        return "AWS takes no more than the on-demand price", False
    share = min(history.share_within(cap) for history in histories.values())
    if share < 1:
        return f"within the cap now, above it for up to {max(round((1 - share) * 100), 1)} % of the day", True
    return "within the cap all day", False


def _grid(marks: Sequence[float], y: Scale) -> list[Markup]:
    parts = []
    for mark in marks:
        parts += [
            tag("path", d=f"M{_LEFT} {y(mark):.1f}h{_WIDTH}", class_="grid"),
            label(_LEFT - 6, y(mark) + 4, f"{mark:g}", "axis end"),
        ]
    return parts


def _times(until: datetime) -> list[Markup]:
    y = _TOP + _HEIGHT + 16
    return [
        label(_LEFT, y, f"{until - WINDOW:%H:%M}", "axis"),
        label(_LEFT + _WIDTH / 2, y, f"{until - WINDOW / 2:%H:%M}", "axis middle"),
        label(_LEFT + _WIDTH, y, f"{until:%H:%M} UTC", "axis end"),
    ]


def _level(y: float, class_: str, text: str, *, at_end: bool) -> list[Markup]:
    x = _LEFT + _WIDTH - 4 if at_end else _LEFT + 4
    return [
        tag("path", d=f"M{_LEFT} {y:.1f}h{_WIDTH}", class_=class_),
        label(x, y - 4, text, f"{class_}-name{' end' if at_end else ''}"),
    ]


def _lines(histories: dict[str, SpotHistory], until: datetime, y: Scale) -> list[Markup]:
    parts = []
    names: list[tuple[float, str]] = []
    for dash, (zone, history) in zip(_DASHES, histories.items(), strict=False):
        x = Scale((until - WINDOW).timestamp(), until.timestamp(), _LEFT, _LEFT + _WIDTH)
        points = [(x(since.timestamp()), y(price)) for since, _, price in history.steps]
        path = stairs(points or [(x(x.low), y(history.latest))], _LEFT + _WIDTH)
        parts.append(tag("path", d=path, class_="price", stroke_dasharray=dash))
        names.append((y(history.latest), zone))
    # Prices of zones are often nearly the same: their names are moved apart.
    last = -1.0
    for at, zone in sorted(names):
        last = max(at, last + _NAME_HEIGHT) if last >= 0 else at
        parts.append(label(_LEFT + _WIDTH + 4, last + 4, zone, "axis"))
    return parts
