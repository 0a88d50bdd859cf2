"""Stand-in for systemd: the times of day of a calendar event expression, see systemd.time(7)."""

from __future__ import annotations

import re
import time

from .units import SystemctlError

_SHORTHANDS = {"minutely": "*:*:00", "hourly": "*:00:00", "daily": "00:00:00"}
_TIMES = re.compile(r"(?:\*-\*-\* )?([\d*/,]+):([\d*/,]+)(?::([\d*/,]+))?")
_DAY = 24 * 60 * 60


def next_time(expression: str, after: float) -> float:
    """The first time after `after` (both in seconds since 1970) that fits; raises `SystemctlError`.

    Only expressions that hold on each day are known here.
    """
    match = _TIMES.fullmatch(_SHORTHANDS.get(expression, expression))
    if match is None:
        raise SystemctlError(f"systemctl stand-in: OnCalendar={expression} is not supported")
    hours, minutes, seconds = (
        _numbers(part or "00", most) for part, most in zip(match.groups(), (24, 60, 60), strict=True)
    )
    moment = int(after) + 1
    for candidate in range(moment, moment + 2 * _DAY):
        local = time.localtime(candidate)
        if local.tm_sec in seconds and local.tm_min in minutes and local.tm_hour in hours:
            return float(candidate)
    raise SystemctlError(f"systemctl stand-in: OnCalendar={expression} never comes")


def _numbers(part: str, most: int) -> set[int]:
    found: set[int] = set()
    for item in part.split(","):
        start, slash, step = item.partition("/")
        if start == "*":
            found |= {*range(most)}
        else:
            found |= {*range(int(start), most, int(step))} if slash else {int(start)}
    return found
