"""Which section of `[runners.machine]` holds when: a pool's week, minute by minute.

Of the sections whose periods match, the last one wins, and inherits nothing from the others.
"""

import re
from calendar import monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from config_render.base.periods import FIELDS
from config_render.executors.docker_autoscaler.policies import machines_that_wait
from config_render.settings.machine import Autoscaling, Machine
from config_render.settings.pool import Pool

MINUTES = 24 * 60
DAYS = 7

_QUARTER = 15
_ALL_DAY = (1 << MINUTES) - 1


class Schedule:
    """One cron expression of seven fields, as github.com/gorhill/cronexpr reads it."""

    def __init__(self, period: str) -> None:
        _, minutes, hours, days, months, weekdays, years = (text.lower() for text in period.split())
        self._minutes = _minutes_of(minutes, hours)
        self._months, self._years = _values(4, months), _values(6, years)
        self._days = None if days in "*?" else _Days(days)
        self._weekdays = None if weekdays in "*?" else _Weekdays(weekdays)

    def holds_on(self, day: date) -> bool:
        """Return whether any time of this day belongs to the period."""
        if day.month not in self._months or day.year not in self._years:
            return False
        if self._days is None and self._weekdays is None:
            return True
        # Where both are restricted, either will do: that is how cron has always done it.
        return bool((self._days and self._days.hold(day)) or (self._weekdays and self._weekdays.hold(day)))

    def holds_at(self, minute: int) -> bool:
        """Return whether a minute of such a day, counted from midnight, belongs to the period."""
        return bool(self.minutes >> minute & 1)

    @property
    def minutes(self) -> int:
        """The minutes of such a day that belong to the period, a bit for each."""
        return self._minutes


class _Days:
    """The field day-of-month."""

    def __init__(self, text: str) -> None:
        entries = set(text.split(","))
        self._numbers = _values(3, text)
        self._last, self._last_working = "l" in entries, "lw" in entries
        self._working = [int(entry[:-1]) for entry in entries if re.fullmatch(r"\d+w", entry)]

    def hold(self, day: date) -> bool:
        last = monthrange(day.year, day.month)[1]
        working = {_nearest_working_day(day, number) for number in self._working}
        if self._last_working:
            working.add(_nearest_working_day(day, last))
        return day.day in self._numbers or day.day in working or (self._last and day.day == last)


class _Weekdays:
    """The field day-of-week."""

    def __init__(self, text: str) -> None:
        number = FIELDS[5].number
        entries = set(text.split(","))
        self._numbers = _values(5, text)
        self._nth = {(number(name), int(nth)) for name, sign, nth in (e.partition("#") for e in entries) if sign}
        self._last = {number(entry[:-1]) for entry in entries if entry.endswith("l")}

    def hold(self, day: date) -> bool:
        today, last = day.isoweekday() % 7, monthrange(day.year, day.month)[1]
        if (today, (day.day - 1) // 7 + 1) in self._nth or (today in self._last and day.day > last - 7):
            return True
        return today in self._numbers


@lru_cache(1024)  # Most fields of most periods are the same few.
def _values(field: int, text: str) -> frozenset[int]:
    return frozenset(value for entry in set(text.split(",")) for value in FIELDS[field].values(entry))


@lru_cache(1024)
def _minutes_of(minutes: str, hours: str) -> int:
    each_hour = sum(1 << minute for minute in _values(1, minutes))
    return sum(each_hour << 60 * hour for hour in _values(2, hours))


_schedule = lru_cache(8192)(Schedule)


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
class Interval:
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
    days: Sequence[Sequence[Interval]]
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
    base, *others = machines_that_wait(pool)
    sections = [each for each in others if isinstance(each, Autoscaling)]
    shown = zone or next((section.timezone for section in sections if section.timezone), "UTC")
    periods = tuple((section.periods, section.timezone) for section in sections)
    days = [[*_day(periods, monday + timedelta(days=number), shown)] for number in range(DAYS)]
    return Week(pool.name, shown, monday, days, {None: base, **dict(enumerate(sections))}, pool.most_instances)


@lru_cache(maxsize=512)  # Pools often share their periods, and a week is laid out for each picture of it.
def _day(periods: tuple[tuple[tuple[str, ...], str | None], ...], day: date, shown: str) -> tuple[Interval, ...]:
    midnight = datetime(day.year, day.month, day.day, tzinfo=_zone(shown))
    left = _ALL_DAY
    intervals: list[Interval] = []
    for position in reversed(range(len(periods))):
        if not left:
            break
        expressions, its_zone = periods[position]
        won = _minutes([_schedule(each) for each in expressions], _segments(midnight, _zone(its_zone))) & left
        left &= ~won
        intervals += [Interval(start, end, position) for start, end in _runs(won)]
    intervals += [Interval(start, end, None) for start, end in _runs(left)]
    return tuple(sorted(intervals, key=lambda stretch: stretch.start))


def _runs(minutes: int) -> Iterator[tuple[int, int]]:
    """Yield from when till when minutes are in a row, of a day with a bit for each that counts."""
    start = 0
    while minutes:
        gap = (minutes & -minutes).bit_length() - 1
        minutes >>= gap
        length = (~minutes & (minutes + 1)).bit_length() - 1
        minutes >>= length
        yield start + gap, start + gap + length
        start += gap + length


class _Segment(NamedTuple):
    """A part of a day in the zone that is shown, as clocks of another zone show it."""

    start: int
    """Minutes from midnight."""
    end: int
    day: date
    """There."""
    first: int
    """Minutes from midnight there."""


@lru_cache(1024)
def _segments(midnight: datetime, its_zone: tzinfo) -> tuple[_Segment, ...]:
    found: list[_Segment] = []
    # Zones differ by whole quarters of an hour, and change on them.
    for start in range(0, MINUTES, _QUARTER):
        local = midnight.replace(hour=start // 60, minute=start % 60).astimezone(its_zone)
        here = _Segment(start, start + _QUARTER, local.date(), local.hour * 60 + local.minute)
        before = found[-1] if found else None
        if before and before.day == here.day and here.first - before.first == start - before.start:
            found[-1] = before._replace(end=here.end)
        else:
            found.append(here)
    return tuple(found)


def _minutes(schedules: Sequence[Schedule], segments: Sequence[_Segment]) -> int:
    """Return the minutes of a day that belong to any of the schedules, a bit for each."""
    there = dict.fromkeys((segment.day for segment in segments), 0)
    for day in there:
        for schedule in schedules:
            if schedule.holds_on(day):
                there[day] |= schedule.minutes
    found = 0
    for start, end, day, first in segments:
        found |= (there[day] >> first & (1 << end - start) - 1) << start
    return found


def _zone(name: str | None) -> tzinfo:
    # The manager's own zone, which `Local` means, is UTC on the images that are used.
    return ZoneInfo("UTC" if name in (None, "", "Local") else str(name))
