"""Cron expressions and time zones of `[[runners.machine.autoscaling]]`.

gitlab-runner parses periods with github.com/gorhill/cronexpr. What that library takes but can't match (a range
that runs backwards, `03` as a month) is refused here: the runner would never enter such a period, or panic.
"""

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from .values import checked_by

_ORDER = "second minute hour day-of-month month day-of-week year"
_CRON_ORDER = "minute hour day-of-month month day-of-week"
_LONGEST = 500
"""Characters; each minute, hour and day written out takes some 300."""
_STEPPED = re.compile(r"(?P<first>\*|\w+)(?:-(?P<last>\w+))?(?:/(?P<step>\d{1,2}))?", re.ASCII)


def _names(first: int, words: str) -> dict[str, int]:
    """Number words from `first`; each goes by its full form and by its first three letters."""
    numbered = list(enumerate(words.split(), first))
    return {word: number for number, word in numbered} | {word[:3]: number for number, word in numbered}


@dataclass(frozen=True)
class Field:
    """One of the seven fields of a period."""

    name: str
    low: int
    high: int
    names: Mapping[str, int] = dataclasses.field(default_factory=dict)
    leading_zero: bool = True
    special: str = r"(?!)"

    def number(self, text: str) -> int | None:
        """Read a number or a name; None for anything else."""
        if text in self.names:
            return self.names[text]
        if not (text.isascii() and text.isdigit()) or (text[0] == "0" and text != "0" and not self.leading_zero):
            return None
        return int(text) if self.low <= int(text) <= self.high and len(text) <= len(str(self.high)) else None

    def values(self, entry: str) -> range:
        """Return what an entry that `check` found to be right stands for; nothing for the special forms of days."""
        parts = _STEPPED.fullmatch(entry)
        if entry == "?" or parts is None or re.fullmatch(self.special, entry):
            return range(self.low, self.high + 1 if entry == "?" else self.low)
        step = int(parts["step"] or 1)
        if parts["first"] == "*":
            return range(self.low, self.high + 1, step)
        start = self.number(parts["first"])
        # A single number with a step continues to the end.
        end = self.number(parts["last"]) if parts["last"] else self.high if parts["step"] else start
        return range(start or 0, (end or 0) + 1, step)

    def check(self, entry: str) -> str | None:
        """Return why one entry of the field's comma-separated list can't be used, or None."""
        entry = entry.lower()
        if entry in ("*", "?") or re.fullmatch(self.special, entry):
            return None
        parts = _STEPPED.fullmatch(entry)
        if parts is None or (parts["first"] == "*" and (parts["last"] or not parts["step"])):
            return f"has the {self.name} `{entry}`, which can't be read"
        highest_step = min(self.high, 59)
        if parts["step"] and not 1 <= int(parts["step"]) <= highest_step:
            return f"has the {self.name} step `{entry}`; a step goes from 1 to {highest_step}"
        return self._check_range(entry, parts["first"], parts["last"])

    def _check_range(self, entry: str, first: str, last: str | None) -> str | None:
        if first == "*":
            return None
        start, end = self.number(first), self.number(last or first)
        if start is None or end is None:
            return f"has the {self.name} `{entry}`; it goes from {self.low} to {self.high}{self._or_names()}"
        if start > end:
            return f"has the {self.name} `{entry}`, which runs backwards and never matches; split it at the turn"
        return None

    def _or_names(self) -> str:
        return f" or {min(self.names, key=self.names.__getitem__)}, ..." if self.names else ""


_MONTHS = _names(1, "january february march april may june july august september october november december")
_DAYS = _names(0, "sunday monday tuesday wednesday thursday friday saturday") | {"7": 0}
_DAY = rf"(?:[0-6]|{'|'.join(_DAYS)})"

FIELDS = (
    Field("second", 0, 59),
    Field("minute", 0, 59),
    Field("hour", 0, 23),
    Field("day-of-month", 1, 31, special=r"l|lw|(?:[1-9]|[12][0-9]|3[01])w"),
    Field("month", 1, 12, names=_MONTHS, leading_zero=False),
    Field("day-of-week", 0, 6, names=_DAYS, leading_zero=False, special=rf"{_DAY}l|{_DAY}#[1-5]"),
    Field("year", 1970, 2099),
)

CRON_FIELDS = tuple(dataclasses.replace(field, special=r"(?!)") for field in FIELDS[1:-1])
"""Those of the executor docker-autoscaler: no special days, and neither second nor year."""


@lru_cache(1024)
def check_period(period: str) -> str | None:
    """Return why gitlab-runner could not use `period`, or None."""
    if len(period) > _LONGEST:
        return f"has {len(period)} characters; write it with at most {_LONGEST}, in ranges or as several periods"
    texts = period.split()
    if len(texts) != len(FIELDS):
        write = f"; write `* {' '.join(texts)} *`" if len(texts) == len(CRON_FIELDS) else ""
        return f"has {len(texts)} fields; there must be 7: {_ORDER}{write}"
    if texts[0] != "*":
        # The runner asks whether the next match is at most a second away.
        return f"has the second `{texts[0]}`; write *, or the period lasts for moments only"
    return next(filter(None, map(_field_problem, range(len(FIELDS)), texts)), None)


@lru_cache(1024)
def check_cron_period(period: str) -> str | None:
    """Return why docker-autoscaler's policies could not use `period`, or None."""
    if len(period) > _LONGEST:
        return f"has {len(period)} characters; write it with at most {_LONGEST}, in ranges or as several periods"
    texts = period.split()
    if len(texts) != len(CRON_FIELDS):
        write = f"; write `{five_fields(period)}`" if len(texts) == len(FIELDS) and five_fields(period) else ""
        return f"has {len(texts)} fields; docker-autoscaler wants 5: {_CRON_ORDER}{write}"
    if "?" in texts:
        return "holds ?, which docker-autoscaler does not know; write *"
    return next(filter(None, (_field_problem(place, text, cron=True) for place, text in enumerate(texts))), None)


def five_fields(period: str) -> str | None:
    """Return a period of docker+machine's seven fields in the five of docker-autoscaler, or None if it can't be said.

    Source of the five: GitLab's documentation of `[[runners.autoscaler.policy]]`.
    """
    second, *inner, year = period.split()
    written = " ".join("*" if text == "?" else text for text in inner)
    return written if (second, year) == ("*", "*") and check_cron_period(written) is None else None


@lru_cache(4096)  # Most fields of most periods are the same few.
def _field_problem(place: int, text: str, *, cron: bool = False) -> str | None:
    field = (CRON_FIELDS if cron else FIELDS)[place]
    return next(filter(None, map(field.check, text.split(","))), None)


@lru_cache(256)
def check_timezone(name: str) -> str | None:
    """Return why `name` is not a valid time zone, or None. Without zone data on this system anything passes."""

    def exists(zone: str) -> bool:
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError):
            return False
        return True

    if name in ("", "Local") or exists(name) or not exists("UTC"):
        return None
    if re.fullmatch(r"[A-Z]{2,5}", name):  # such as CEST, which is near to EST in letters alone
        return "is an abbreviation, not a time zone; write the zone of a place, such as Europe/Berlin"
    close = get_close_matches(name, sorted(available_timezones()), n=1)
    hint = f"did you mean `{close[0]}`?" if close else "write it as Europe/Berlin"
    return f"is not a valid time zone; {hint}"


Period = Annotated[str, checked_by(check_period)]
CronPeriod = Annotated[str, checked_by(check_cron_period)]
TimeZone = Annotated[str, checked_by(check_timezone)]
