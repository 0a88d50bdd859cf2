"""Autoscaling periods: cron expressions of seven fields as gitlab-runner's parser (gorhill/cronexpr) reads them.

Not supported here, though the real parser takes them: the day forms `L`, `W` and `#`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_FIELDS: list[tuple[str, int, int, list[str]]] = [
    ("second", 0, 59, []),
    ("minute", 0, 59, []),
    ("hour", 0, 23, []),
    ("day-of-month", 1, 31, []),
    ("month", 1, 12, _MONTHS),
    ("day-of-week", 0, 6, _DAYS),
    ("year", 1970, 2099, []),
]
_ENTRY = re.compile(r"(\*|\?|[a-z0-9]+)(?:-([a-z0-9]+))?(?:/(\d+))?", re.IGNORECASE)


class PeriodError(Exception):
    """An expression or a time zone that cannot be read."""


class Period:
    """One cron expression. With 5 or 6 fields the seconds are 0, so that it holds for one second a minute."""

    def __init__(self, expression: str) -> None:
        fields = expression.split()
        if not 5 <= len(fields) <= 7:
            raise PeriodError(f"missing or extra fields in {expression!r}: there must be 7")
        if len(fields) == 5:
            fields.append("*")
        if len(fields) == 6:
            fields.insert(0, "0")
        self._sets = [_parse(text, *field) for text, field in zip(fields, _FIELDS)]
        self._any_day, self._any_weekday = (fields[index] in ("*", "?") for index in (3, 5))

    def fires_at(self, moment: datetime) -> bool:
        """Whether this second is one of the expression's."""
        seconds, minutes, hours, days, months, weekdays, years = self._sets
        day, weekday = moment.day in days, moment.isoweekday() % 7 in weekdays
        # Where both are restricted, either will do: that is how cron has always done it.
        either = (day or weekday) if not (self._any_day or self._any_weekday) else (day and weekday)
        parts = ((moment.second, seconds), (moment.minute, minutes), (moment.hour, hours))
        rest = ((moment.month, months), (moment.year, years))
        return either and all(value in allowed for value, allowed in (*parts, *rest))


def in_period(expressions: Sequence[str], timezone: str, now: datetime) -> bool:
    """Whether one of the expressions fires within the second after `now`; raises `PeriodError`."""
    local = now.astimezone(zone(timezone))
    moment = local.replace(microsecond=0) + timedelta(seconds=1)
    return any(Period(expression).fires_at(moment) for expression in expressions)


def zone(name: str) -> ZoneInfo | None:
    """The zone of this IANA name; None is the system's own. Raises `PeriodError`."""
    if name in ("", "Local"):
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise PeriodError(f"unknown time zone {name}") from None


def _parse(text: str, label: str, low: int, high: int, names: list[str]) -> set[int]:
    values: set[int] = set()
    for entry in text.split(","):
        match = _ENTRY.fullmatch(entry)
        if match is None:
            raise PeriodError(f"syntax error in {label} field: '{entry}'")
        first_text, last_text, step_text = match.groups()
        step = int(step_text or 1)
        if first_text in ("*", "?"):
            first, last = low, high
        else:
            first = _number(first_text, label, low, high, names)
            last = _number(last_text, label, low, high, names) if last_text else first
            if step_text and not last_text:
                last = high
        if not 1 <= step <= high:
            raise PeriodError(f"invalid interval {entry}")
        # A range that runs backwards (fri-sun) is empty in the real parser too, without any error.
        values.update(range(first, last + 1, step))
    return values


def _number(text: str, label: str, low: int, high: int, names: list[str]) -> int:
    key = text.lower()
    if names and key[:3] in names:
        return names.index(key[:3]) + low
    if not key.isdigit():
        raise PeriodError(f"syntax error in {label} field: '{text}'")
    number = 0 if label == "day-of-week" and key == "7" else int(key)
    if not low <= number <= high:
        raise PeriodError(f"syntax error in {label} field: '{text}'")
    return number
