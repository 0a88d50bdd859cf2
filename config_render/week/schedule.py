"""Which section of `[runners.machine]` holds when: a pool's week, minute by minute.

Of the sections whose periods match, the last one wins, and inherits nothing from the others.
"""

import re
from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from ..models.machine import Autoscaling, Machine
from ..models.periods import FIELDS, Field
from ..models.pool import Pool

MINUTES = 24 * 60
DAYS = 7

_QUARTER = 15


class Schedule:
    """One cron expression of seven fields, as github.com/gorhill/cronexpr reads it."""

    def __init__(self, period: str) -> None:
        _, minutes, hours, days, months, weekdays, years = (text.lower() for text in period.split())
        _, minute, hour, day, month, weekday, year = FIELDS
        self._minutes, self._hours = _values(minute, minutes), _values(hour, hours)
        self._months, self._years = _values(month, months), _values(year, years)
        self._days = None if days in "*?" else (days.split(","), _values(day, days))
        self._weekdays = None if weekdays in "*?" else (weekdays.split(","), _values(weekday, weekdays))

    def holds_on(self, day: date) -> bool:
        """Tell whether any time of this day belongs to the period."""
        if day.month not in self._months or day.year not in self._years:
            return False
        if self._days is None and self._weekdays is None:
            return True
        # Where both are restricted, either will do: that is how cron has always done it.
        return self._is_day(day) or self._is_weekday(day)

    def holds_at(self, minute: int) -> bool:
        """Tell whether a minute of such a day, counted from midnight, belongs to the period."""
        return minute // 60 in self._hours and minute % 60 in self._minutes

    def _is_day(self, day: date) -> bool:
        if self._days is None:
            return False
        entries, numbers = self._days
        last = monthrange(day.year, day.month)[1]
        working = {_nearest_working_day(day, int(entry[:-1])) for entry in entries if re.fullmatch(r"\d+w", entry)}
        if "lw" in entries:
            working.add(_nearest_working_day(day, last))
        return day.day in numbers | working or ("l" in entries and day.day == last)

    def _is_weekday(self, day: date) -> bool:
        if self._weekdays is None:
            return False
        entries, numbers = self._weekdays
        _, _, _, _, _, weekday, _ = FIELDS
        today, last = day.isoweekday() % 7, monthrange(day.year, day.month)[1]
        for entry in entries:
            name, _, nth = entry.partition("#")
            if nth and weekday.number(name) == today and (day.day - 1) // 7 + 1 == int(nth):
                return True
            if entry.endswith("l") and weekday.number(entry[:-1]) == today and day.day > last - 7:
                return True
        return today in numbers


def _values(field: Field, text: str) -> set[int]:
    return {value for entry in text.split(",") for value in field.values(entry)}


def _nearest_working_day(day: date, number: int) -> int:
    """The working day of this month that is nearest to a day of it; 0 where the month has no such day."""
    last = monthrange(day.year, day.month)[1]
    if number > last:
        return 0
    weekday = day.replace(day=number).isoweekday()
    if weekday == 6:
        return number - 1 if number > 1 else number + 2
    if weekday == 7:
        return number + 1 if number < last else number - 2
    return number


@dataclass(frozen=True)
class Stretch:
    """A part of one day during which one section holds."""

    start: int
    """Minutes from midnight."""
    end: int
    section: int | None
    """Position in `autoscaling`; None for `[runners.machine]` itself."""


@dataclass(frozen=True)
class Week:
    """A pool's week as clocks in one time zone show it."""

    pool: str
    zone: str
    monday: date
    days: Sequence[Sequence[Stretch]]
    sections: Mapping[int | None, Machine | Autoscaling]
    limit: int
    """The most machines that the pool may have, at which the runner stops whatever IdleCount says."""

    def waiting(self, section: int | None) -> int:
        """Return how many machines wait for jobs, at most, while a section holds."""
        return min(self.sections[section].idle_count, self.limit)

    def hours(self, day: int) -> Iterator[tuple[int | None, bool]]:
        """Yield, for each hour of a day, the section at its beginning and whether that holds all through it."""
        for start in range(0, MINUTES, 60):
            inside = [s for s in self.days[day] if s.start < start + 60 and s.end > start]
            yield inside[0].section, len(inside) == 1


def week_of(pool: Pool, monday: date, zone: str | None = None) -> Week:
    """Lay out the week that begins on `monday`; `zone` is by default that of the first section that names one."""
    sections = pool.machine.autoscaling or ()
    shown = zone or next((section.timezone for section in sections if section.timezone), "UTC")
    periods = tuple((section.periods, section.timezone) for section in sections)
    days = [[*_day(periods, monday + timedelta(days=number), shown)] for number in range(DAYS)]
    return Week(pool.name, shown, monday, days, {None: pool.machine, **dict(enumerate(sections))}, pool.limit)


@lru_cache(maxsize=512)  # Pools often share their periods, and a week is laid out for each picture of it.
def _day(periods: tuple[tuple[tuple[str, ...], str | None], ...], day: date, shown: str) -> tuple[Stretch, ...]:
    midnight = datetime(day.year, day.month, day.day, tzinfo=_zone(shown))
    winners: list[int | None] = [None] * MINUTES
    for position, (expressions, its_zone) in enumerate(periods):
        for minute in _minutes([Schedule(each) for each in expressions], _zone(its_zone), midnight):
            winners[minute] = position
    changes = [m for m in range(1, MINUTES) if winners[m] != winners[m - 1]]
    return tuple(Stretch(a, b, winners[a]) for a, b in zip([0, *changes], [*changes, MINUTES], strict=True))


def _minutes(schedules: Sequence[Schedule], its_zone: tzinfo, midnight: datetime) -> Iterator[int]:
    """Yield the minutes of a day that belong to any of the schedules, whose clocks are those of `its_zone`."""
    # Zones differ by whole quarters of an hour, and change on them.
    for start in range(0, MINUTES, _QUARTER):
        local = midnight.replace(hour=start // 60, minute=start % 60).astimezone(its_zone)
        today = [each for each in schedules if each.holds_on(local.date())]
        first = local.hour * 60 + local.minute
        yield from (start + n for n in range(_QUARTER) if any(each.holds_at(first + n) for each in today))


def _zone(name: str | None) -> tzinfo:
    # The manager's own zone, which `Local` means, is UTC on the images that are used.
    return ZoneInfo("UTC" if name in (None, "", "Local") else str(name))
