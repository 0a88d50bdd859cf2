"""What a stack costs at most, and whether AWS can start its machines: a table to read before a deployment."""

from dataclasses import dataclass

from config_render.base.amounts import Amount, total
from config_render.base.problems import Problem
from config_render.base.tables import GAP, aligned
from config_render.settings.stack import Settings

from .addresses import unreachable
from .costs import HOURS_A_MONTH, NOT_COUNTED, most_of, network_prices, row_of, worst_case
from .fees import NetworkRow, network_rows
from .market import Failure, Machines, Market, Wanted, machines, wanted
from .market_checks import market_errors, market_warnings
from .spot_history import NO_CAP

__all__ = ["Failure", "Market", "Report", "Wanted", "report", "wanted"]

_UNKNOWN = "?"
_HEADINGS = (
    *("pool", "zone", "type", "cap", "min", "median", "max", "under cap", "on demand", "machines", "worst case/h"),
)
_TOTALS = ("at most", "machines", "an hour", f"a month ({HOURS_A_MONTH} h)")


@dataclass(frozen=True)
class Report:
    """What is known of the market, for a person."""

    lines: tuple[str, ...]
    errors: tuple[Problem, ...]
    """With these some machines can never start."""
    warnings: tuple[Problem, ...]
    """With these they may not, today; or what is said of prices is not so."""


def report(settings: Settings, region: str, market: Market) -> Report:
    """Compare the settings with what AWS said. What it did not say brings a line and no problem."""
    every = machines(settings, region)
    sign = "CNY " if region.startswith("cn-") else "$"
    totals = _worst_cases(every, network_rows(settings.network, region), market, sign)
    lines = [*_prices(every, market, sign), "", *totals, *failures(market)]
    warnings = (*market_warnings(every, region, market), *unreachable(settings, every, region, market))
    return Report(tuple(lines), tuple(market_errors(every, market)), warnings)


def _prices(every: list[Machines], market: Market, sign: str) -> list[str]:
    rows = [_row(one, market, sign) for one in every]
    table = aligned([_HEADINGS, *rows], left=3)
    widths = [max(len(row[column]) for row in [_HEADINGS, *rows]) for column in range(4)]
    above = " " * (sum(widths) + 4 * len(GAP))
    return [f"{above}spot price, last 24 h", *table]


def _row(one: Machines, market: Market, sign: str) -> tuple[str, ...]:
    history = market.spot.get((one.instance_type, one.zone))
    seen = ["-"] * 5
    if one.cap is not None:
        seen = ["-" if one.cap == NO_CAP else f"{one.cap:.4f}", *[_UNKNOWN] * 4]
        if history:
            prices = (history.lowest, history.median, history.highest)
            seen[1:] = [*(f"{price:.4f}" for price in prices), _percent(history.share_within(one.cap))]
    on_demand = market.on_demand.get((one.instance_type, one.price_region))
    price = row_of(one).highest_price(market)
    if one.zone not in market.offered.get(one.instance_type, {one.zone}):
        shown = "no offer"
    else:
        shown = _UNKNOWN if on_demand is None else f"{on_demand:.4f}"
    return (
        one.pool,
        one.zone,
        one.instance_type,
        *seen,
        shown,
        str(one.count),
        _UNKNOWN if price is None else f"{sign}{one.count * price:.3f}",
    )


def _percent(share: float) -> str:
    """Round, but for 100 %, which means always."""
    return f"{100 if share == 1 else min(round(share * 100), 99)} %"


def _worst_cases(every: list[Machines], network: list[NetworkRow], market: Market, sign: str) -> list[str]:
    places = dict.fromkeys(one.at for one in every)
    groups = [[one for one in every if one.at == at] for at in places]
    rows = [
        _line(group[0].pool, str(most_of(mine)), total(worst_case(mine, [], market).values()), sign)
        for group in groups
        for mine in ([row_of(one) for one in group],)
    ]
    for what in dict.fromkeys(row.what for row in network):
        alike = [row for row in network if row.what == what]
        rows.append(_line(f"{what}s", "", total(network_prices(alike, market).values()), sign))
    all_rows = [row_of(one) for one in every]
    parts = worst_case(all_rows, network, market)
    rows.append(_line("in all", str(most_of(all_rows)), total(parts.values()), sign))
    rows += [_line(f"  {part}", "", amount, sign) for part, amount in parts.items()]
    return [*aligned([_TOTALS, *rows], left=1), NOT_COUNTED]


def _line(name: str, machines: str, hour: Amount, sign: str) -> tuple[str, ...]:
    month = hour * HOURS_A_MONTH
    amounts = (f"{sign}{{:,.3f}}", hour), (f"{sign}{{:,.2f}}", month)
    return (name, machines, *(amount.in_words(form.format, _UNKNOWN) for form, amount in amounts))


def failures(market: Market) -> list[str]:
    """Return what is unknown, one line for each reason."""
    reasons = dict.fromkeys(failure.why for failure in market.failures)
    found = []
    for why in reasons:
        what = dict.fromkeys(failure.what for failure in market.failures if failure.why == why)
        found.append(f"Unknown: {', '.join(what)}: {why}")
    return found
