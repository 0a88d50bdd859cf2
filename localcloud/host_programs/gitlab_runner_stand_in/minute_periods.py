"""Periods of docker-autoscaler's policies: unix cron of five fields, each of which is on for whole minutes.

The parser is taskscaler's, which is not to be had; read are the names, ranges, lists and steps in its documentation.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from .periods import Period, PeriodError, zone

_FIELDS = 5


def in_minute_period(expressions: Sequence[str], timezone: str, now: datetime) -> bool:
    """Whether one of the expressions holds in the minute of `now`. Raises `PeriodError`."""
    local = now.astimezone(zone(timezone)).replace(second=0, microsecond=0)
    return any(_period(expression).fires_at(local) for expression in expressions)


def check(expressions: Sequence[str], timezone: str) -> None:
    """Raises `PeriodError` for what can't be read."""
    zone(timezone)
    for expression in expressions:
        _period(expression)


def _period(expression: str) -> Period:
    fields = len(expression.split())
    if fields != _FIELDS:
        raise PeriodError(f"expected exactly {_FIELDS} fields, found {fields}: [{expression}]")
    return Period(expression)
